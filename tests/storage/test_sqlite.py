from __future__ import annotations

import asyncio
import sqlite3 as standard_sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from threading import Event
from typing import Self

import pytest

from storage import Database, DatabaseUnavailable, Migration, StorageError, Tx, open_database
from storage.sqlite import connections
from tests.storage.conftest import SCHEMA, Start
from tests.storage.programs import add_note


@pytest.fixture
async def store(sqlite_url: str) -> AsyncIterator[Database]:
    opened = open_database(sqlite_url)
    await opened.migrate([SCHEMA])
    yield opened
    await opened.close()


def notes(tx: Tx) -> set[str]:
    return {row["id"] for row in tx.built("SELECT id FROM notes", {})}


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class Batch:
    """Works that will share one commit: the writer is held until they are queued."""

    def __init__(self, store: Database) -> None:
        self.store = store
        self.tasks: list[asyncio.Task[object]] = []

    async def __aenter__(self) -> Self:
        self.begun, self.queued = Event(), Event()
        self.holding = asyncio.create_task(self.store.call(self._hold))
        await asyncio.to_thread(self.begun.wait, 60)
        return self

    def _hold(self, _: Tx) -> None:
        self.begun.set()
        assert self.queued.wait(60)

    def add(self, *works: Callable[[Tx], object]) -> None:
        for work in works:
            self.tasks.append(asyncio.create_task(self.store.call(work)))

    async def __aexit__(self, *_: object) -> None:
        await asyncio.sleep(0)
        self.queued.set()
        await self.holding
        self.results = await asyncio.gather(*self.tasks, return_exceptions=True)


async def test_the_connection_is_set_for_durability_and_integrity(store: Database) -> None:
    pragmas = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "mmap_size": 0, "recursive_triggers": 1}

    def work(tx: Tx) -> dict[str, object]:
        return {name: tx.built(f"PRAGMA {name}", {})[0][name] for name in pragmas}

    assert await store.call(work) == pragmas


async def test_works_share_a_commit(store: Database) -> None:
    def version(tx: Tx) -> int:
        return int(tx.built("PRAGMA data_version", {})[0]["data_version"])

    async with asyncio.TaskGroup() as group:
        watcher = open_database(store.url)
        before = await watcher.call(version)
        async with Batch(store) as batch:
            batch.add(*(lambda tx, n=n: add_note(tx, str(n)) for n in range(100)))
        after = await watcher.call(version)
        group.create_task(watcher.close())
    assert batch.results == [str(n) for n in range(100)]
    # One for the work that held the writer, which wrote nothing and so is not counted, one for the rest.
    assert after - before == 1


async def test_a_bad_work_is_undone_alone(store: Database) -> None:
    def bad(tx: Tx) -> None:
        add_note(tx, "bad")
        raise LookupError

    async with Batch(store) as batch:
        batch.add(lambda tx: add_note(tx, "a"), bad, lambda tx: add_note(tx, "b"))
    assert [type(result) for result in batch.results] == [str, LookupError, str]
    assert await store.read(notes) == {"a", "b"}


async def test_works_done_again_beside_a_bad_one_are_stored_and_call_back_once(store: Database) -> None:
    called: list[str] = []

    def good(tx: Tx, name: str) -> str:
        tx.after_commit(lambda: called.append(name))
        return add_note(tx, name)

    def bad(tx: Tx) -> None:
        tx.after_commit(lambda: called.append("bad"))
        raise LookupError

    async with Batch(store) as batch:
        batch.add(lambda tx: good(tx, "a"), lambda tx: good(tx, "b"), bad, lambda tx: good(tx, "c"))
    assert called == ["a", "b", "c"]
    assert await store.read(notes) == {"a", "b", "c"}


async def test_where_the_commit_fails_nobody_is_acknowledged(store: Database) -> None:
    await store.migrate(
        [
            SCHEMA,
            Migration(
                2, "late", "CREATE TABLE late (o TEXT REFERENCES owners (id) DEFERRABLE INITIALLY DEFERRED) STRICT;"
            ),
        ]
    )
    seen: list[str] = []

    def good(tx: Tx) -> None:
        tx.after_commit(lambda: seen.append("held"))
        add_note(tx, "a")

    async with Batch(store) as batch:
        batch.add(good, lambda tx: tx.run_built("INSERT INTO late (o) VALUES ('nobody')", {}))
    assert [type(result) for result in batch.results] == [DatabaseUnavailable] * 2
    assert await store.read(notes) == set()
    assert not seen
    await store.call(add_note, "b")


