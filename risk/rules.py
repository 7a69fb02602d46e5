"""A defect compiled for one product, and the exposure of an install to it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from .decisions import Decision, Exposure, Severity, decide
from .defects import Defect, Product, Shelf
from .evaluate import Condition, Shared, build
from .facts import Facts, Vocabulary
from .operators import Truth
from .ranges import BOTTOM, TOP, VersionSet, compile_ranges
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


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What an exposure to a defect of one severity makes of a verdict."""

    #: rank of the decision, then of the severity: the gravest sorts first
    gravity: int
    exposure: Exposure
    decision: Decision
    #: whether the decision is to hold
    holds: bool


def _outcome(severity: Severity, exposure: Exposure) -> Outcome:
    decision = decide(severity, exposure)
    gravity = tuple(Decision).index(decision) * len(Severity) + tuple(Severity).index(severity)
    return Outcome(gravity, exposure, decision, decision is Decision.HOLD)


#: Of an upgrade that does the harm, by severity and by the truth of the condition.
_HARM: Final = {
    each: MappingProxyType({True: _outcome(each, Exposure.AT_RISK), None: _outcome(each, Exposure.CANNOT_TELL)})
    for each in Severity
}
#: Where it has been done already.
_HAPPENED: Final = {each: _outcome(each, Exposure.ALREADY_UPGRADED) for each in Severity}


class Concern(NamedTuple):
    """How a defect concerns the upgrades of many installs; the gravest sorts first, of its like the lowest id."""

    gravity: int
    #: the defect's id
    name: str
    outcome: Outcome
    #: whether the condition matches; None: unknown
    truth: Truth
    defect: Defect
    condition: Condition


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A defect compiled for its product; compared by identity, and kept while neither of the two changes."""

    defect: Defect
    scheme: Scheme
    affected: VersionSet
    upgrading_from: VersionSet | None
    condition: Condition
    #: a version below this sort key has an affected version above it that is not withdrawn
    reach: str
    #: of an upgrade that does the harm, by the truth of the condition
    harm: Mapping[Truth, Outcome]
    #: where it has been done already
    happened: Outcome
    #: an upgrade from below this sort key into an affected version does the harm
    harms_below: str
    #: of such an upgrade where the condition matches, which is the usual case
    harmed: Concern

    @classmethod
    def compile(
        cls, defect: Defect, product: Product, shelf: Shelf | None = None, shared: Shared | None = None
    ) -> Rule:
        """Compile; `shelf` spares a sort of the releases, `shared` holds tests that rules of the product share.

        Raises RangeError; ValueError for a broken tree.
        """
        affected, harm = compile_ranges(defect.affected, product.scheme), _HARM[defect.severity]
        tree = None if defect.condition is None else tree_from_json(defect.condition)
        condition = build(tree, Vocabulary(product.facts, product.scheme), {} if shared is None else shared)
        return cls(
            defect=defect,
            scheme=product.scheme,
            affected=affected,
            upgrading_from=compile_ranges(defect.upgrading_from, product.scheme) if defect.upgrading_from else None,
            condition=condition,
            reach=(shelf or Shelf.of(product)).reach(affected.spans),
            harm=harm,
            happened=_HAPPENED[defect.severity],
            harms_below=BOTTOM if defect.upgrading_from else min(affected.edges, default=TOP),
            harmed=Concern(harm[True].gravity, defect.id, harm[True], truth=True, defect=defect, condition=condition),
        )

    def placed(self, shelf: Shelf) -> Rule:
        """Return the rule for other releases: itself, where they do not matter to it."""
        reach = shelf.reach(self.affected.spans)
        return self if reach == self.reach else replace(self, reach=reach)

    def concern(self, start: str | None, truth: Truth) -> Concern | None:
        """Return how an upgrade from this sort key, None if unknown, into an affected version is concerned.

        Harm is an upgrade's own if its target is affected and its start is not; `truth` is not False.
        """
        if start is None:
            return self.made(self.harm[None], truth)
        if start < self.harms_below:
            return self.harmed if truth else self.made(self.harm[None], truth)
        if self.affected.holds(start):
            return self.made(self.happened, truth)
        return self.made(self.harm[truth], truth) if self.enters_from(start) else None

    def made(self, outcome: Outcome, truth: Truth) -> Concern:
        """Return how upgrades of this outcome are concerned."""
        return Concern(outcome.gravity, self.defect.id, outcome, truth, self.defect, self.condition)

    def enters_from(self, start: str) -> bool:
        """Tell whether this sort key is in `upgrading_from`, where given."""
        return self.upgrading_from is None or self.upgrading_from.holds(start)

    def harms(self, start: str) -> bool:
        """Tell whether an upgrade from this sort key into an affected version does the harm, if facts match."""
        return not self.affected.holds(start) and self.enters_from(start)

    def standing(self, version: str) -> Standing:
        """Return how a version stands to the defect; raises InvalidVersion."""
        try:
            return self.standing_at(self.scheme.sort_key(version))
        except UnrankedVersion:
            return Standing.UNRANKED

    def standing_at(self, place: str) -> Standing:
        """Return how the version of a sort key stands to the defect."""
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
        if not repaired and self.repairs and any(self.standing(ran) is Standing.AFFECTED for ran in history):
            return Exposure.REPAIR_OWED
        if truth is False or self.defect.resolved or standing is Standing.CLEAR:
            return None
        return Exposure.AT_RISK if truth and standing is Standing.EXPOSED else Exposure.CANNOT_TELL

    @property
    def repairs(self) -> bool:
        """Whether the defect offers to repair what was damaged."""
        return any(remedy.kind == "repair" for remedy in self.defect.remedies)
