from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.json_text import decode, strict
from api.problems import Problem
from storage.outcomes import Invalid

#: Texts that the suite wants accepted and that we refuse on purpose, with the reason.
REFUSED = {
    "y_object_duplicated_key.json": "a key twice",
    "y_object_duplicated_key_and_value.json": "a key twice",
    "y_object_escaped_null_in_key.json": "U+0000",
    "y_string_null_escape.json": "U+0000",
}


def accepts(text: bytes) -> bool:
    try:
        decode(text, Any)
    except (Problem, Invalid):
        return False
    return True


def test_the_parsing_suite_is_judged_as_it_wants_but_for_the_named_exceptions(data: Path) -> None:
    files = sorted((data / "security" / "json" / "test_parsing").glob("[yn]_*.json"))
    wrong = [file.name for file in files if accepts(file.read_bytes()) is not file.name.startswith("y_")]
    assert len(files) > 250
    assert sorted(wrong) == sorted(REFUSED)


def test_no_text_of_the_parsing_suite_ends_in_anything_but_a_value_or_a_refusal(data: Path) -> None:
    for file in (data / "security" / "json" / "test_parsing").iterdir():
        accepts(file.read_bytes())


@pytest.mark.parametrize(
    ("text", "at"),
    [
        (b'{"a": 1, "a": 1}', "/a"),
        (b'{"a" : 1, "a": 1}', "/a"),
        (b'{"a": 1, "\\u0061": 2}', "/a"),
        (b'{"x": [{"a/b": 1, "a/b": 2}]}', "/x/0/a~1b"),
        (b'{"x": {"y": "\\u0000"}}', "/x/y"),
        (b'{"\\u0000": 1}', ""),
    ],
)
def test_what_decoders_let_by_is_refused_at_its_place(text: bytes, at: str) -> None:
    with pytest.raises(Invalid) as refused:
        decode(text, Any)
    assert [fault.at for fault in refused.value.faults] == [at]


def test_a_key_may_be_in_two_objects() -> None:
    assert decode(b'{"a": {"b": 1}, "c": {"b": 1}}', dict[str, Any])["c"] == {"b": 1}


@pytest.mark.parametrize("text", [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 80 + b'"\\n"' + b"]" * 80])
def test_depth_is_limited(text: bytes) -> None:
    with pytest.raises(Problem, match=r"nested|JSON text"):
        decode(text, Any)


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=20,
)


@given(JSON_VALUES)
def test_what_is_written_is_read_again(value: object) -> None:
    text = msgspec.json.encode(value)
    assert decode(text, Any) == value
    assert strict(text) == value
