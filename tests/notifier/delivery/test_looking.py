"""One reading before the dot serves all who ask at once, and where it fails nobody is let go by it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from notifier.delivery.claims import Claimed
from notifier.delivery.looking import Looks
from storage import DatabaseUnavailable
from tests.notifier.delivery.builders import a_claim


class Book:
    """What the readings say, and what was asked."""

    def __init__(self, *, fallen: frozenset[int] = frozenset(), error: Exception | None = None) -> None:
        self.asked: list[list[int]] = []
        self.answers: dict[int, bool] = {}
        self.reading = asyncio.Event()
        self.looks = Looks(self.read)
        self._fallen = fallen
        self._error = error

    async def read(self, asked: Sequence[Claimed]) -> list[bool]:
        self.asked.append([each.no for each in asked])
        self.reading.set()
        await asyncio.sleep(0)
        if self._error is not None:
            raise self._error
        return [each.no not in self._fallen for each in asked]

    async def told(self, *numbers: int) -> dict[int, bool]:
        """Ask for these at once; return what each was told."""
        all_told = asyncio.Event()

        def note(no: int, stands: int) -> None:
            self.answers[no] = bool(stands)
            if numbers[-1] in self.answers:
                all_told.set()

        for no in numbers:
            self.looks.ask(a_claim(no), lambda no=no: note(no, 1), lambda no=no: note(no, 0))  # type: ignore[misc]
        await all_told.wait()
        return self.answers


async def test_one_reading_serves_all_who_ask_at_once() -> None:
    book = Book(fallen=frozenset({2}))
    assert await book.told(1, 2, 3) == {1: True, 2: False, 3: True}
    assert book.asked == [[1, 2, 3]]


async def test_who_asks_during_a_reading_is_served_by_the_next() -> None:
    book = Book()
    first = asyncio.create_task(book.told(1))
    await book.reading.wait()
    await book.told(2, 3)
    await first
    assert book.asked == [[1], [2, 3]]


@pytest.mark.parametrize("error", [DatabaseUnavailable("it is gone"), ZeroDivisionError()])
async def test_a_reading_that_fails_lets_nobody_go(error: Exception) -> None:
    book = Book(error=error)
    assert await book.told(1, 2) == {1: False, 2: False}
