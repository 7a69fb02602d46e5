"""The last reading before messages leave: one for all that ask at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from notifier.delivery import last_look
from notifier.delivery.claims import Claimed
from storage import Database


async def still_stand(database: Database, marked: Sequence[Claimed], now: datetime) -> Sequence[bool]:
    """Return for each of these whether nothing has taken it back (`last_look.still_stand`); one answer serves all."""
    of_all = last_look.of_all(marked, now)
    if of_all is not None and await database.value(last_look.sql.do_all_stand, **of_all):
        return [True] * len(marked)
    return await database.read(last_look.still_stand, marked, now)


class Looks:
    """Lets one reading serve many deliveries: who asks while one is under way is served by the next."""

    def __init__(self, read: Callable[[Sequence[Claimed]], Awaitable[Sequence[bool]]]) -> None:
        self._read = read
        self._waiting: list[tuple[Claimed, Callable[[], None], Callable[[], None]]] = []
        self._working: asyncio.Task[None] | None = None

    def ask(self, claimed: Claimed, go: Callable[[], None], otherwise: Callable[[], None]) -> None:
        """Have `go` called where a delivery still stands, `otherwise` where it does not or that cannot be told."""
        self._waiting.append((claimed, go, otherwise))
        if self._working is None:
            self._working = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        try:
            while self._waiting:
                # Others whose server waits now too have their turn before it is read.
                await asyncio.sleep(0)
                batch, self._waiting = self._waiting, []
                standing = await self._looked_at([claimed for claimed, _, _ in batch])
                for (_, go, otherwise), stands in zip(batch, standing, strict=True):
                    (go if stands else otherwise)()
        finally:
            self._working = None

    async def _looked_at(self, asked: Sequence[Claimed]) -> Sequence[bool]:
        try:
            return await self._read(asked)
        except Exception:  # noqa: BLE001 - whoever asked looks at all of it anew then, and is told what is wrong
            return [False] * len(asked)
