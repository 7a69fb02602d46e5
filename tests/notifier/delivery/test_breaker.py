"""When a lane is paused, and how it is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from notifier.channels.failures import Cause, DeliveryFailed
from notifier.delivery.breaker import FIRST_REST, LONGEST_REST, STRIKES, Breaker

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LISTED = DeliveryFailed(Cause.REPUTATION, "550 5.7.1 Client host [192.0.2.7] blocked using zen.spamhaus.org")
GREYLISTED = DeliveryFailed(Cause.REPUTATION, "450 4.2.0 Greylisted")
GONE = DeliveryFailed(Cause.RECIPIENT, "550 5.1.1 User unknown", permanent=True)
SHAPED = DeliveryFailed(Cause.REPUTATION, "421 4.7.0 [TSS04] Messages from 192.0.2.7 temporarily deferred")


def paused() -> Breaker:
    breaker = Breaker()
    for _ in range(STRIKES):
        breaker.failed(LISTED, NOW)
    return breaker


def test_refusals_of_ourselves_in_a_row_pause_the_lane() -> None:
    breaker = Breaker()
    assert [breaker.failed(LISTED, NOW) for _ in range(STRIKES)] == [False] * (STRIKES - 1) + [True]
    assert breaker.rest is not None
    assert breaker.rest.reason == LISTED.reply
    assert not breaker.admits(NOW + FIRST_REST - timedelta(seconds=1))


def test_a_mail_that_is_taken_between_them_starts_the_count_anew() -> None:
    breaker = Breaker()
    for _ in range(STRIKES * 3):
        breaker.failed(LISTED, NOW)
        assert breaker.admits(NOW)
        breaker.taken()
    assert breaker.rest is None


@pytest.mark.parametrize("failure", [GREYLISTED, GONE])
def test_what_says_nothing_of_ourselves_never_pauses(failure: DeliveryFailed) -> None:
    breaker = Breaker()
    assert not any(breaker.failed(failure, NOW) for _ in range(100))


def test_a_deferral_of_our_address_pauses_at_once() -> None:
    assert Breaker().failed(SHAPED, NOW)


def test_a_reply_that_is_known_to_ask_for_hours_gets_them() -> None:
    breaker = Breaker()
    assert breaker.failed(SHAPED, NOW, asked=timedelta(hours=2))
    assert breaker.left(NOW) == timedelta(hours=2)


def test_when_the_rest_is_over_one_mail_is_tried_at_a_time() -> None:
    breaker = paused()
    later = NOW + FIRST_REST
    assert [breaker.admits(later) for _ in range(3)] == [True, False, False]
    breaker.untried()
    assert breaker.admits(later)


def test_a_try_that_is_refused_doubles_the_rest_up_to_the_longest() -> None:
    breaker, now, rests = paused(), NOW, []
    for _ in range(8):
        now += breaker.left(now)
        assert breaker.admits(now)
        assert breaker.failed(LISTED, now)
        rests.append(breaker.left(now))
    assert rests[:2] == [FIRST_REST * 2, FIRST_REST * 4]
    assert rests[-1] == LONGEST_REST


def test_a_try_that_is_taken_opens_the_lane() -> None:
    breaker = paused()
    assert breaker.admits(NOW + FIRST_REST)
    assert breaker.taken()
    assert breaker.admits(NOW)


def test_what_was_under_way_when_the_lane_was_paused_makes_no_rest_longer() -> None:
    breaker = paused()
    assert not breaker.failed(LISTED, NOW + timedelta(seconds=1))
    assert breaker.left(NOW) == FIRST_REST


def test_a_clock_that_is_set_back_makes_no_rest_longer() -> None:
    assert paused().left(NOW - timedelta(days=400)) == FIRST_REST
