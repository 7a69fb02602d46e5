"""A judge that is slow and obviously right: the design's rules 1, 2, 5 and 6 word for word, over uncompiled parts.

A version is its place in `VERSIONS`; every defect is looked at, and every way to every release is tried.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any, Final

from risk import Defect, Range, Value

VERSIONS: Final = [f"{major}.{minor}" for major in range(1, 4) for minor in range(3)]
#: Rule 6: what a finding of each severity makes of the verdict, at risk and where we cannot tell.
DECISIONS: Final = {
    "data-loss": ("hold", "hold"),
    "data-corruption": ("hold", "hold"),
    "outage": ("hold", "caution"),
    "degraded": ("caution", "caution"),
    "cosmetic": ("proceed", "proceed"),
}
COMPARES: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": lambda value, asked: bool(value == asked),
    "!=": lambda value, asked: bool(value != asked),
    ">": lambda value, asked: bool(value > asked),
    "in": lambda value, asked: value in asked[1:],
}
GRAVEST_FIRST: Final = ["hold", "caution", "proceed"]


@dataclass(frozen=True)
class Naive:
    """Everything that is given."""

    defects: Sequence[Defect]
    #: those on offer, rising
    offered: Sequence[str]
    facts: Mapping[str, Value]
    accepted: frozenset[str] = frozenset()

    def exposures(self, start: str, target: str) -> dict[str, str]:
        """Return the exposure to each defect that is found, accepted ones left out unless they have happened."""
        found = {each.id: exposure for each in self.defects if (exposure := self._exposure(each, start, target))}
        return {
            name: exposure
            for name, exposure in found.items()
            if name not in self.accepted or exposure == "already_upgraded"
        }

    def decision(self, start: str, target: str) -> str:
        severities = {defect.id: defect.severity for defect in self.defects}
        decisions = [_decision(severities[name], exposure) for name, exposure in self.exposures(start, target).items()]
        return min(decisions, key=GRAVEST_FIRST.index, default="proceed")

    def safe(self, start: str) -> tuple[str, int] | None:
        """Return the highest release that can be reached without a hold, and in how few steps."""
        above = [version for version in self.offered if _place(version) > _place(start)]
        for place in reversed(range(len(above))):
            for stops in range(place + 1):
                for way in combinations(above[:place], stops):
                    if self.passes((start, *way, above[place])):
                        return above[place], stops + 1
        return None

    def passes(self, path: Sequence[str]) -> bool:
        return all(self.decision(*step) != "hold" for step in pairwise(path))

    def _exposure(self, defect: Defect, start: str, target: str) -> str | None:
        """Rule 1: the target is affected, the start is not, and is in `upgrading_from`; the condition is not missed."""
        if not _within(target, defect.affected):
            return None
        match = True if defect.condition is None else truth(defect.condition, self.facts)
        if match is False:
            return None
        if _within(start, defect.affected):
            return "already_upgraded"
        if defect.upgrading_from and not _within(start, defect.upgrading_from):
            return None
        return "at_risk" if match else "cannot_tell"


def _decision(severity: str, exposure: str) -> str:
    at_risk, cannot_tell = DECISIONS[severity]
    return {"at_risk": at_risk, "cannot_tell": cannot_tell, "already_upgraded": "proceed"}[exposure]


def _place(version: str) -> int:
    return VERSIONS.index(version)


def _within(version: str, ranges: Sequence[Range]) -> bool:
    return any(_within_one(version, each) for each in ranges)


def _within_one(version: str, entry: Range) -> bool:
    if entry.introduced is None:
        return version in entry.versions
    if entry.introduced != "0" and _place(version) < _place(entry.introduced):
        return False
    if entry.last_affected is not None:
        return _place(version) <= _place(entry.last_affected)
    return entry.fixed is None or _place(version) < _place(entry.fixed)


def truth(tree: Any, facts: Mapping[str, Value]) -> bool | None:
    """Rule 2: what is absent makes a comparison unknown, and Kleene's logic the rest. Some operators only."""
    op, *args = tree
    if op == "!":
        inner = truth(args[0], facts)
        return None if inner is None else not inner
    if op in ("&&", "||"):
        parts = [truth(arg, facts) for arg in args]
        settles = op == "||"
        return settles if settles in parts else None if None in parts else not settles
    if op == "name":
        return facts.get(args[0])  # type: ignore[return-value]  # only a boolean stands alone
    if op == "has":
        return args[0] in facts
    (_, name), asked = args
    value: Any = facts.get(name)
    if value is None:
        return None
    return COMPARES[op](value, asked)
