"""What the commands find in a database: the vendor of tests/notifier, set up from a plain test."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from storage import Database, open_database
from tests.notifier.stage import ERASES_V2, Stage

T = TypeVar("T")


def on(url: str, work: Callable[[Database], Awaitable[T]]) -> T:
    """Return what `work` makes of the database at `url`, opened for it alone."""

    async def done() -> T:
        database = open_database(url)
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(done())


def a_vendor(url: str, act: Callable[[Stage], Awaitable[object]] | None = None) -> None:
    """Declare the product notes with three releases, and let `act` go on from there."""

    async def set_up(database: Database) -> None:
        stage = Stage(database, now=datetime.now(UTC))
        await stage.set_up()
        if act is not None:
            await act(stage)

    on(url, set_up)


def a_report(folder: Path, **changes: Any) -> str:
    """Return the name of a file with a defect's report."""
    path = folder / "report.json"
    path.write_text(json.dumps({**ERASES_V2, **changes}), encoding="utf-8")
    return str(path)
