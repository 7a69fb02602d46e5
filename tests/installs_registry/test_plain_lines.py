"""Plain lines of installs: read the quick way, they stand for what they stand for read with care."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from installs_registry.columns import Columns
from installs_registry.lines import Line, NdjsonReader
from installs_registry.plain_lines import install_lines
from installs_registry.types import InstallLine

LINE = {"install": "i-1", "product": "notes", "version": "4.1.3"}
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.floats(allow_nan=False, allow_infinity=False), TEXTS
)
LINES = st.fixed_dictionaries(
    {"install": TEXTS, "product": st.sampled_from(["notes", ""]), "version": st.sampled_from(["4.1.3", "four"])},
    optional={
        "customer": st.none() | TEXTS,
        "claim": TEXTS,
        "platform": st.none() | st.fixed_dictionaries({}, optional={"os": st.none() | TEXTS, "arch": TEXTS}),
        "footprint": st.dictionaries(TEXTS, VALUES | st.lists(TEXTS, max_size=2) | st.dictionaries(TEXTS, TEXTS)),
        "cells": st.dictionaries(TEXTS, TEXTS, max_size=2),
        "acquired_through": st.none() | TEXTS,
        "colour": TEXTS,
    },
)


def read(text: bytes, columns: Columns | None) -> Line:
    (line,) = NdjsonReader(columns).feed(text + b"\n")
    return line


def meant(value: Any) -> InstallLine | str:
    """Return what a value stands for, or why it stands for nothing."""
    try:
        return value if isinstance(value, InstallLine) else msgspec.convert(value, InstallLine)
    except msgspec.ValidationError as error:
        return str(error)


@given(line=LINES)
def test_a_line_means_the_same_read_the_quick_way_and_with_care(line: dict[str, object]) -> None:
    for text in (json.dumps(line), json.dumps(line, separators=(",", ":"), ensure_ascii=False)):
        quick, careful = read(text.encode(), Columns.of("installs")), read(text.encode(), None)
        assert meant(quick.value) == meant(careful.value)


def test_a_usual_line_is_plain() -> None:
    line = {**LINE, "platform": {"os": "macos"}, "footprint": {"notebooks": 3, "format": "v2"}}
    assert read(msgspec.json.encode(line), Columns.of("installs")).value == msgspec.convert(line, InstallLine)
    assert install_lines()(msgspec.json.encode(line)) == msgspec.convert(line, InstallLine)


@pytest.mark.parametrize(
    "twice",
    [
        '"install":"i-2"',
        '"version":"4.1.3"',
        '"footprint":{"a":1,"a":2}',
        '"platform":{"os":"a","os":"b"}',
        '"cells":{"a":"1","a":"2"}',
        '"footprint":{"a":{"b":1,"b":2}}',
        r'"vers\u0069on":"4.2.0"',
        '"customer":"a:b" , "customer" :"c"',
        '"acquired_through":":","acquired_through":null',
    ],
)
def test_a_key_that_is_there_twice_is_told_in_a_line_that_would_be_plain(twice: str) -> None:
    text = f'{{"install":"i-1","product":"notes","version":"4.1.3",{twice}}}'
    assert read(text.encode(), Columns.of("installs")).error == "This line is not a JSON object: it has a key twice."


def test_a_file_with_names_of_its_own_has_no_plain_lines() -> None:
    columns = Columns.of("installs", {"acquired_through": "customer"})
    text = msgspec.json.encode({**LINE, "acquired_through": "ann"})
    assert read(text, columns).value == {**LINE, "customer": "ann"}
