"""A defect compiled for one product, and the exposure of an install to it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from .decisions import Decision, Exposure, Severity, decide
from .evaluate import Condition, Truth, build
from .facts import Fact, Facts, Vocabulary
from .ranges import Range, Span, VersionSet, compile_ranges
from .tree import tree_from_json
from .versions import Scheme, UnrankedVersion


class Standing(StrEnum):
    """How a version stands to a defect, whatever the facts."""

    #: not affected, in `upgrading_from` where given, and some affected version above it is not withdrawn
    EXPOSED = "exposed"
    AFFECTED = "affected"
    CLEAR = "clear"
    #: a version of a `list` product whose place is not declared
    UNRANKED = "unranked"


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
        placed = sorted((product.scheme.sort_key(release.version), release) for release in product.releases)
        offered = [(key, release.version) for key, release in placed if release.status == "offered"]
        return cls(
            registered=tuple(key for key, _ in placed),
            not_withdrawn=tuple(key for key, release in placed if release.status != "withdrawn"),
            offered=tuple(key for key, _ in offered),
            versions=tuple(version for _, version in offered),
        )

    def to_come(self, span: Span) -> bool:
        """Tell whether the span has a release that is not withdrawn, or none registered yet."""
        return not _any_within(self.registered, span) or _any_within(self.not_withdrawn, span)


def _any_within(keys: tuple[str, ...], span: Span) -> bool:
    return bisect_left(keys, span[0]) < bisect_left(keys, span[1])


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A defect compiled for its product; compared by identity."""

    defect: Defect
    scheme: Scheme
    affected: VersionSet
    upgrading_from: VersionSet | None
    condition: Condition
    #: a version below this sort key has an affected version above it that is not withdrawn
    reach: str
    #: the truths of the condition with which an upgrade that does the harm is a hold
    hold_on: tuple[Truth, ...]

    @classmethod
    def compile(cls, defect: Defect, product: Product, shelf: Shelf | None = None) -> Rule:
        """Compile; `shelf` spares a sort of the releases. Raises RangeError; ValueError for a broken tree."""
        shelf = shelf or Shelf.of(product)
        affected = compile_ranges(defect.affected, product.scheme)
        sources = compile_ranges(defect.upgrading_from, product.scheme) if defect.upgrading_from else None
        tree = None if defect.condition is None else tree_from_json(defect.condition)
        return cls(
            defect=defect,
            scheme=product.scheme,
            affected=affected,
            upgrading_from=sources,
            condition=build(tree, Vocabulary(product.facts, product.scheme)),
            reach=max((span[0] for span in affected.spans if shelf.to_come(span)), default=""),
            hold_on=tuple(truth for truth in (True, None) if _holds(defect.severity, truth)),
        )

    def enters_from(self, start: str) -> bool:
        """Tell whether this sort key is in `upgrading_from`, where given."""
        return self.upgrading_from is None or self.upgrading_from.holds(start)

    def harms(self, start: str) -> bool:
        """Tell whether an upgrade from this sort key into an affected version does the harm, if facts match."""
        return not self.affected.holds(start) and self.enters_from(start)

    def standing(self, version: str) -> Standing:
        """Return how a version stands to the defect; raises InvalidVersion."""
        try:
            place = self.scheme.sort_key(version)
        except UnrankedVersion:
            return Standing.UNRANKED
        if self.affected.holds(place):
            return Standing.AFFECTED
        return Standing.EXPOSED if place < self.reach and self.harms(place) else Standing.CLEAR

    def exposure(
        self, version: str, facts: Facts, history: Collection[str] = (), *, repaired: bool = False
    ) -> Exposure | None:
        """Return the exposure of an install at `version`, with no target asked; raises InvalidVersion.

        `history` holds the versions that the install ran **while its facts matched**; `repaired` is what the
        customer said. A repair owed goes before a new risk: its holder is warned, and a check still holds.
        """
        standing = self.standing(version)
        truth = self.condition.truth(facts)
        if standing is Standing.AFFECTED:
            return None if truth is False else Exposure.ALREADY_UPGRADED
        if not repaired and self.repairs and self._ran_affected(history):
            return Exposure.REPAIR_OWED
        if truth is False or self.defect.resolved or standing is Standing.CLEAR:
            return None
        return Exposure.AT_RISK if truth and standing is Standing.EXPOSED else Exposure.CANNOT_TELL

    @property
    def repairs(self) -> bool:
        """Whether the defect offers to repair what was damaged."""
        return any(remedy.kind == "repair" for remedy in self.defect.remedies)

    def _ran_affected(self, history: Iterable[str]) -> bool:
        return any(self.standing(version) is Standing.AFFECTED for version in history)


def _holds(severity: Severity, truth: Truth) -> bool:
    return decide(severity, Exposure.AT_RISK if truth else Exposure.CANNOT_TELL) is Decision.HOLD
