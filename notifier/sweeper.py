"""The background loop that re-assesses installs; any number of processes may run one each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import structlog

from notifier.publications import Rulebook
from notifier.releasing import publish_due_releases
from notifier.sweeping import sweep_page
from storage import Clock, Database, StorageError

#: Seconds after which the loop looks without having been woken: a release may have come due.
PATIENCE = 1.0


@dataclass(frozen=True, slots=True)
class Sweeper:
    """Does what is owed as soon as something commits."""

    database: Database
    clock: Clock
    rulebook: Rulebook

    async def run(self) -> None:
        """Sweep until cancelled or the database closes; a page under way is done or undone, never half done."""
        watcher = self.database.watch()
        while True:
            try:
                await self.catch_up()
            except StorageError:
                structlog.get_logger("forewarn.sweeper").exception("sweep_failed")
            if not await woken(watcher, PATIENCE):
                return

    async def catch_up(self) -> None:
        """Publish the releases that are due, then do all open pages."""
        while await self.database.call(publish_due_releases, self.clock.now()):
            pass
        while await self.database.call(sweep_page, self.rulebook, self.clock.now()):
            pass


async def woken(watcher: AsyncIterator[None], patience: float) -> bool:
    """Wait for a commit, for at most `patience` seconds; False once the database is closed."""
    try:
        async with asyncio.timeout(patience):
            await anext(watcher)
    except TimeoutError:
        return True
    except StopAsyncIteration:
        return False
    return True
