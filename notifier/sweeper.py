"""The background loop that re-assesses installs; any number of processes may run one each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from time import perf_counter

import structlog

from notifier.publications import Rulebook
from notifier.releasing import publish_due_releases
from notifier.sweeping import PAGE, sweep_page
from storage import Clock, Database, Statements, StorageError, instant

sql = Statements(__package__)

#: Seconds that one page should take, the waiting for other writers included: where many wait, pages become small.
PAGE_SECONDS = 0.08
#: Recipients in the largest page: what it touches stays in the database's cache.
LARGEST_PAGE = 8_000

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
        # Whatever commits wakes it, each mail that is marked too: mostly for nothing, which a writer need not say.
        if not await self.database.value(sql.is_anything_due, now=instant(self.clock.now())):
            return
        while await self.database.call(publish_due_releases, self.clock.now()):
            pass
        size = PAGE
        while True:
            started = perf_counter()
            if not await self.database.call(sweep_page, self.rulebook, self.clock.now(), size):
                return
            size = next_size(size, perf_counter() - started)


def next_size(size: int, seconds: float) -> int:
    """Return how many recipients the next page should hold, where one of `size` took so long; at most twice as many."""
    fitting = int(size * PAGE_SECONDS / max(seconds, 1e-6))
    return max(PAGE, min(fitting, 2 * size, LARGEST_PAGE))


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
