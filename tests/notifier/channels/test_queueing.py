"""The mails that wait for a connection, and which of them are told that their turn is near."""

from __future__ import annotations

import pytest

from notifier.channels.errands import Straight
from notifier.channels.failures import HeldBack
from notifier.channels.queueing import AHEAD, MOST_AHEAD, NEAR, Queue
from tests.notifier.channels.errands import Noted, noted


class Watch:
    """A clock that stands still until it is put forward."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch() -> Watch:
    return Watch()


def a_queue(watch: Watch, connections: int = 1) -> Queue:
    return Queue(connections, Straight(), watch)


def told(errands: list[Noted]) -> int:
    """Return how many have been told, which are the first."""
    count = sum(each.is_near for each in errands)
    assert all(each.is_near for each in errands[:count])
    return count


def test_who_came_first_is_first(watch: Watch) -> None:
    queue, errands = a_queue(watch), noted("abcdefghij")
    queue.put(errands[:6])
    queue.look_ahead()
    queue.put(errands[6:])
    assert [queue.take() for _ in errands] == errands
    assert queue.take() is None


def test_those_whose_turn_is_near_are_told_so_and_no_others(watch: Watch) -> None:
    queue, errands = a_queue(watch), noted("abcdefghij")
    queue.put(errands)
    queue.look_ahead()
    assert told(errands) == NEAR
    queue.take()
    assert told(errands) == NEAR


def test_more_are_told_when_half_of_them_have_gone(watch: Watch) -> None:
    queue, errands = a_queue(watch), noted("abcdefghij")
    queue.put(errands)
    queue.look_ahead()
    queue.take()
    queue.take()
    assert told(errands) == 2 + NEAR


def test_who_leaves_at_once_need_not_be_told(watch: Watch) -> None:
    queue, errands = a_queue(watch), noted("abc")
    queue.put(errands)
    assert queue.pop() is errands[0]
    queue.look_ahead()
    assert [each.is_near for each in errands] == [False, True, True]


@pytest.mark.parametrize(("a_second", "expected"), [(1, 2), (600, 60), (1_000_000, MOST_AHEAD)])
def test_as_many_are_told_as_leave_in_a_moment_and_one_for_each_connection_at_least(
    watch: Watch, a_second: int, expected: int
) -> None:
    queue, errands = a_queue(watch, connections=2), noted("x" * 1_000)
    queue.put(errands)
    queue.look_ahead()
    for taken in range(1, 800):
        watch.now += 1 / a_second
        queue.take()
        assert told(errands) - taken <= max(expected, 2 * NEAR)
    # It is measured whenever half of them have gone.
    assert expected // 2 <= told(errands) - 799 <= expected


def test_nobody_is_told_of_a_turn_that_is_further_off_than_a_moment(watch: Watch) -> None:
    queue, errands = a_queue(watch, connections=1), noted("x" * 100)
    queue.put(errands)
    queue.look_ahead()
    for _ in range(20):
        watch.now += 10 * AHEAD
        queue.take()
    assert told(errands) <= 21


def test_what_must_not_leave_is_passed_by_and_hears_of_it(watch: Watch) -> None:
    queue, errands = a_queue(watch), noted("abcd")
    queue.put(errands)
    queue.look_ahead()
    for each in errands[:3]:
        each.is_over = True
    assert queue.take() is errands[3]
    assert [isinstance(each.error, HeldBack) for each in errands] == [True, True, True, False]


def test_what_is_drained_waits_no_more(watch: Watch) -> None:
    queue, errands = a_queue(watch), noted("abcdefghij")
    queue.put(errands)
    queue.look_ahead()
    assert queue.drain() == errands
    assert len(queue) == 0
    assert queue.take() is None
