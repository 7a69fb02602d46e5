"""One look at several texts finds what one look at each would."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from notifier.mails.words import VISIBLE, in_words, let_through

#: What may stand between words, and what may not.
texts = st.lists(st.text(st.sampled_from("aB7~! \n\r\t\x00\x7f\u00a0é"), max_size=6), max_size=4)
plain = st.lists(st.text(st.sampled_from("ab "), max_size=5), max_size=4)
_WORDS = re.compile(r"(?:[!-~]+(?: [!-~]+)*)?")


@given(texts | plain)
def test_texts_are_let_through_together_where_each_is_by_itself(values: list[str]) -> None:
    expected = [each.encode() for each in values] if all(map(_WORDS.fullmatch, values)) else None
    assert in_words(values, let_through(VISIBLE)) == expected


@given(texts | plain, st.sampled_from("aB7~!"))
def test_a_character_that_is_not_allowed_is_not_let_through(values: list[str], character: str) -> None:
    allowed = let_through(VISIBLE.translate(None, character.encode()))
    assert in_words([*values, f"a{character}"], allowed) is None
