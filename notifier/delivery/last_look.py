"""The last look before a message leaves, and the mark that goes before it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from notifier.channels.failures import HeldBack
from notifier.delivery.claims import Claimed
from notifier.delivery.desk import Desk
from notifier.delivery.store import Beginning, Permission

#: Seconds for which a mark that was made ahead spares the look at the exposures.
FRESH = 0.5


@dataclass(slots=True, eq=False)
class LastLook:
    """Of one message; awaited by its channel as a `LastMoment`."""

    _desk: Desk
    _beginning: Beginning
    #: Whether the process still lets anything leave; where not, it has put the delivery back.
    _may_go: Callable[[Claimed], Awaitable[bool]]
    #: The mark that was asked for ahead, and when, by the loop's clock.
    _mark: asyncio.Future[Permission] | None = field(default=None, init=False)
    _marked_at: float = field(default=0.0, init=False)

    def ahead(self) -> None:
        """Ask for the mark now, since the message's turn is near."""
        if self._mark is None:
            self._marked_at = asyncio.get_running_loop().time()
            self._mark = self._desk.begin_soon(self._beginning)

    async def __call__(self) -> None:
        """Return where the message may leave; raises HeldBack where it must not, which is recorded then."""
        if not await self._may_go(self._beginning.claimed):
            raise HeldBack
        if self._mark is not None and await self._still_stands(self._mark):
            return
        if await self._desk.begin(self._beginning) is not Permission.GO:
            raise HeldBack

    async def _still_stands(self, mark: asyncio.Future[Permission]) -> bool:
        """Return whether what was marked ahead may leave; where that has changed, all is looked at anew."""
        if await mark is not Permission.GO:
            raise HeldBack
        if asyncio.get_running_loop().time() - self._marked_at > FRESH:
            return False
        return await self._desk.still_stands(self._beginning.claimed)
