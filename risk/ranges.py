"""Affected ranges, compiled to spans of sort keys: introduced ≤ v < fixed, or ≤ last_affected, or a list."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
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
    spans = tuple(span for index, entry in enumerate(ranges) for span in _spans(entry, index, scheme))
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


def _spans(entry: Range, index: int, scheme: Scheme) -> list[Span]:
    """Return the spans of the entry at this index."""

    def wrong(sentence: str, field: str) -> RangeError:
        return RangeError(sentence, index, field)

    def sort_key(text: str, field: str) -> str:
        try:
            return scheme.sort_key(text)
        except InvalidVersion as error:
            raise wrong(str(error), field) from error

    _check_fields(entry, wrong)
    if entry.introduced is None:
        return [(key, key + _NEXT) for key in (sort_key(text, "versions") for text in entry.versions)]
    begin = BOTTOM if entry.introduced == "0" else sort_key(entry.introduced, "introduced")
    if entry.last_affected is not None:
        last = sort_key(entry.last_affected, "last_affected")
        if last < begin:
            raise wrong(f"`last_affected` {entry.last_affected} is below `introduced`.", "last_affected")
        return [(begin, last + _NEXT)]
    end = TOP if entry.fixed is None else sort_key(entry.fixed, "fixed")
    if end <= begin:
        raise wrong(f"`fixed` {entry.fixed} is not above `introduced`.", "fixed")
    return [(begin, end)]


def _check_fields(entry: Range, wrong: Callable[[str, str], RangeError]) -> None:
    """Raise RangeError unless the fields given belong together."""
    ends = [field for field in ("fixed", "last_affected") if getattr(entry, field) is not None]
    if entry.introduced is None and ends:
        raise wrong(f"`{ends[0]}` needs `introduced` beside it.", ends[0])
    if entry.introduced is None and not entry.versions:
        raise wrong("An entry needs `introduced` or `versions`.", "introduced")
    if entry.introduced is not None and entry.versions:
        raise wrong("An entry has either `introduced` or `versions`, not both.", "versions")
    if len(ends) == len(("fixed", "last_affected")):
        raise wrong("An entry has either `fixed` or `last_affected`, not both.", "last_affected")
