"""What became of deliveries, written down many to a transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from notifier.delivery.claims import Outcome
from storage import StorageError

#: Outcomes are written down when so many have gathered, or so many seconds after the first.
TOGETHER, LINGER = 128, 0.01


class Settlements:
    """Gathers outcomes for as long as others are under way that may share their transaction."""

    def __init__(
        self,
        write: Callable[[Sequence[Outcome]], Awaitable[object]],
        under_way: Callable[[], int],
        ended: Callable[[Sequence[Outcome]], None],
    ) -> None:
        self._write = write
        #: Returns of how many deliveries it is not written down yet what became of them.
        self._under_way = under_way
        #: Called with what is written down, or could not be: its lease then runs out.
        self._ended = ended
        self._waiting: list[Outcome] = []
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None
        #: How many are being written down.
        self._written = 0

    def put(self, outcome: Outcome) -> None:
        """Write this down soon."""
        self._waiting.append(outcome)
        self._look()

    def flush(self) -> None:
        """Write down at once what there is; what comes meanwhile is next."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting and self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._work())

    async def finish(self) -> None:
        """Return once all that was put is written down."""
        while self._waiting or self._writing is not None:
            self.flush()
            if self._writing is not None:
                await self._writing

    def _look(self) -> None:
        waiting = len(self._waiting)
        if waiting >= TOGETHER or waiting + self._written >= self._under_way():
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LINGER, self.flush)

    async def _work(self) -> None:
        batch, self._waiting = self._waiting, []
        self._written = len(batch)
        try:
            await self._write_down(batch)
        finally:
            self._writing, self._written = None, 0
            self._ended(batch)
        if self._waiting:
            self._look()

    async def _write_down(self, batch: Sequence[Outcome]) -> None:
        try:
            await self._write(batch)
        except StorageError:
            _log_loss(batch)
        except Exception:  # noqa: BLE001 - one that cannot be written must not keep the others from it
            if len(batch) == 1:
                _log_loss(batch)
                return
            for each in batch:
                await self._write_down([each])


def _log_loss(batch: Sequence[Outcome]) -> None:
    deliveries = [each.claimed.no for each in batch]
    structlog.get_logger("forewarn.postman").exception("delivery_not_recorded", deliveries=deliveries)
