from __future__ import annotations

from pathlib import Path

import pytest

from storage import Database, Migration, SchemaTooNew, StorageError, Tx, load_migrations, open_database
from tests.storage.conftest import Start

ONE = Migration(1, "one", "CREATE TABLE one (id TEXT PRIMARY KEY) STRICT;")
TWO = Migration(2, "two", "CREATE TABLE two (id TEXT PRIMARY KEY) STRICT; INSERT INTO one (id) VALUES ('a;b');")
BAD = Migration(3, "bad", "CREATE TABLE three (id TEXT PRIMARY KEY) STRICT; DROP TABLE nothing;")

ROWS = "SELECT number, name FROM schema_migrations ORDER BY number"


async def test_each_migration_is_applied_once(empty_database: Database) -> None:
    await empty_database.migrate([ONE])
    await empty_database.migrate([ONE, TWO])
    await empty_database.migrate([ONE, TWO])
    assert await empty_database.read(Tx.built, "SELECT id FROM one", {}) == [{"id": "a;b"}]
    rows = await empty_database.read(Tx.built, ROWS, {})
    assert rows == [{"number": 1, "name": "one"}, {"number": 2, "name": "two"}]


async def test_a_migration_may_be_a_function(empty_database: Database) -> None:
    fill = Migration(2, "fill", lambda tx: tx.run_built("INSERT INTO one (id) VALUES ('x')", {}))
    await empty_database.migrate([ONE, fill])
    assert await empty_database.read(Tx.built, "SELECT id FROM one", {}) == [{"id": "x"}]


async def test_nothing_is_kept_of_migrations_that_fail(empty_database: Database) -> None:
    with pytest.raises(StorageError):
        await empty_database.migrate([ONE, TWO, BAD])
    assert (await empty_database.facts())["schema"] == 0
    await empty_database.migrate([ONE, TWO])


async def test_an_older_program_is_refused_with_a_sentence(empty_database: Database) -> None:
    await empty_database.migrate([ONE, TWO])
    with pytest.raises(SchemaTooNew, match="has schema 2, this program knows 1 at most") as caught:
        await empty_database.migrate([ONE])
    assert (caught.value.found, caught.value.known) == (2, 1)


async def test_processes_that_start_at_once_migrate_once(empty_url: str, start: Start) -> None:
    starters = [start("migrate", empty_url) for _ in range(3)]
    for starter in starters:
        assert starter.stdout is not None
        assert starter.stdout.readline() == "ready\n"
    for starter in starters:
        assert starter.stdin is not None
        starter.stdin.write("go\n")
        starter.stdin.flush()
    assert [starter.communicate(timeout=60)[0] for starter in starters] == ["done\n"] * 3
    database = open_database(empty_url)
    assert (await database.facts())["schema"] == 39
    await database.close()


async def test_a_process_that_is_older_than_the_schema_says_so(empty_url: str, start: Start) -> None:
    database = open_database(empty_url)
    await database.migrate([Migration(40, "newer", "CREATE TABLE newer (id TEXT PRIMARY KEY) STRICT;")])
    output, _ = start("migrate", empty_url).communicate("go\n", timeout=60)
    assert "The database has schema 40, this program knows 39 at most." in output
    await database.close()


def package(folder: Path, name: str, *files: str) -> str:
    (folder / name / "migrations").mkdir(parents=True)
    (folder / name / "__init__.py").touch()
    for file in files:
        (folder / name / "migrations" / file).write_text(f"-- {file}")
    return name


def test_the_migrations_of_packages_are_one_series(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    first = package(tmp_path, "series_a", "0001_a.sql", "0003_c.sql", "notes.txt")
    second = package(tmp_path, "series_b", "0002_b.sql")
    loaded = load_migrations(first, second)
    assert [(m.number, m.name, m.script) for m in loaded] == [
        (1, "a", "-- 0001_a.sql"),
        (2, "b", "-- 0002_b.sql"),
        (3, "c", "-- 0003_c.sql"),
    ]


def test_two_migrations_of_one_number_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    names = package(tmp_path, "twice_a", "0001_a.sql"), package(tmp_path, "twice_b", "0001_b.sql")
    with pytest.raises(StorageError, match="a and b have the same number 1"):
        load_migrations(*names)


def test_a_package_without_migrations_has_none() -> None:
    assert load_migrations("storage") == ()
