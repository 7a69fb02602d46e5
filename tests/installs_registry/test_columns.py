"""A vendor's file has names of its own: columns that stand for others, are left out, or are the same in each line."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from installs_registry.columns import Columns
from installs_registry.lines import Line, lines


async def read(content: str, media_type: str, columns: Columns) -> list[Line]:
    async def stream() -> AsyncIterator[bytes]:
        yield content.encode()

    return [line async for line in lines(stream(), media_type, columns)]


CSV, NDJSON = "text/csv", "application/x-ndjson"
OURS = {"Serial No": "install", "Books": "footprint.notebooks", "System": "platform.os"}


async def test_columns_stand_for_others_and_constants_fill_in_what_is_not_said() -> None:
    columns = Columns.of("installs", OURS, {"product": "notes", "footprint.storage_format": "v2"})
    content = "Serial No,Books,System,version\ni-1,12,macos,4.1\ni-2,,,4.2\n"
    assert await read(content, CSV, columns) == [
        Line(
            2,
            {
                "install": "i-1",
                "cells": {"notebooks": "12", "storage_format": "v2"},
                "platform": {"os": "macos"},
                "version": "4.1",
                "product": "notes",
            },
        ),
        Line(3, {"install": "i-2", "version": "4.2", "product": "notes", "cells": {"storage_format": "v2"}}),
    ]


async def test_members_of_ndjson_stand_for_others_too() -> None:
    columns = Columns.of("installs", OURS, {"product": "notes", "platform.os": "linux"}, ignores_unknown=True)
    content = '{"Serial No": "i-1", "Books": 3, "version": "4.1", "Colour": "red", "footprint": {"plugins": ["a"]}}\n'
    assert await read(content, NDJSON, columns) == [
        Line(
            1,
            {
                "install": "i-1",
                "footprint": {"notebooks": 3, "plugins": ["a"]},
                "version": "4.1",
                "product": "notes",
                "platform": {"os": "linux"},
            },
        )
    ]


async def test_unknown_columns_are_named_with_what_may_be_meant_and_nothing_is_read() -> None:
    told = await read("instal,versoin,version\ni-1,4,4.1\n", CSV, Columns.of("installs"))
    (line,) = told
    assert line.number == 1
    assert line.error is not None
    assert "'instal'; did you mean install?" in line.error
    assert "'versoin'; did you mean version?" in line.error


async def test_unknown_columns_are_passed_over_where_told() -> None:
    columns = Columns.of("customers", ignores_unknown=True)
    assert await read("customer,name,shoe size\nc-1,Ada,38\n", CSV, columns) == [
        Line(2, {"customer": "c-1", "name": "Ada"})
    ]


@pytest.mark.parametrize(
    ("header", "renamed"),
    [
        ("install,version", {"Serial No": "install"}),
        ("Serial No,install", {"Serial No": "install"}),
    ],
)
async def test_a_heading_that_does_not_fit_the_names_given_is_refused(header: str, renamed: dict[str, str]) -> None:
    (line,) = await read(f"{header}\nx,4.1\n", CSV, Columns.of("installs", renamed))
    assert line.error is not None


@pytest.mark.parametrize(
    ("renamed", "constants", "sentence"),
    [
        ({"Serial No": "instal"}, {}, "did you mean install"),
        ({}, {"produkt": "notes"}, "did you mean product"),
        ({"a": "install", "b": "install"}, {}, "Two columns stand for install"),
    ],
)
def test_names_that_mean_nothing_are_refused_before_anything_is_read(
    renamed: dict[str, str], constants: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        Columns.of("installs", renamed, constants)


async def test_two_members_that_stand_for_one_are_refused_line_by_line() -> None:
    columns = Columns.of("customers", {"id": "customer"})
    told = await read('{"id": "c-1", "customer": "c-2", "name": "A"}\n{"id": "c-3", "name": "B"}\n', NDJSON, columns)
    assert [line.error is None for line in told] == [False, True]
