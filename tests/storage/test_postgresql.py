from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from threading import Barrier, BrokenBarrierError

import psycopg
import pytest

from storage import DatabaseUnavailable, OutcomeUnknown, StorageError, TransactionConflict, Tx
from storage.errors import ConnectionLost
from storage.postgresql.database import ATTEMPTS, PostgresqlDatabase
from storage.postgresql.driver import translated
from tests.storage.conftest import SCHEMA
from tests.storage.programs import add_loud_note, add_note

BACKEND = "SELECT pg_backend_pid() AS pid"


@pytest.fixture
def pauses() -> list[float]:
    """The pauses that were asked for, in seconds; none is made."""
    return []


@pytest.fixture
async def store(postgresql_url: str, pauses: list[float]) -> AsyncIterator[PostgresqlDatabase]:
    opened = PostgresqlDatabase(postgresql_url, connections=8, sleep=pauses.append)
    await opened.migrate([SCHEMA])
    await opened.call(Tx.run_built, "INSERT INTO owners (id) VALUES ('a'), ('b')", {})
    yield opened
    await opened.close()


def lock(tx: Tx, owner: str) -> None:
    tx.built("SELECT id FROM owners WHERE id = :id FOR UPDATE", {"id": owner})


def cut(store: PostgresqlDatabase, pid: int) -> None:
    """End the server's side of a connection, as a restart does, and wait until it is gone."""
    with psycopg.connect(store.url, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,))


async def test_a_deadlock_is_tried_again(store: PostgresqlDatabase, pauses: list[float]) -> None:
    both_hold_one = Barrier(2)

    def work(tx: Tx, first: str, second: str) -> str:
        lock(tx, first)
        # The second attempt is alone.
        with suppress(BrokenBarrierError):
            both_hold_one.wait(60)
        both_hold_one.abort()
        lock(tx, second)
        return add_note(tx, first)

    done = await asyncio.gather(store.call(work, "a", "b"), store.call(work, "b", "a"))
    assert list(done) == ["a", "b"]
    assert pauses


async def test_a_conflict_without_end_is_given_up(store: PostgresqlDatabase, pauses: list[float]) -> None:
    def work(tx: Tx) -> None:
        tx.run_built("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$", {})

    with pytest.raises(TransactionConflict):
        await store.call(work)
    assert len(pauses) == ATTEMPTS - 1
    assert all(0 <= pause <= 0.02 * 2**turn for turn, pause in enumerate(pauses))


async def test_a_connection_that_breaks_before_the_commit_is_replaced(store: PostgresqlDatabase) -> None:
    seen: list[int] = []

    def work(tx: Tx) -> str:
        seen.append(tx.built(BACKEND, {})[0]["pid"])
        add_note(tx, "a")
        if len(seen) == 1:
            cut(store, seen[0])
        tx.built(BACKEND, {})
        return "done"

    assert await store.call(work) == "done"
    assert len(set(seen)) == 2


async def test_connections_that_broke_in_the_pool_are_replaced(store: PostgresqlDatabase) -> None:
    together = Barrier(8)

    def work(tx: Tx) -> int:
        together.wait(60)
        return int(tx.built(BACKEND, {})[0]["pid"])

    for pid in await asyncio.gather(*(store.call(work) for _ in range(8))):
        cut(store, pid)
    assert await store.call(add_note, "a") == "a"


async def test_a_connection_that_breaks_in_the_commit_leaves_the_outcome_unknown(store: PostgresqlDatabase) -> None:
    turns = []

    def work(tx: Tx) -> None:
        turns.append(1)
        pid = tx.built(BACKEND, {})[0]["pid"]
        add_note(tx, "a")
        cut(store, pid)

    with pytest.raises(OutcomeUnknown):
        await store.call(work)
    assert len(turns) == 1


async def test_a_lock_that_is_not_given_up_ends_the_wait(store: PostgresqlDatabase) -> None:
    def work(tx: Tx) -> None:
        tx.run_built("SET LOCAL lock_timeout = '10ms'", {})
        lock(tx, "a")

    with psycopg.connect(store.url) as other:
        other.execute("SELECT id FROM owners WHERE id = 'a' FOR UPDATE")
        with pytest.raises(DatabaseUnavailable):
            await store.call(work)


async def test_the_isolation_is_as_promised(store: PostgresqlDatabase) -> None:
    def work(tx: Tx) -> list[object]:
        names = ("transaction_isolation", "transaction_read_only", "synchronous_commit", "lock_timeout")
        return [tx.built("SELECT current_setting(:name) AS v", {"name": name})[0]["v"] for name in names]

    assert await store.call(work) == ["read committed", "off", "on", "20s"]
    assert await store.read(work) == ["repeatable read", "on", "on", "20s"]


async def test_a_notification_wakes_before_the_fallback_does(
    store: PostgresqlDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.postgresql.listener.FALLBACK", 3600.0)
    watcher = store.watch()
    async with asyncio.timeout(60):
        await anext(watcher)  # it listens
        await store.call(add_loud_note, "a")
        await anext(watcher)
        await store.close()


async def test_a_listener_that_was_cut_off_comes_back(
    store: PostgresqlDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.postgresql.listener.RECONNECT", 0.0)
    listeners = "SELECT pid FROM pg_stat_activity WHERE query = 'LISTEN forewarn_changes'"
    watcher = store.watch()
    async with asyncio.timeout(60):
        await anext(watcher)
        (before,) = await store.read(Tx.built, listeners, {})
        cut(store, before["pid"])
        while await store.read(Tx.built, listeners, {}) in ([], [before]):
            await anext(watcher)


async def test_a_server_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.postgresql.database.POOL_TIMEOUT", 0.1)
    opened = PostgresqlDatabase(f"postgresql://nobody@/nothing?host={tmp_path}", connections=1)
    with pytest.raises(DatabaseUnavailable, match="no connection"):
        await opened.call(add_note, "a")
    await opened.close()


async def test_a_backup_names_the_tool(store: PostgresqlDatabase, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="pg_dump"):
        await store.backup(tmp_path / "copy")


def test_a_closed_connection_is_a_lost_one() -> None:
    class Closed:
        closed = True

    assert type(translated("x", psycopg.OperationalError(), Closed())) is ConnectionLost  # type: ignore[arg-type]
