"""What is deleted for good is in no page of the file and not in its log, as soon as that is acknowledged."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from storage import Database, StorageError, Tx, open_database

SECRET = "Zebulon Quagmire"  # noqa: S105 - a name


@pytest.fixture
def file(sqlite_url: str) -> Path:
    return Path(sqlite_url.removeprefix("sqlite:///"))


def a_table(tx: Tx) -> None:
    tx.define(["CREATE TABLE people (no INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT"])
    tx.define(["CREATE INDEX people_by_name ON people (name)"])


def add(tx: Tx, name: str, count: int = 1) -> None:
    tx.bulk_insert("people", ("name",), ((f"{name} {number}",) for number in range(count)))


def delete(tx: Tx) -> None:
    tx.run_built("DELETE FROM people WHERE name LIKE :name", {"name": f"{SECRET}%"})
    tx.scrub()


def anything_in(tx: Tx) -> int:
    return int(tx.built("SELECT count(*) AS rows FROM people", {})[0]["rows"])


def found(file: Path) -> list[str]:
    """Return the files of the database that hold the secret."""
    parts = [file.with_name(file.name + suffix) for suffix in ("", "-wal", "-shm")]
    return [part.name for part in parts if part.exists() and SECRET.encode() in part.read_bytes()]


async def test_it_is_gone_from_the_file_and_its_log_once_it_is_acknowledged(sqlite_url: str, file: Path) -> None:
    database = open_database(sqlite_url)
    await database.call(a_table)
    await database.call(add, "Somebody", 500)
    await database.call(add, SECRET)
    assert found(file)
    await database.call(delete)
    assert found(file) == []
    await database.close()


async def test_a_reader_that_is_in_the_way_delays_it(sqlite_url: str, file: Path) -> None:
    database = open_database(sqlite_url, readers=2)
    await database.call(a_table)
    await database.call(add, SECRET)
    begun, done = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(tx: Tx) -> None:
        anything_in(tx)
        loop.call_soon_threadsafe(begun.set)
        asyncio.run_coroutine_threadsafe(done.wait(), loop).result()

    reading = asyncio.create_task(database.read(slow))
    await begun.wait()
    await database.call(delete)
    assert found(file)
    done.set()
    await reading
    await database.call(add, "Somebody")
    async with asyncio.timeout(60):
        while found(file):  # noqa: ASYNC110 - the log is cut by a thread that tells nobody
            await asyncio.sleep(0.01)
    await database.close()


async def test_compacting_leaves_no_copy_that_a_rebalanced_tree_had(sqlite_url: str, file: Path) -> None:
    database = open_database(sqlite_url)
    await database.call(a_table)
    for number in range(200):
        await database.call(add, f"{number % 7} Somebody", 20)
        await database.call(add, f"{SECRET} {number * 7919 % 200}", 20)
    before = await database.size()
    await database.call(delete)
    await database.compact()
    assert found(file) == []
    assert await database.read(anything_in) == 4_000
    assert await database.size() < before
    await database.close()


async def test_postgresql_is_left_to_its_own_tools(migrated_postgresql_url: str) -> None:
    database: Database = open_database(migrated_postgresql_url)
    assert await database.size() > 0
    with pytest.raises(StorageError, match="VACUUM FULL"):
        await database.compact()
    await database.close()
