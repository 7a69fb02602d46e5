"""Reads on threads of their own: so many at once, on the connection that is warm, whoever waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Event

import pytest

from storage import DatabaseUnavailable
from storage.sqlite.connections import open_reader, open_writer
from storage.sqlite.driver import Connection
from storage.sqlite.readers import Readers

MOST = 3
#: Seconds that a thread waits for another before it gives up: then the test fails.
LONG = 30


@pytest.fixture
def opened() -> list[Connection]:
    return []


@pytest.fixture
def readers(tmp_path: Path, opened: list[Connection]) -> Iterator[Readers]:
    path = tmp_path / "forewarn.db"
    writer = open_writer(path, 1)

    def another() -> Connection:
        opened.append(open_reader(path, 1))
        return opened[-1]

    found = Readers(another, MOST)
    yield found
    found.stop()
    found.finish()
    writer.close()


def answer(_: Connection) -> int:
    return 42


async def test_as_many_works_run_at_once_as_there_are_threads(readers: Readers, opened: list[Connection]) -> None:
    together = Barrier(MOST)
    assert sorted(await asyncio.gather(*(readers.run(lambda _: together.wait(LONG)) for _ in range(MOST)))) == [0, 1, 2]
    assert len(opened) == MOST


async def test_works_one_after_another_use_one_connection(readers: Readers, opened: list[Connection]) -> None:
    assert [await readers.run(answer) for _ in range(2 * MOST)] == [42] * 2 * MOST
    assert len(opened) == 1


async def test_what_a_work_raises_is_raised_and_its_thread_goes_on(readers: Readers) -> None:
    for _ in range(2 * MOST):
        with pytest.raises(ZeroDivisionError):
            await readers.run(lambda _: 1 // 0)
    assert await readers.run(answer) == 42


async def test_where_no_connection_can_be_opened_whoever_asked_is_told(tmp_path: Path) -> None:
    readers = Readers(lambda: open_reader(tmp_path / "gone" / "forewarn.db", 1), 1)
    for _ in range(2):
        with pytest.raises(DatabaseUnavailable):
            await readers.run(answer)
    readers.stop()
    readers.finish()


async def test_a_caller_that_leaves_keeps_nobody_else_waiting(readers: Readers) -> None:
    may_end = Event()
    left = readers.run(lambda _: may_end.wait(LONG))
    left.cancel()
    may_end.set()
    assert await readers.run(answer) == 42
    assert left.cancelled()


async def test_what_was_asked_before_it_stopped_is_answered_and_no_more(readers: Readers) -> None:
    asked = [readers.run(answer) for _ in range(4 * MOST)]
    readers.stop()
    with pytest.raises(DatabaseUnavailable):
        readers.run(answer)
    assert await asyncio.gather(*asked) == [42] * 4 * MOST


def test_a_loop_that_has_gone_keeps_no_thread_from_ending(readers: Readers) -> None:
    may_end = Event()

    async def ask() -> None:
        readers.run(lambda _: may_end.wait(LONG)).cancel()

    asyncio.run(ask())
    may_end.set()
    assert asyncio.run(_ask(readers)) == 42


async def _ask(readers: Readers) -> int:
    return await readers.run(answer)