async def test_where_sqlite_gives_the_transaction_up_nobody_is_acknowledged(store: Database) -> None:
    gives_up = "CREATE TRIGGER full BEFORE INSERT ON owners BEGIN SELECT RAISE(ROLLBACK, 'as a full disk does'); END"
    await store.call(lambda tx: tx.define([gives_up]))
    async with Batch(store) as batch:
        batch.add(
            lambda tx: add_note(tx, "a"),
            lambda tx: tx.run_built("INSERT INTO owners (id) VALUES ('x')", {}),
            lambda tx: add_note(tx, "b"),
        )
    assert [type(result) for result in batch.results] == [DatabaseUnavailable] * 3
    assert await store.read(notes) == set()
    await store.call(add_note, "c")
    assert await store.read(notes) == {"c"}


async def test_a_full_disk_is_told_and_passes(store: Database) -> None:
    def limit(tx: Tx, pages: int) -> None:
        tx.built(f"PRAGMA max_page_count = {pages}", {})

    await store.call(limit, 1)
    with pytest.raises(DatabaseUnavailable):
        await store.call(add_note, "a" * 100_000)
    await store.call(limit, 2**31)
    await store.call(add_note, "b")
    assert await store.read(notes) == {"b"}


async def test_two_databases_on_one_file_take_turns(store: Database) -> None:
    other = open_database(store.url)
    for number in range(50):
        await asyncio.gather(store.call(add_note, f"a{number}"), other.call(add_note, f"b{number}"))
    assert len(await other.read(notes)) == 100
    await other.close()


async def test_a_writer_in_another_process_is_waited_for(store: Database, start: Start) -> None:
    process = start("write", store.url)
    assert process.stdout is not None
    for number in range(100):
        assert await asyncio.to_thread(process.stdout.readline)
        await store.call(add_note, f"mine-{number}")


async def test_a_backup_is_a_whole_database(store: Database, tmp_path: Path) -> None:
    await store.call(add_note, "a")
    await store.backup(tmp_path / "copy.db")
    await store.call(add_note, "b")
    copy = open_database(f"sqlite:///{tmp_path}/copy.db")
    assert await copy.read(notes) == {"a"}
    assert (await copy.facts())["integrity"] == "ok"
    await copy.close()
    assert "copy.db.partial" not in files(tmp_path)


async def test_a_backup_overwrites_nothing(store: Database, tmp_path: Path) -> None:
    path = tmp_path / "precious"
    path.write_text("mine")
    with pytest.raises(StorageError, match="exists already"):
        await store.backup(path)
    assert path.read_text() == "mine"


async def test_a_backup_into_nowhere_is_refused(store: Database, tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        await store.backup(tmp_path / "nowhere" / "copy.db")


async def test_the_facts_tell_of_a_row_that_misses_its_owner(store: Database) -> None:
    await store.close()
    path = store.url.removeprefix("sqlite:///")
    with standard_sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO things (name, owner) VALUES ('a', 'nobody')")
    connection.close()
    opened = open_database(store.url)
    assert (await opened.facts())["integrity"] == "a row of things misses owners"
    await opened.close()


async def test_the_log_is_gone_once_all_is_closed(store: Database, tmp_path: Path) -> None:
    await store.call(add_note, "a")
    await store.read(notes)
    assert len(files(tmp_path)) == 3
    await store.close()
    assert files(tmp_path) == ["empty.db"]


async def test_an_address_may_hold_any_character(tmp_path: Path) -> None:
    path = tmp_path / "a ?b#c%20d;é.db"
    opened = open_database(f"sqlite:///{path}")
    await opened.migrate([SCHEMA])
    await opened.close()
    assert path.exists()


def test_an_sqlite_that_can_corrupt_the_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "OLDEST", (99, 0, 0))
    with pytest.raises(StorageError, match=r"can corrupt the database; 99\.0\.0 is the oldest"):
        open_database(f"sqlite:///{tmp_path}/x.db")
