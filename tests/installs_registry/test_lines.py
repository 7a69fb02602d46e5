"""Reading imports as they stream in."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from installs_registry.lines import MAX_LINE, Line, lines

NDJSON = "application/x-ndjson"
CSV = "text/csv"
CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), min_size=1, max_size=20)


async def read(content: bytes, content_type: str, *, chunk: int = 65_536) -> list[Line]:
    async def stream() -> AsyncIterator[bytes]:
        for start in range(0, len(content), chunk):
            yield content[start : start + chunk]

    return [line async for line in lines(stream(), content_type)]


async def errors(content: bytes, content_type: str) -> list[tuple[int, str | None]]:
    return [(line.number, line.error) for line in await read(content, content_type)]


@pytest.mark.parametrize("chunk", [1, 2, 7, 65_536])
async def test_json_lines_are_read_whatever_the_chunks(chunk: int) -> None:
    content = '\ufeff{"a": "ü\N{PILE OF POO}"}\r\n\n  \n{"b": [1]}'.encode()
    assert await read(content, NDJSON, chunk=chunk) == [Line(1, {"a": "ü\N{PILE OF POO}"}), Line(4, {"b": [1]})]


@pytest.mark.parametrize("chunk", [1, 2, 7, 65_536])
async def test_a_csv_file_is_read_whatever_the_chunks(chunk: int) -> None:
    content = (
        '\ufeffinstall,footprint.notebooks,platform.os, version \r\ni-1,12,"mac ""os""\nx,y",4.1\r\n\r\ni-2,,,4.2'
    ).encode()
    assert await read(content, CSV, chunk=chunk) == [
        Line(
            2,
            {
                "install": "i-1",
                "cells": {"notebooks": "12"},
                "platform": {"os": 'mac "os"\nx,y'},
                "version": "4.1",
            },
        ),
        Line(5, {"install": "i-2", "version": "4.2"}),
    ]


async def test_each_line_that_is_no_json_object_is_told() -> None:
    content = b"\n".join(
        [
            b'{"ok": 1}',
            b"[1]",
            b"{",
            b'{"a": NaN}',
            b'{"a": 1, "a": 2}',
            b'{"a": "\xff"}',
            b'{"a": "\\ud800"}',
            b"[" * 200_000,
            b'{"a": ' + b"9" * 5_000 + b"}",
            b'{"ok": "\\ud83d\\udca9"}',
        ]
    )
    told = await read(content, NDJSON)
    assert [line.number for line in told if line.error is None] == [1, 10]
    assert [line.number for line in told if line.error is not None] == [2, 3, 4, 5, 6, 7, 8, 9]
    assert all(line.value is None for line in told if line.error is not None)


async def test_each_csv_record_that_cannot_be_read_is_told() -> None:
    content = b'a,b\n1\n1,2,3\n"1"x,2\n\xff,2\n5" disk,2\n3,4\n"x,4\n'
    told = await read(content, CSV)
    assert [(line.number, line.value) for line in told if line.value is not None] == [
        (6, {"a": '5" disk', "b": "2"}),
        (7, {"a": "3", "b": "4"}),
    ]
    assert [line.number for line in told if line.error is not None] == [2, 3, 4, 5, 8]


@pytest.mark.parametrize(
    "header", [b"a,a", b"a,", b"\xff", b"platform,x", b"footprint", b"cells", b'"a', b"x" * (MAX_LINE + 1)]
)
async def test_a_csv_file_with_a_wrong_first_line_is_told_once(header: bytes) -> None:
    assert [number for number, _ in await errors(header + b"\n1,2\n3,4\n", CSV)] == [1]


@pytest.mark.parametrize("content_type", [NDJSON, CSV])
async def test_an_empty_file_has_no_lines(content_type: str) -> None:
    for content in (b"", b"\n", b"\xef\xbb\xbf", b"\r\n\r\n"):
        assert await read(content, content_type) == []


async def test_an_overlong_line_is_skipped_and_the_next_one_read() -> None:
    content = b'{"a": "' + b"x" * MAX_LINE + b'"}\n{"b": 1}\n' + b"y" * (MAX_LINE + 1)
    told = await read(content, NDJSON, chunk=1000)
    assert [(line.number, line.value) for line in told] == [(1, None), (2, {"b": 1}), (3, None)]


async def test_a_line_of_the_greatest_length_is_read() -> None:
    text = json.dumps({"a": ""})
    longest = text.replace('""', '"' + "x" * (MAX_LINE - len(text)) + '"').encode()
    assert len(longest) == MAX_LINE
    (line,) = await read(longest + b"\n", NDJSON)
    assert line.error is None


async def test_an_overlong_csv_record_of_many_lines_is_skipped_and_the_next_one_read() -> None:
    content = b'a,b\n"' + (b"x" * 1_023 + b"\n") * 1_025 + b'",2\n3,4\n'
    told = await read(content, CSV)
    assert [line.value for line in told] == [None, {"a": "3", "b": "4"}]


async def test_memory_does_not_grow_with_the_file() -> None:
    async def endless_line() -> AsyncIterator[bytes]:
        for _ in range(2_000):
            yield b"x" * 65_536

    tracemalloc.start()
    try:
        (line,) = [line async for line in lines(endless_line(), NDJSON)]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert line.error is not None
    assert peak < 8 * MAX_LINE


async def test_quotes_without_end_take_no_time_to_refuse() -> None:
    told = await read(b"a,b\n" + b'"","' * 200_000 + b"\n3,4\n", CSV)
    assert told[0].error is not None


async def test_another_type_is_refused() -> None:
    with pytest.raises(ValueError, match="text/csv"):
        await read(b"", "application/json")


@given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5))
async def test_whatever_a_spreadsheet_quotes_is_read_back(rows: list[tuple[str, str]]) -> None:
    quoted = ["a,b", *(",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)]
    told = await read("\n".join(quoted).encode(), CSV, chunk=3)
    assert [line.value for line in told] == [{"a": first, "b": second} for first, second in rows]


async def test_the_public_json_suite_is_read_but_for_keys_that_are_there_twice(data: Path) -> None:
    wrong, read_files = [], 0
    for file in sorted((data / "security/json/test_parsing").glob("[yn]_*.json")):
        content = file.read_bytes().strip().removeprefix(b"\xef\xbb\xbf")
        if b"\n" in content:
            continue
        told = await read(b'{"a": ' + content + b"}", NDJSON)
        read_files += 1
        if [line.error is None for line in told] != [file.name.startswith("y_")]:
            wrong.append(file.name)
    assert read_files > 250
    assert wrong == ["y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"]


@pytest.mark.parametrize("content_type", [NDJSON, CSV])
async def test_a_file_in_another_encoding_is_told_with_the_line_and_the_byte(content_type: str) -> None:
    latin = {NDJSON: '{"a": 1}\n{"a": "M\xfcller"}\n', CSV: "a,b\n1,M\xfcller\n"}[content_type]
    (told,) = [line for line in await read(latin.encode("latin-1"), content_type) if line.error is not None]
    assert told.number == 2
    assert told.error is not None
    assert f"byte {latin.splitlines()[1].index(chr(0xFC)) + 1} is 0xFC" in told.error


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("content_type", [NDJSON, CSV])
async def test_utf_16_is_told_by_its_name(encoding: str, content_type: str) -> None:
    told = await read('{"a": 1}\n'.encode(encoding), content_type)
    assert told
    assert told[0].error is not None
    assert "UTF-16" in told[0].error
    assert all(line.value is None for line in told)


@pytest.mark.parametrize("content_type", [NDJSON, CSV])
async def test_a_line_with_a_nul_is_told_and_the_next_one_read(content_type: str) -> None:
    content = {NDJSON: b'{"a": "x\0y"}\n{"a": "z"}\n', CSV: b"a\nx\0y\nz\n"}[content_type]
    told = await read(content, content_type)
    assert [line.value for line in told] == [None, {"a": "z"}]
    assert "U+0000" in str(told[0].error)


@pytest.mark.parametrize("content_type", [NDJSON, CSV])
async def test_a_line_of_100_mb_is_refused_in_constant_memory_and_the_next_one_read(content_type: str) -> None:
    async def stream() -> AsyncIterator[bytes]:
        yield {NDJSON: b"", CSV: b"a\n"}[content_type]
        for _ in range(1_600):
            yield b"x" * 65_536
        yield {NDJSON: b'\n{"a": "z"}\n', CSV: b"\nz\n"}[content_type]

    tracemalloc.start()
    try:
        told = [line async for line in lines(stream(), content_type)]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [line.value for line in told] == [None, {"a": "z"}]
    assert peak < 8 * MAX_LINE


@given(members=st.dictionaries(CELLS, st.one_of(st.integers(-5, 5), CELLS, st.dictionaries(CELLS, CELLS)), max_size=4))
async def test_the_quick_way_reads_what_the_strict_way_reads(members: dict[str, object]) -> None:
    for text in (json.dumps(members), json.dumps(members, separators=(",", ":"), ensure_ascii=False)):
        (line,) = await read(text.encode(), NDJSON)
        assert line.value == members


async def test_a_key_that_is_there_twice_is_told_however_it_is_written() -> None:
    for text in (
        '{"a":1,"a":2}',
        '{"a" : 1, "a": 2}',
        '{"b": {"a": 1, "a": 2}}',
        '{"b": {"c": {"a": 1, "a": 2}}}',
        '{"b": [{"a": 1, "a": 2}]}',
        r'{"a": 1, "\u0061": 2}',
    ):
        (line,) = await read(text.encode(), NDJSON)
        assert line.error is not None, text
