"""How works are run, on both databases."""

from __future__ import annotations

import asyncio
from pathlib import Path
from threading import Event

import pytest

from storage import Database, DatabaseUnavailable, StorageError, Tx, open_database
from tests.storage.programs import add_note
from tests.storage.test_transaction import statement


def count(tx: Tx) -> int:
    return int(tx.built("SELECT COUNT(*) AS n FROM notes", {})[0]["n"])


async def test_a_work_gets_what_it_was_called_with(store: Database) -> None:
    def work(tx: Tx, a: int, *, b: int) -> tuple[str, int]:
        return tx.dialect, a + b

    assert await store.call(work, 1, b=2) == (store.dialect, 3)
    assert await store.read(work, 1, b=2) == (store.dialect, 3)


async def test_many_works_at_once_are_all_kept(store: Database) -> None:
    acknowledged = await asyncio.gather(*(store.call(add_note, str(number)) for number in range(500)))
    assert acknowledged == [str(number) for number in range(500)]
    assert await store.read(count) == 500


async def test_a_bad_work_among_many_takes_none_along(store: Database) -> None:
    results = await asyncio.gather(
        *(store.call(add_note, str(number % 90)) for number in range(100)), return_exceptions=True
    )
    assert sum(isinstance(result, StorageError) for result in results) == 10
    assert await store.read(count) == 90


async def test_a_read_cannot_write(store: Database) -> None:
    with pytest.raises(StorageError):
        await store.read(add_note, "a")
    assert await store.read(count) == 0


async def test_one_value_is_read_of_what_has_committed(store: Database) -> None:
    assert await store.value(statement("SELECT COUNT(*) FROM notes WHERE id <> :id"), id="b") == 0
    for name in ("a", "b"):
        await store.call(add_note, name)
    assert await store.value(statement("SELECT id FROM notes WHERE id <> :id"), id="b") == "a"
    assert await store.value(statement("SELECT id FROM notes WHERE id = :id"), id="c") is None


async def test_to_read_one_value_cannot_write_and_leaves_nothing_open(store: Database) -> None:
    with pytest.raises(StorageError):
        await store.value(statement("INSERT INTO notes (id) VALUES ('a') RETURNING id"))
    with pytest.raises(StorageError):
        await store.value(statement("SELECT id FROM nowhere"))
    await store.call(add_note, "a")
    assert await store.value(statement("SELECT COUNT(*) FROM notes")) == await store.read(count) == 1


async def test_a_read_sees_one_snapshot(store: Database) -> None:
    begun, written = Event(), Event()

    def twice(tx: Tx) -> tuple[int, int]:
        before = count(tx)
        begun.set()
        assert written.wait(60)
        return before, count(tx)

    reading = asyncio.create_task(store.read(twice))
    await asyncio.to_thread(begun.wait, 10)
    # Acknowledged while the read is under way: readers do not hold the writer up.
    await store.call(add_note, "a")
    written.set()
    assert await reading == (0, 0)
    assert await store.read(count) == 1


async def test_reads_run_beside_a_write(store: Database) -> None:
    begun, read = Event(), Event()

    def slow(tx: Tx) -> None:
        add_note(tx, "a")
        begun.set()
        assert read.wait(60)

    writing = asyncio.create_task(store.call(slow))
    await asyncio.to_thread(begun.wait, 10)
    assert await store.read(count) == 0
    read.set()
    await writing
    assert await store.read(count) == 1


async def test_a_work_may_raise_stop_iteration(store: Database) -> None:
    with pytest.raises(RuntimeError):
        await store.call(lambda _: next(iter([])))
    with pytest.raises(RuntimeError):
        await store.read(lambda _: next(iter([])))


async def test_a_caller_that_leaves_does_not_stop_the_work(store: Database) -> None:
    begun, left = Event(), Event()

    def slow(tx: Tx) -> None:
        begun.set()
        assert left.wait(60)
        add_note(tx, "a")

    caller = asyncio.create_task(store.call(slow))
    await asyncio.to_thread(begun.wait, 10)
    caller.cancel()
    left.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await store.close()
    again = open_database(store.url)
    assert await again.read(count) == 1
    await again.close()


async def test_closing_finishes_what_was_asked_for_and_refuses_the_rest(store: Database) -> None:
    works = [asyncio.create_task(store.call(add_note, str(number))) for number in range(50)]
    await asyncio.sleep(0)
    await store.close()
    assert len(await asyncio.gather(*works)) == 50
    for refused in (store.call(count), store.read(count), store.facts()):
        with pytest.raises(DatabaseUnavailable, match="closed"):
            await refused
    with pytest.raises(DatabaseUnavailable, match="closed"):
        store.watch()
    await store.close()


async def test_the_facts_name_library_schema_and_durability(store: Database) -> None:
    facts = await store.facts()
    assert facts["schema"] == 1
    assert facts["library"]
    assert {"sqlite": "synchronous", "postgresql": "synchronous_commit"}[store.dialect] in facts


async def test_the_facts_of_an_empty_database_have_no_schema(empty_database: Database) -> None:
    assert (await empty_database.facts())["schema"] == 0


@pytest.mark.parametrize("url", ["", "forewarn.db", "sqlite://", "sqlite:///", "mysql://root@localhost/x"])
def test_any_other_address_is_refused_with_those_that_are_meant(url: str) -> None:
    with pytest.raises(StorageError, match="sqlite:////absolute/path or postgresql://"):
        open_database(url)


def test_a_file_in_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match=r"nowhere/x\.db"):
        open_database(f"sqlite:///{tmp_path}/nowhere/x.db")


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_text("Dear diary, " * 1000)
    with pytest.raises(DatabaseUnavailable, match=r"x\.db"):
        open_database(f"sqlite:///{path}")
