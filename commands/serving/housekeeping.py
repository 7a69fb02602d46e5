"""What is thrown away in the background because its time is over."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from api.answers import forget_answers
from storage import Clock, Database, StorageError

#: Seconds from one round to the next.
_EVERY = 3600.0


@dataclass(frozen=True, slots=True)
class Housekeeping:
    """Forgets the answers to repeated writes after their 24 hours."""

    database: Database
    clock: Clock

    async def run(self) -> None:
        """Tidy up at once and then every hour, until cancelled."""
        while True:
            try:
                await self.tidy()
            except StorageError:
                structlog.get_logger("forewarn.housekeeping").exception("tidy_failed")
            await asyncio.sleep(_EVERY)

    async def tidy(self) -> int:
        """Forget what is too old; return how many answers that were."""
        return await self.database.call(forget_answers, self.clock.now())
