from __future__ import annotations

import asyncio
import gc

import pytest

from storage import Database, Row, Tx
from storage.changes import Changes
from tests.storage.conftest import Start
from tests.storage.programs import add_loud_note, add_note


async def test_a_commit_of_another_process_wakes_a_watcher(store: Database, start: Start) -> None:
    def notes(tx: Tx) -> list[Row]:
        return tx.built("SELECT id FROM notes", {})

    turns = store.watch()
    process = start("commit", store.url)
    async with asyncio.timeout(60):
        while await store.read(notes) != [{"id": "from elsewhere"}]:
            await anext(turns)
    assert await asyncio.to_thread(process.wait, 60) == 0


async def test_a_commit_of_this_process_wakes_every_watcher(store: Database) -> None:
    watchers = [store.watch(), store.watch()]
    await store.call(add_loud_note, "a")
    async with asyncio.timeout(60):
        for watcher in watchers:
            await anext(watcher)


async def test_closing_ends_the_watchers(store: Database) -> None:
    async def watch() -> int:
        return sum([1 async for _ in store.watch()])

    watching = asyncio.create_task(watch())
    await store.call(add_note, "a")
    await store.close()
    async with asyncio.timeout(60):
        await watching


async def test_an_announcement_wakes_once_however_often_it_is_made() -> None:
    changes = Changes()
    watcher = changes.watch()
    for _ in range(5):
        changes.announce()
    await anext(watcher)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await anext(watcher)


async def test_an_announcement_from_another_thread_wakes() -> None:
    changes = Changes()
    watcher = changes.watch()
    await asyncio.to_thread(changes.announce)
    async with asyncio.timeout(60):
        await anext(watcher)


async def test_an_announcement_during_a_turn_gives_another() -> None:
    changes = Changes()
    watcher = changes.watch()
    changes.announce()
    await anext(watcher)
    changes.announce()
    await anext(watcher)


async def test_an_ended_watcher_stays_ended() -> None:
    changes = Changes()
    watcher = changes.watch()
    changes.end()
    for _ in range(2):
        with pytest.raises(StopAsyncIteration):
            await anext(watcher)


async def test_a_watcher_that_nobody_holds_is_forgotten() -> None:
    changes = Changes()
    watcher = changes.watch()
    del watcher
    gc.collect()
    changes.announce()
    assert not changes._current()  # noqa: SLF001 - nobody else can see it


def test_a_watcher_of_a_loop_that_has_ended_is_passed_over() -> None:
    changes = Changes()

    async def watch() -> object:
        return changes.watch()

    watcher = asyncio.run(watch())
    changes.announce()
    assert watcher
