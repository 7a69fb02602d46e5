"""How fast a lane goes, on a clock that the tests move."""

from __future__ import annotations

from math import inf

import pytest

from notifier.delivery.pace import COMPLAINTS, LEAST_RATE, TOGETHER, Pace


def complain(pace: Pace, now: float, times: int = COMPLAINTS) -> None:
    for _ in range(times):
        pace.complained(now)


def test_an_unlimited_lane_never_waits() -> None:
    pace = Pace()
    assert [pace.turn(0.0) for _ in range(100)] == [0.0] * 100
    assert not pace.is_cut


def test_turns_of_a_limited_lane_lie_evenly() -> None:
    pace = Pace(10)
    assert [round(pace.turn(5.0), 3) for _ in range(4)] == [0.0, 0.1, 0.2, 0.3]
    assert pace.wait(5.0) == pytest.approx(0.4)


def test_a_few_mailboxes_that_ask_for_patience_do_not_slow_the_others() -> None:
    pace = Pace()
    complain(pace, 1.0, COMPLAINTS - 1)
    assert pace.rate == inf
    for _ in range(500):
        pace.taken(9.0)
    complain(pace, 9.5, 20)
    assert pace.rate == inf


def test_many_complaints_halve_the_rate_once_at_a_time() -> None:
    pace = Pace(100)
    complain(pace, 1.0, 50)
    assert pace.rate == 50
    complain(pace, 1.1 + TOGETHER)
    assert pace.rate == 25


def test_an_unlimited_lane_is_cut_to_half_of_what_it_did() -> None:
    pace = Pace()
    for number in range(400):
        pace.taken(number / 100)
    complain(pace, 4.0, 60)
    assert pace.rate == pytest.approx(40, rel=0.05)


def test_a_rate_never_falls_to_nothing() -> None:
    pace = Pace(1)
    for number in range(40):
        complain(pace, number * (TOGETHER + 1))
    assert pace.rate == LEAST_RATE


def test_success_makes_it_faster_step_by_step_until_it_is_as_before() -> None:
    pace = Pace(100)
    complain(pace, 1.0)
    seen = []
    while pace.is_cut:
        pace.taken(10.0)
        seen.append(pace.rate)
    assert seen == sorted(seen)
    assert len(seen) > 100
    assert pace.rate == 100


def test_an_unlimited_lane_is_unlimited_again_in_the_end() -> None:
    pace = Pace()
    complain(pace, 1.0)
    for _ in range(2_000):
        pace.taken(10.0)
    assert pace.rate == inf
