"""What the rules are given: a product with its releases, and the defects filed against it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from .decisions import Severity
from .facts import Fact
from .ranges import Range, Span
from .versions import Scheme


@dataclass(frozen=True, slots=True)
class Remedy:
    """What the customer can do or is offered."""

    kind: str
    text: str | None = None
    version: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """One version of a product; whether `offered_at` has come is for the caller to say by `status`."""

    version: str
    status: Literal["offered", "held", "withdrawn"]
    offered_at: str | None = None


@dataclass(frozen=True, slots=True)
class Defect:
    """A published or resolved defect's live revision."""

    id: str
    revision: int
    title: str
    severity: Severity
    affected: tuple[Range, ...]
    #: empty: from every version
    upgrading_from: tuple[Range, ...] = ()
    #: a tree in JSON, None for every install
    condition: object | None = None
    remedies: tuple[Remedy, ...] = ()
    url: str | None = None
    resolved: bool = False


@dataclass(frozen=True, slots=True)
class Product:
    """What the rules need to know of a product."""

    id: str
    scheme: Scheme
    facts: Mapping[str, Fact]
    releases: tuple[Release, ...]


@dataclass(frozen=True, slots=True)
class Shelf:
    """The releases of a product by sort key, rising."""

    registered: tuple[str, ...]
    not_withdrawn: tuple[str, ...]
    #: those on offer, `versions` beside their sort keys
    offered: tuple[str, ...]
    versions: tuple[str, ...]

    @classmethod
    def of(cls, product: Product) -> Shelf:
        """Sort the releases; raises InvalidVersion."""
        placed = sorted((product.scheme.sort_key(each.version), each.version, each.status) for each in product.releases)
        return cls(
            registered=tuple(key for key, _, _ in placed),
            not_withdrawn=tuple(key for key, _, status in placed if status != "withdrawn"),
            offered=tuple(key for key, _, status in placed if status == "offered"),
            versions=tuple(version for _, version, status in placed if status == "offered"),
        )

    def reach(self, spans: Iterable[Span]) -> str:
        """Return where the last span begins that has a release not withdrawn, or none registered yet."""
        to_come = (span for span in spans if _any(self.not_withdrawn, span) or not _any(self.registered, span))
        return max(to_come, default=("", ""))[0]

    def above(self, start: str) -> int:
        """Return the index of the lowest release on offer above this sort key."""
        return bisect_right(self.offered, start)


def _any(keys: tuple[str, ...], span: Span) -> bool:
    """Tell whether one of the keys is within the span."""
    return bisect_left(keys, span[0]) < bisect_left(keys, span[1])
