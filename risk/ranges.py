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

    def __init__(self, sentence: str, index: int, field: str) -> None:
        super().__init__(sentence)
        #: which entry, from 0
        self.index = index
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
    spans = [span for index, entry in enumerate(ranges) for span in _Entry(entry, index, scheme).spans()]
    return VersionSet(scheme.name, tuple(spans), union(spans))


def union(spans: Iterable[Span]) -> tuple[str, ...]:
    """Return the edges of the union: begin, end, begin, end… rising."""
    edges: list[str] = []
    for begin, end in sorted(spans):
        if edges and begin <= edges[-1]:
            edges[-1] = max(edges[-1], end)
        else:
            edges += (begin, end)
    return tuple(edges)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry being compiled."""

    entry: Range
    index: int
    scheme: Scheme

    def spans(self) -> list[Span]:
        if self.entry.introduced is not None:
            return [self._between(self.entry.introduced)]
        for field in ("fixed", "last_affected"):
            if getattr(self.entry, field) is not None:
                raise self._error(f"`{field}` needs `introduced` beside it.", field)
        if not self.entry.versions:
            raise self._error("An entry needs `introduced` or `versions`.", "introduced")
        keys = [self._sort_key(text, "versions") for text in self.entry.versions]
        return [(key, key + _NEXT) for key in keys]

    def _between(self, introduced: str) -> Span:
        if self.entry.versions:
            raise self._error("An entry has either `introduced` or `versions`, not both.", "versions")
        begin = BOTTOM if introduced == "0" else self._sort_key(introduced, "introduced")
        return begin, self._end(begin)

    def _end(self, begin: str) -> str:
        fixed, last = self.entry.fixed, self.entry.last_affected
        if fixed is not None and last is not None:
            raise self._error("An entry has either `fixed` or `last_affected`, not both.", "last_affected")
        if last is not None:
            end = self._sort_key(last, "last_affected")
            if end < begin:
                raise self._error(f"`last_affected` {last} is below `introduced`.", "last_affected")
            return end + _NEXT
        if fixed is None:
            return TOP
        end = self._sort_key(fixed, "fixed")
        if end <= begin:
            raise self._error(f"`fixed` {fixed} is not above `introduced`.", "fixed")
        return end

    def _sort_key(self, text: str, field: str) -> str:
        try:
            return self.scheme.sort_key(text)
        except InvalidVersion as error:
            raise self._error(str(error), field) from error

    def _error(self, sentence: str, field: str) -> RangeError:
        return RangeError(sentence, self.index, field)
