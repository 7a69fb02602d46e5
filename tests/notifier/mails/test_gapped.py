"""Bytes with gaps are what stands in them with the values put in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from notifier.mails.gapped import Gapped

VALUES = (b"one", b"", b"three")


@given(st.lists(st.binary(max_size=3) | st.integers(0, 2), max_size=9))
def test_each_value_stands_in_its_gaps_and_nothing_else_changes(pieces: list[bytes | int]) -> None:
    whole = b"".join(VALUES[each] if isinstance(each, int) else each for each in pieces)
    gapped = Gapped.of(pieces)
    assert gapped.filled(VALUES) == whole
    assert gapped.filled(VALUES) == whole
