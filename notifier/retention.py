"""Throwing away by age, a page at a time: no page holds the writer for long, and the next may come after a kill."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from installs_registry import history
from notifier import forgetting
from storage import Database

#: Installs, checks or changes that one transaction looks at.
PAGE: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """For how long what is kept; nothing (a time of 0): for ever."""

    history: timedelta = timedelta()
    checks: timedelta = timedelta()
    installs: timedelta = timedelta()

    async def apply(self, database: Database, now: datetime, page: int = PAGE) -> dict[str, int]:
        """Throw away what is too old; return how many rows of each kind that were."""
        return {
            "installs": await _drop_installs(database, now - self.installs, page) if self.installs else 0,
            "versions": await _trim_versions(database, now - self.history, page) if self.history else 0,
            "footprint_changes": await _trim_changes(database, now - self.history, page) if self.history else 0,
            "checks": await _trim_checks(database, now - self.checks, page) if self.checks else 0,
        }


async def _drop_installs(database: Database, before: datetime, page: int) -> int:
    low, dropped = 0, 0
    while (high := await database.read(forgetting.end_of_installs, low, page)) is not None:
        if await database.read(forgetting.any_unseen, low, high, before):
            dropped += await database.call(forgetting.drop_unseen, low, high, before)
        low = high
    return dropped


async def _trim_versions(database: Database, before: datetime, page: int) -> int:
    low, trimmed = 0, 0
    while (high := await database.read(forgetting.end_of_installs, low, page)) is not None:
        if await database.read(history.any_old_versions, low, high, before):
            trimmed += await database.call(history.trim_versions, low, high, before)
        low = high
    return trimmed


async def _trim_changes(database: Database, before: datetime, page: int) -> int:
    trimmed = 0
    while found := await database.call(history.trim_footprint_changes, before, page):
        trimmed += found
    return trimmed


async def _trim_checks(database: Database, before: datetime, page: int) -> int:
    trimmed = 0
    while found := await database.call(forgetting.trim_checks, before, page):
        trimmed += found
    return trimmed
