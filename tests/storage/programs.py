"""Processes that the tests start beside their own: `python programs.py NAME URL`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from storage import Database, Migration, SchemaTooNew, Tx, open_database

#: The last one takes its time, so that starters meet.
MIGRATIONS = (
    Migration(1, "notes", "CREATE TABLE notes (id TEXT PRIMARY KEY, body TEXT) STRICT;"),
    *(Migration(n, f"more_{n}", f"CREATE TABLE more_{n} (id TEXT PRIMARY KEY) STRICT;") for n in range(2, 40)),
)


def add_note(tx: Tx, note: str) -> str:
    tx.run_built("INSERT INTO notes (id, body) VALUES (:id, :id)", {"id": note})
    return note


def add_loud_note(tx: Tx, note: str) -> None:
    add_note(tx, note)
    tx.notify()


async def migrate(database: Database) -> None:
    """Migrate as soon as a line arrives; say so if the schema is from a newer program."""
    say("ready")
    await asyncio.to_thread(sys.stdin.readline)
    try:
        await database.migrate(MIGRATIONS)
        say("done")
    except SchemaTooNew as error:
        say(str(error))


async def write(database: Database) -> None:
    """Write for ever, from many tasks, and name each note once it is acknowledged."""

    async def task(number: int) -> None:
        for turn in range(1_000_000):
            say(await database.call(add_note, f"{number}-{turn}"))

    await asyncio.gather(*(task(number) for number in range(32)))


async def commit(database: Database) -> None:
    """Write one note and wake the watchers."""
    await database.call(add_loud_note, "from elsewhere")
    say("done")


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the test reads it


PROGRAMS: dict[str, Callable[[Database], Awaitable[None]]] = {"migrate": migrate, "write": write, "commit": commit}


async def main(name: str, url: str) -> None:
    database = open_database(url)
    try:
        await PROGRAMS[name](database)
    finally:
        await database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
