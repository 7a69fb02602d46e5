from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from storage import new_id

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
moments = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


@given(moments)
def test_an_id_is_26_characters_without_those_that_are_misread(moment: datetime) -> None:
    assert re.fullmatch(r"[0-7][0-9abcdefghjkmnpqrstvwxyz]{25}", new_id(moment))


@given(moments)
@example(datetime(8000, 1, 6, 23, 47, 17, 420975, tzinfo=UTC))
def test_a_later_id_sorts_behind(moment: datetime) -> None:
    assert new_id(moment) < new_id(moment + timedelta(milliseconds=1))


def test_the_first_ten_characters_are_the_milliseconds() -> None:
    # The example of https://github.com/ulid/spec, in lower case.
    assert new_id(EPOCH + timedelta(milliseconds=1469918176385)).startswith("01aryz6s41")


def test_two_ids_of_one_moment_differ() -> None:
    assert len({new_id(EPOCH) for _ in range(1000)}) == 1000


def test_a_moment_before_1970_is_refused() -> None:
    with pytest.raises(OverflowError):
        new_id(EPOCH - timedelta(seconds=1))
