"""Values that need nothing encoded are told from the others by one look, and come out the same."""

from __future__ import annotations

from html import escape

from hypothesis import given
from hypothesis import strategies as st

from notifier.mails.quoted import LINE, plain_values, quoted_value

texts = st.text("ab. =&<>'\"\n\x7fé", max_size=6) | st.text("ab.", min_size=LINE - 1, max_size=2 * LINE + 1)


@given(st.lists(texts, max_size=4))
def test_plain_values_are_as_each_is_by_itself(values: list[str]) -> None:
    plain = plain_values(values)
    if plain is not None:
        assert plain == [quoted_value(each) for each in values]
        assert [escape(each) for each in values] == values


@given(st.lists(st.text("ab.-:/", max_size=2 * LINE + 1), max_size=4))
def test_values_of_an_ordinary_mail_are_plain(values: list[str]) -> None:
    assert plain_values(values) is not None


def test_what_must_be_encoded_or_escaped_is_not_plain() -> None:
    for value in ("=", "é", "\n", "two  blanks", "<b>", "&amp;", "it's", '"', "\x00"):
        assert plain_values(["plain", value]) is None, value
