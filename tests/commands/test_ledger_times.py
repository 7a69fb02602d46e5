"""Times in the ledger, as a person reads them."""

from __future__ import annotations

import pytest

from commands.ledgers import in_words


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(None, ""), (0.24, "0.2 s"), (59.0, "59.0 s"), (90.0, "1.5 min"), (5_400.0, "1.5 h"), (793_800.0, "9.2 days")],
)
def test_a_long_time_is_told_in_its_unit(seconds: float | None, told: str) -> None:
    assert in_words(seconds) == told
