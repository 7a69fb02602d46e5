"""What is thrown away in the background because its time is over."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import structlog

from api.answers import forget_answers
from commands import epoch
from commands.compacting import rewrite
from commands.serving.held_mail import tell_put_back
from installs_registry import erasures
from notifier.retention import Retention
from storage import Clock, Database, StorageError

#: Seconds from one round to the next.
_EVERY = 3600.0
#: Bytes up to which a database file is written anew by itself; a larger one holds writers up for seconds, so an
#: operator does it at a quiet hour (`forewarn compact`).
_SMALL = 256 * 2**20


@dataclass(frozen=True, slots=True)
class Housekeeping:
    """Forgets what is kept for a time only, and clears away what is left of those who were erased."""

    database: Database
    clock: Clock
    retention: Retention = field(default_factory=Retention)

    async def run(self) -> None:
        """Tidy up at once and then every hour, until cancelled."""
        while True:
            try:
                await self.tidy()
                if await epoch.move(self.database.url, self.database, self.clock):
                    tell_put_back()
                await self.clear_away()
            except (StorageError, OSError):
                structlog.get_logger("forewarn.housekeeping").exception("tidy_failed")
            await asyncio.sleep(_EVERY)

    async def tidy(self) -> dict[str, int]:
        """Forget what is too old; return how many rows of each kind that were."""
        answers = await self.database.call(forget_answers, self.clock.now())
        dropped = await self.retention.apply(self.database, self.clock.now())
        if any(dropped.values()):
            structlog.get_logger("forewarn.housekeeping").info("thrown_away", **dropped)
        return {"answers": answers, **dropped}

    async def clear_away(self) -> bool:
        """Write a small database file anew where somebody was erased since the last time; say whether it was."""
        if self.database.dialect != "sqlite" or not await self.database.read(erasures.rewrite_owed):
            return False
        if await self.database.size() > _SMALL:
            structlog.get_logger("forewarn.housekeeping").warning("compacting_is_left_to_you")
            return False
        await rewrite(self.database, self.clock)
        return True
