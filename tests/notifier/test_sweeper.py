"""How large the pages of a sweep are."""

from __future__ import annotations

import pytest

from notifier.sweeper import LARGEST_PAGE, PAGE_SECONDS, next_size
from notifier.sweeping import PAGE


@pytest.mark.parametrize(
    ("size", "seconds", "expected"),
    [
        (1_000, PAGE_SECONDS, 1_000),
        (1_000, 2 * PAGE_SECONDS, 500),
        (1_000, PAGE_SECONDS / 100, 2_000),
        (1_000, 0.0, 2_000),
        (1_000, 60.0, PAGE),
        (LARGEST_PAGE, PAGE_SECONDS / 2, LARGEST_PAGE),
    ],
)
def test_a_page_is_fitted_to_the_time_that_the_last_one_took(size: int, seconds: float, expected: int) -> None:
    assert next_size(size, seconds) == expected
