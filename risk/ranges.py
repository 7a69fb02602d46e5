"""Affected ranges, compiled to spans of sort keys: introduced ≤ v < fixed, or ≤ last_affected, or a list."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from .versions import InvalidVersion, Key, Scheme

#: Below every sort key: where `introduced: "0"` begins.
BOTTOM: Final = ""
#: Above every sort key: where a range ends that nothing has fixed.
TOP: Final = "\x7f"
#: A sort key and this character: above that key and below every other one, as keys hold no space.
_NEXT: Final = " "

#: Sort keys from the first (included) to the second (excluded).
Span = tuple[str, str]


class RangeError(ValueError):
    """An entry of the ranges is wrong; the first argument is a sentence for people."""

    def __init__(self, sentence: str, field: str) -> None:
        super().__init__(sentence)
        #: introduced, fixed, last_affected or versions
        self.field = field


@dataclass(frozen=True, slots=True)
class Range:
    """One entry: events, or enumerated versions; `introduced: "0"` is before everything."""

    introduced: str | None = None
    fixed: str | None = None
    last_affected: str | None = None
    versions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VersionSet:
    """The versions that some ranges hold."""

    scheme: str
    #: one per entry, or per enumerated version, as given: unsorted, perhaps overlapping
    spans: tuple[Span, ...]
    #: the union of the spans: begin, end, begin, end… rising
    edges: tuple[str, ...]

    def __contains__(self, key: Key) -> bool:
        if key.scheme != self.scheme:
            raise TypeError(f"a {key.scheme} version cannot be in ranges of {self.scheme} versions")
        return self.holds(key.text)

    def holds(self, sort_key: str) -> bool:
        """Tell whether the version of that sort key is in the ranges."""
        return bisect_right(self.edges, sort_key) & 1 == 1

    def begin(self, sort_key: str) -> str:
        """Return where the unbroken stretch begins that holds this sort key."""
        return self.edges[bisect_right(self.edges, sort_key) - 1]


def compile_ranges(ranges: Sequence[Range], scheme: Scheme) -> VersionSet:
    """Compile entries, unsorted and overlapping ones included; raises RangeError."""
    spans = tuple(span for entry in ranges for span in _spans(entry, scheme))
    return VersionSet(scheme.name, spans, spans[0] if len(spans) == 1 else union(spans))


def union(spans: Iterable[Span]) -> tuple[str, ...]:
    """Return the edges of the union: begin, end, begin, end… rising."""
    edges: list[str] = []
    for begin, end in sorted(spans):
        if edges and begin <= edges[-1]:
            edges[-1] = max(edges[-1], end)
        else:
            edges += (begin, end)
    return tuple(edges)


def _spans(entry: Range, scheme: Scheme) -> list[Span]:
    """Return the spans of one entry; raises RangeError."""
    bounds = (entry.introduced, entry.fixed, entry.last_affected)
    if entry.versions and bounds == (None, None, None):
        return [(key, key + _NEXT) for key in (_sort_key(text, "versions", scheme) for text in entry.versions)]
    if entry.versions or entry.introduced is None or None not in bounds[1:]:
        sentence = "An entry is `introduced`, perhaps with one of `fixed` and `last_affected`, or `versions` alone."
        raise RangeError(sentence, "introduced")
    begin = BOTTOM if entry.introduced == "0" else _sort_key(entry.introduced, "introduced", scheme)
    if entry.last_affected is not None:
        last = _sort_key(entry.last_affected, "last_affected", scheme)
        if last < begin:
            raise RangeError(f"`last_affected` {entry.last_affected} is below `introduced`.", "last_affected")
        return [(begin, last + _NEXT)]
    end = TOP if entry.fixed is None else _sort_key(entry.fixed, "fixed", scheme)
    if end <= begin:
        raise RangeError(f"`fixed` {entry.fixed} is not above `introduced`.", "fixed")
    return [(begin, end)]


def _sort_key(text: str, field: str, scheme: Scheme) -> str:
    try:
        return scheme.sort_key(text)
    except InvalidVersion as error:
        raise RangeError(str(error), field) from error
