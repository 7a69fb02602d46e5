"""Reading an import as it streams in: one record at a time, in memory that does not grow with the file.

Newline-delimited JSON (application/x-ndjson) and CSV (RFC 4180, UTF-8) become the same objects. A line that
cannot be read is told and skipped. A reader is fed with pieces and waits for nothing.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, NoReturn, Protocol

import msgspec

from installs_registry.columns import GROUPS, Columns
from installs_registry.plain_lines import Read, install_lines, is_unsure

#: Longest line, or record of a CSV file, in bytes.
MAX_LINE: Final = 1_048_576

_BOM: Final = b"\xef\xbb\xbf"
#: How a file begins that is in another Unicode encoding.
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_TOO_LONG: Final = f"This line is longer than {MAX_LINE} bytes."
_NUL: Final = "This line holds U+0000: the file may be in UTF-16, save it as UTF-8."
#: The first line of a CSV record whose last cell is quoted and not closed: it goes on in the next line.
_OPEN_RECORD: Final = re.compile(rb'(?:(?:"(?:[^"]|"")*+"|[^",]*+),)*+"(?:[^"]|"")*+')


class Line(msgspec.Struct, frozen=True):
    """One record of an import: either `value` or `error` is there."""

    #: Of the record's first line in the file, from 1.
    number: int
    #: An object, or what a plain line stands for (`plain_lines`).
    value: Any
    #: A sentence for people.
    error: str | None = None


class LineReader(Protocol):
    """Makes lines of the pieces of a file."""

    def feed(self, piece: bytes) -> list[Line]:
        """Return the lines that this piece completes."""
        ...

    def end(self) -> list[Line]:
        """Return what is left when the file has ended."""
        ...


def line_reader(media_type: str, columns: Columns | None = None) -> LineReader:
    """Return a reader of one of MEDIA_TYPES; raises ValueError for another.

    Without `columns` every name is taken as it stands.
    """
    reader = MEDIA_TYPES.get(media_type)
    if reader is None:
        raise ValueError(f"An import is one of {', '.join(MEDIA_TYPES)}.")
    return reader(columns)


async def lines(stream: AsyncIterator[bytes], media_type: str, columns: Columns | None = None) -> AsyncIterator[Line]:
    """Read the records of `stream`, which is of one of MEDIA_TYPES; raises ValueError for another."""
    reader = line_reader(media_type, columns)
    async for piece in stream:
        for line in reader.feed(piece):
            yield line
    for line in reader.end():
        yield line


class _Unreadable(ValueError):
    """A record that cannot be read, with a sentence that says why."""


#: The number of a line and its bytes without its end; None: it was longer than MAX_LINE.
_Raw = tuple[int, bytes | None]


class _Splitter:
    """Cuts pieces of any size into lines, with a byte order mark and line ends taken off."""

    def __init__(self) -> None:
        self._number = 1
        self._rest = bytearray()

    def feed(self, piece: bytes) -> Iterator[_Raw]:
        first, *others = piece.split(b"\n")
        self._rest += first
        if others:
            yield self._next(bytes(self._rest))
            for text in others[:-1]:
                yield self._next(text)
            self._rest = bytearray(others[-1])
        # One byte too many says that the line is too long; what follows of it is not kept.
        del self._rest[MAX_LINE + 1 :]

    def end(self) -> Iterator[_Raw]:
        if self._rest:
            yield self._next(bytes(self._rest))

    def _next(self, line: bytes) -> _Raw:
        number, self._number = self._number, self._number + 1
        if len(line) > MAX_LINE:
            return number, None
        text = line.removesuffix(b"\r")
        return number, text.removeprefix(_BOM) if number == 1 else text


class NdjsonReader:
    """Reads an object from each line."""

    def __init__(self, columns: Columns | None = None) -> None:
        self._splitter = _Splitter()
        self._decode = msgspec.json.Decoder().decode
        self._columns = columns
        plain = columns is not None and columns.facts and not columns.differ
        self._read: Read | None = install_lines() if plain else None

    def feed(self, piece: bytes) -> list[Line]:
        """Return the lines that this piece completes."""
        return [line for number, text in self._splitter.feed(piece) if (line := self._line(number, text)) is not None]

    def end(self) -> list[Line]:
        """Return the last line, where nothing ends it."""
        return [line for number, text in self._splitter.end() if (line := self._line(number, text)) is not None]

    def _line(self, number: int, text: bytes | None) -> Line | None:
        """Return the line, None for an empty one."""
        if self._read is not None and text and (value := self._read(text)) is not None:
            return Line(number, value)
        if text is not None and not text.strip():
            return None
        try:
            value = self._object(_checked(number, text))
            return Line(number, value if self._columns is None else self._columns.of_object(value))
        except ValueError as error:
            return Line(number, None, str(error))

    def _object(self, text: bytes) -> dict[str, Any]:
        """Return the object of a line; raises ValueError with a sentence."""
        try:
            value = self._decode(text)
        except (msgspec.DecodeError, ValueError, RecursionError):
            value = None
        # Where no quote is escaped or has a blank behind it, every `":` ends a key and each key ends so: with as many
        # of them as keys, no key is there twice.
        if type(value) is dict and text.count(b'":') == _keys(value) and not is_unsure(text):
            return value
        return _strict_object(text)


def _keys(value: dict[str, Any]) -> int:
    keys = len(value)
    for member in value.values():
        if type(member) is dict:
            keys += len(member)
    return keys


def _checked(number: int, text: bytes | None) -> bytes:
    """Return the text of a line that can be read; raises _Unreadable."""
    if text is None:
        raise _Unreadable(_TOO_LONG)
    if number == 1 and text.startswith(_UTF_16):
        raise _Unreadable("This file is in UTF-16: save it as UTF-8.")
    if b"\0" in text:
        raise _Unreadable(_NUL)
    return text


def _decoded(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        where = f"its byte {error.start + 1} is 0x{text[error.start]:02X}"
        raise _Unreadable(f"This line is not UTF-8: {where}. Save the file as UTF-8.") from None


def _strict_object(text: bytes) -> dict[str, Any]:
    """Return the object of a line as slow and as strict as can be; raises _Unreadable."""
    try:
        value = json.loads(_decoded(text), object_pairs_hook=_members, parse_constant=_refuse_constant)
        _encodable(text, value)
    except _Unreadable:
        raise
    except UnicodeEncodeError:
        raise _Unreadable("Half of a surrogate pair is not a character.") from None
    except RecursionError:
        raise _Unreadable("This line is nested too deeply.") from None
    except ValueError as error:
        raise _Unreadable(f"This line is not a JSON object: {error}.") from None
    if not isinstance(value, dict):
        raise _Unreadable("This line is not a JSON object.")
    return value


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


class CsvReader:
    """Reads an object from each record, by the names in the first one."""

    def __init__(self, columns: Columns | None = None) -> None:
        self._splitter = _Splitter()
        self._columns = columns
        #: What each column stands for: a member, and the one inside it; None: it is passed over.
        self._places: list[tuple[str, str] | None] | None = None
        #: Whether the first line was wrong, so that no other can be read.
        self._given_up = False
        #: A record whose last cell goes on in the next line.
        self._open: _OpenRecord | None = None

    def feed(self, piece: bytes) -> list[Line]:
        """Return the records that this piece completes."""
        return [line for raw in self._splitter.feed(piece) for line in self._lines(raw)]

    def end(self) -> list[Line]:
        """Return the last record, where nothing ends it."""
        found = [line for raw in self._splitter.end() for line in self._lines(raw)]
        rest, self._open = self._open, None
        return [*found, *self._record(*rest.whole)] if rest is not None else found

    def _lines(self, raw: _Raw) -> Iterator[Line]:
        """Join the lines of each record, leaving out empty ones."""
        number, text = raw
        if self._open is not None:
            if self._open.closed_by(text):
                rest, self._open = self._open, None
                yield from self._record(*rest.whole)
        elif text is not None and text.count(b'"') % 2 and _OPEN_RECORD.fullmatch(text):
            self._open = _OpenRecord(number, text)
        elif text is None or text.strip():
            yield from self._record(number, text)

    def _record(self, number: int, text: bytes | None) -> Iterator[Line]:
        if self._given_up:
            return
        try:
            cells = _cells(number, text)
            if self._places is not None:
                value = _value(self._places, cells)
                yield Line(number, value if self._columns is None else self._columns.filled(value))
            else:
                self._places = _places(cells, self._columns)
        except ValueError as error:
            self._given_up = self._places is None
            yield Line(number, None, str(error))


class _OpenRecord:
    """A record of several lines while its last cell is open."""

    def __init__(self, number: int, text: bytes) -> None:
        self._number = number
        self._text = bytearray(text)
        self._overlong = False

    @property
    def whole(self) -> _Raw:
        """The record as far as it goes."""
        return self._number, None if self._overlong else bytes(self._text)

    def closed_by(self, text: bytes | None) -> bool:
        """Add a line; say whether it closes the record."""
        self._overlong = self._overlong or text is None or len(self._text) + len(text) >= MAX_LINE
        if text is not None and not self._overlong:
            self._text += b"\n" + text
        # Quotes inside a cell are doubled, so an odd number of them closes it and opens no other.
        return text is not None and text.count(b'"') % 2 == 1


def _cells(number: int, text: bytes | None) -> list[str]:
    decoded = _decoded(_checked(number, text))
    try:
        return next(csv.reader([decoded], strict=True))
    except csv.Error:
        raise _Unreadable("This line is not CSV: its quotes are not in pairs, or a cell is too long.") from None


def _places(cells: list[str], columns: Columns | None) -> list[tuple[str, str] | None]:
    """Return what the columns stand for; raises ValueError."""
    names = [cell.strip() for cell in cells]
    if "" in names or len(set(names)) < len(names):
        raise _Unreadable("The first line names the columns, each once.")
    targets: list[str | None] = [*names] if columns is None else columns.placed(names)
    if {*GROUPS.keys(), *GROUPS.values()} & set(targets):
        raise _Unreadable("A column is one value: write platform.os, footprint.notebooks and the like.")
    return [None if target is None else _place(target) for target in targets]


def _place(target: str) -> tuple[str, str]:
    group, dot, member = target.partition(".")
    return (GROUPS[group], member) if dot and group in GROUPS else (target, "")


def _value(places: list[tuple[str, str] | None], cells: list[str]) -> dict[str, Any]:
    """Return the object that a record stands for; an empty cell says nothing."""
    if len(cells) != len(places):
        raise _Unreadable(f"This line has {len(cells)} cells, the first line names {len(places)} columns.")
    value: dict[str, Any] = {}
    for place, cell in zip(places, cells, strict=True):
        if cell and place is not None:
            name, member = place
            if member:
                value.setdefault(name, {})[member] = cell
            else:
                value[name] = cell
    return value


#: How to read each type of import.
MEDIA_TYPES: Final[Mapping[str, Callable[[Columns | None], LineReader]]] = MappingProxyType(
    {"application/x-ndjson": NdjsonReader, "text/csv": CsvReader}
)
