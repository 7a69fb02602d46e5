"""Reading an import as it streams in: one record at a time, in memory that does not grow with the file.

Newline-delimited JSON (application/x-ndjson) and CSV (RFC 4180, UTF-8) become the same objects. A line that
cannot be read is told and skipped.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, NoReturn

#: Longest line, or record of a CSV file, in bytes.
MAX_LINE: Final = 1_048_576

_BOM: Final = b"\xef\xbb\xbf"
_TOO_LONG: Final = f"This line is longer than {MAX_LINE} bytes."
_NOT_UTF_8: Final = "This line is not UTF-8."
#: The first line of a CSV record whose last cell is quoted and not closed: it goes on in the next line.
_OPEN_RECORD: Final = re.compile(rb'(?:(?:"(?:[^"]|"")*+"|[^",]*+),)*+"(?:[^"]|"")*+')
#: Columns of a CSV file whose name begins so are gathered in one member.
_GROUPS: Final[Mapping[str, str]] = MappingProxyType({"platform": "platform", "footprint": "cells"})


@dataclass(frozen=True, slots=True)
class Line:
    """One record of an import: either `value` or `error` is there."""

    #: Of the record's first line in the file, from 1.
    number: int
    value: dict[str, Any] | None
    #: A sentence for people.
    error: str | None = None


async def lines(stream: AsyncIterator[bytes], content_type: str) -> AsyncIterator[Line]:
    """Read the records of `stream`, which is of one of MEDIA_TYPES; raises ValueError for another."""
    reader = MEDIA_TYPES.get(content_type)
    if reader is None:
        raise ValueError(f"An import is one of {', '.join(MEDIA_TYPES)}.")
    async for line in reader(_numbered(stream)):
        yield line


class _Unreadable(ValueError):
    """A record that cannot be read, with a sentence that says why."""


@dataclass(frozen=True, slots=True)
class _Raw:
    """A line of the file without its end."""

    number: int
    #: None: it was longer than MAX_LINE.
    text: bytes | None


async def _numbered(stream: AsyncIterator[bytes]) -> AsyncIterator[_Raw]:
    """Cut a stream of any chunks into lines, with a byte order mark and line ends taken off."""
    number, rest = 1, bytearray()
    async for chunk in stream:
        first, *others = chunk.split(b"\n")
        rest += first
        for start in others:
            yield _raw(number, rest)
            number, rest = number + 1, bytearray(start)
        # One byte too many says that the line is too long; what follows of it is not kept.
        del rest[MAX_LINE + 1 :]
    if rest:
        yield _raw(number, rest)


def _raw(number: int, line: bytearray) -> _Raw:
    if len(line) > MAX_LINE:
        return _Raw(number, None)
    text = bytes(line).removesuffix(b"\r")
    return _Raw(number, text.removeprefix(_BOM) if number == 1 else text)


async def _ndjson(raws: AsyncIterator[_Raw]) -> AsyncIterator[Line]:
    async for raw in raws:
        if raw.text is None:
            yield Line(raw.number, None, _TOO_LONG)
        elif raw.text.strip():
            yield _object(raw.number, raw.text)


def _object(number: int, text: bytes) -> Line:
    try:
        value = json.loads(text.decode(), object_pairs_hook=_members, parse_constant=_refuse_constant)
        _encodable(text, value)
    except UnicodeDecodeError:
        return Line(number, None, _NOT_UTF_8)
    except UnicodeEncodeError:
        return Line(number, None, "Half of a surrogate pair is not a character.")
    except RecursionError:
        return Line(number, None, "This line is nested too deeply.")
    except ValueError as error:
        return Line(number, None, f"This line is not a JSON object: {error}.")
    if not isinstance(value, dict):
        return Line(number, None, "This line is not a JSON object.")
    return Line(number, value)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("it has a key twice")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _encodable(text: bytes, value: object) -> None:
    """Raise UnicodeEncodeError for a lone surrogate, which only an escape can bring in."""
    if b"\\u" in text:
        json.dumps(value, ensure_ascii=False).encode()


async def _csv(raws: AsyncIterator[_Raw]) -> AsyncIterator[Line]:
    header: list[str] | None = None
    async for raw in _records(raws):
        try:
            cells = _cells(raw)
            if header is not None:
                yield Line(raw.number, _record(header, cells))
            else:
                header = _checked_header(cells)
        except _Unreadable as error:
            yield Line(raw.number, None, str(error))
            if header is None:
                return


async def _records(raws: AsyncIterator[_Raw]) -> AsyncIterator[_Raw]:
    """Join the lines of each record, leaving out empty ones."""
    async for raw in raws:
        if raw.text is not None and raw.text.count(b'"') % 2 and _OPEN_RECORD.fullmatch(raw.text):
            yield await _closed(raw.number, bytearray(raw.text), raws)
        elif raw.text is None or raw.text.strip():
            yield raw


async def _closed(number: int, text: bytearray, raws: AsyncIterator[_Raw]) -> _Raw:
    """Return a record whose last cell is open so far, with the lines up to the one that closes it."""
    overlong = False
    async for raw in raws:
        overlong = overlong or raw.text is None or len(text) + len(raw.text) >= MAX_LINE
        if raw.text is not None and not overlong:
            text += b"\n" + raw.text
        # Quotes inside a cell are doubled, so an odd number of them closes it and opens no other.
        if raw.text is not None and raw.text.count(b'"') % 2:
            break
    return _Raw(number, None if overlong else bytes(text))


def _cells(raw: _Raw) -> list[str]:
    if raw.text is None:
        raise _Unreadable(_TOO_LONG)
    try:
        return next(csv.reader([raw.text.decode()], strict=True))
    except UnicodeDecodeError:
        raise _Unreadable(_NOT_UTF_8) from None
    except csv.Error:
        raise _Unreadable("This line is not CSV: its quotes are not in pairs, or a cell is too long.") from None


def _checked_header(cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    if "" in names or len(set(names)) < len(names):
        raise _Unreadable("The first line names the columns, each once.")
    if {*_GROUPS.keys(), *_GROUPS.values()} & set(names):
        raise _Unreadable("A column is one value: write platform.os, footprint.notebooks and the like.")
    return names


def _record(header: list[str], cells: list[str]) -> dict[str, Any]:
    """Return the object that a record stands for; an empty cell says nothing."""
    if len(cells) != len(header):
        raise _Unreadable(f"This line has {len(cells)} cells, the first line names {len(header)} columns.")
    value: dict[str, Any] = {}
    for name, cell in zip(header, cells, strict=True):
        group, dot, member = name.partition(".")
        if cell and dot and group in _GROUPS:
            value.setdefault(_GROUPS[group], {})[member] = cell
        elif cell:
            value[name] = cell
    return value


#: How to read each type of import.
MEDIA_TYPES: Final[Mapping[str, Callable[[AsyncIterator[_Raw]], AsyncIterator[Line]]]] = MappingProxyType(
    {"application/x-ndjson": _ndjson, "text/csv": _csv}
)
