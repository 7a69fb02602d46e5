"""Outcomes gather for one transaction as long as there is something to gather, and none is kept in hand for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from notifier.delivery.claims import Outcome
from notifier.delivery.settling import TOGETHER, Settlements
from notifier.states import NoticeState
from storage import DatabaseUnavailable
from tests.notifier.delivery.builders import a_claim

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def an_outcome(no: int = 1) -> Outcome:
    return Outcome(a_claim(no), NoticeState.SENT, "250 taken", due_at=NOW, handed_over=True)


@dataclass
class Book:
    """Where outcomes are written down."""

    under_way: int = 1
    #: The numbers of each batch that was written down.
    batches: list[list[int]] = field(default_factory=list)
    #: What cannot be written down.
    refused: set[int] = field(default_factory=set)
    ended: list[int] = field(default_factory=list)
    error: Exception = field(default_factory=ZeroDivisionError)

    def __post_init__(self) -> None:
        self.settlements = Settlements(self.write, lambda: self.under_way, self.end)

    async def write(self, outcomes: Sequence[Outcome]) -> None:
        numbers = [each.claimed.no for each in outcomes]
        await asyncio.sleep(0)
        if self.refused & set(numbers):
            raise self.error
        self.batches.append(numbers)

    def end(self, outcomes: Sequence[Outcome]) -> None:
        self.ended += [each.claimed.no for each in outcomes]
        self.under_way -= len(outcomes)

    def put(self, *numbers: int) -> None:
        for no in numbers:
            self.settlements.put(an_outcome(no))


async def until_idle() -> None:
    """Let everything happen that waits for no time to pass."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_the_last_one_under_way_is_written_down_at_once() -> None:
    book = Book(under_way=1)
    book.put(1)
    await until_idle()
    assert book.batches == [[1]]


async def test_one_waits_for_others_that_are_under_way() -> None:
    book = Book(under_way=3)
    book.put(1, 2)
    await until_idle()
    assert book.batches == []
    book.put(3)
    await until_idle()
    assert book.batches == [[1, 2, 3]]


async def test_it_waits_for_no_more_than_may_share_a_transaction() -> None:
    book = Book(under_way=TOGETHER + 10)
    book.put(*range(TOGETHER))
    await until_idle()
    assert book.batches == [list(range(TOGETHER))]


async def test_it_waits_for_others_no_longer_than_a_moment() -> None:
    book = Book(under_way=2)
    ended = asyncio.Event()
    settlements = Settlements(book.write, lambda: 2, lambda _: ended.set())
    settlements.put(an_outcome())
    await ended.wait()
    assert book.batches == [[1]]


async def test_what_comes_while_one_batch_is_written_down_is_the_next() -> None:
    book = Book(under_way=3)
    book.put(1)
    book.settlements.flush()
    await asyncio.sleep(0)
    book.put(2, 3)
    await until_idle()
    assert book.batches == [[1], [2, 3]]


async def test_who_shares_a_commit_with_something_else_need_not_wait() -> None:
    book = Book(under_way=9)
    book.put(1, 2)
    book.settlements.flush()
    await until_idle()
    assert book.batches == [[1, 2]]


async def test_one_that_cannot_be_written_down_does_not_keep_the_others() -> None:
    book = Book(under_way=3, refused={2})
    book.put(1, 2, 3)
    await until_idle()
    assert book.batches == [[1], [3]]
    # Its lease is kept no longer, so that somebody takes it up.
    assert sorted(book.ended) == [1, 2, 3]


async def test_where_the_database_is_gone_all_leave_our_hands() -> None:
    book = Book(under_way=2, refused={1}, error=DatabaseUnavailable("it is gone"))
    book.put(1, 2)
    await until_idle()
    assert (book.batches, book.ended) == ([], [1, 2])


async def test_at_the_end_everything_is_written_down() -> None:
    book = Book(under_way=9)
    book.put(1, 2, 3)
    await book.settlements.finish()
    assert book.batches == [[1, 2, 3]]
