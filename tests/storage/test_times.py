from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import SystemClock, instant, parse_instant

moments = st.datetimes(timezones=st.just(UTC))


def test_an_instant_has_microseconds_and_says_that_it_is_utc() -> None:
    assert instant(datetime(2026, 11, 21, 23, 59, 59, 123456, UTC)) == "2026-11-21T23:59:59.123456Z"


def test_an_instant_of_another_zone_is_told_in_utc() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    assert instant(noon) == "2026-01-01T10:00:00.000000Z"


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        instant(datetime(2026, 1, 1))  # noqa: DTZ001 - the point of the test


@given(moments)
def test_an_instant_reads_back_as_the_moment(moment: datetime) -> None:
    assert parse_instant(instant(moment)) == moment


@given(moments, moments)
def test_instants_sort_as_their_moments_do(one: datetime, other: datetime) -> None:
    assert (instant(one) < instant(other)) == (one < other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-21T23:59:59Z",
        "2026-11-21 23:59:59.123456Z",
        "2026-11-21T23:59:59.123456+",
        "2026-11-21T23:59:59,123456Z",
        "2026-13-21T23:59:59.123456Z",
        "20261121T235959.123456+00Z",
    ],
)
def test_text_of_another_form_is_no_instant(text: str) -> None:
    with pytest.raises(ValueError, match=r"instant|month|isoformat"):
        parse_instant(text)


def test_the_system_clock_knows_its_zone() -> None:
    assert SystemClock().now().tzinfo is UTC
