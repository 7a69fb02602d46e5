"""The safe target: the highest offered release reachable without a hold, then the fewest steps to it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass

from .defects import Rule, Shelf
from .ranges import union
from .segments import Segments


@dataclass(frozen=True, slots=True)
class SafeTarget:
    """Where to go, and each step on the way, the target last."""

    version: str
    path: tuple[str, ...]


@dataclass(slots=True)
class Search:
    """The search from one version, for one install."""

    shelf: Shelf
    segments: Segments
    #: the sort key of the version the install is at
    start: str
    #: tells whether an upgrade that does the rule's harm is a hold for this install
    holds: Callable[[Rule], bool]

    def safe_target(self) -> SafeTarget | None:
        """Return the safe target, None where no release above the start can be reached without a hold."""
        direct, detours = self._direct()
        by_steps = self._by_steps(detours) if detours else None
        return by_steps or (None if direct is None else self._target((direct,)))

    def _direct(self) -> tuple[int | None, list[int]]:
        """Return the highest release one step away, and the higher ones that only a detour might reach.

        A rule that holds the direct step is a wall where every release on the way is affected too or in its
        `upgrading_from`: no path passes it to any release of the same stretch, so that is skipped whole.
        """
        detours: list[int] = []
        offered = self.shelf.offered
        index, lowest = len(offered), bisect_right(offered, self.start)
        while index > lowest:
            index -= 1
            holding = [rule for rule in self._into(index) if rule.harms(self.start)]
            if not holding:
                return index, detours
            wall = next((rule for rule in holding if not self._has_gate(rule, offered[index])), None)
            if wall is None:
                detours.append(index)
            else:
                index = bisect_left(offered, wall.affected.begin(offered[index]))
        return None, detours

    def _into(self, index: int) -> list[Rule]:
        """Return the rules that make a hold of an upgrade to this release which does their harm."""
        rules = self.segments.at(self.shelf.offered[index])
        return [rule for rule in rules if rule.hold_on and self.holds(rule)]

    def _has_gate(self, rule: Rule, end: str) -> bool:
        """Tell whether a release on the way to `end` may enter the rule's affected versions without harm."""
        if rule.upgrading_from is None:
            return False
        closed = union((*rule.affected.spans, *rule.upgrading_from.spans))
        gaps = zip((self.start, *closed[1::2]), (*closed[::2], end), strict=True)
        return any(self._offered_within(max(begin, self.start), min(stop, end)) for begin, stop in gaps)

    def _offered_within(self, begin: str, end: str) -> bool:
        """Tell whether a release is on offer above the start, at or above `begin` and below `end`."""
        offered = self.shelf.offered
        first = bisect_right(offered, begin) if begin == self.start else bisect_left(offered, begin)
        return first < bisect_left(offered, end)

    def _by_steps(self, goals: list[int]) -> SafeTarget | None:
        """Search by breadth among the offered releases; return the way to the first goal that is reached."""
        lowest = bisect_right(self.shelf.offered, self.start)
        waiting = {index: self._into(index) for index in range(lowest, goals[0] + 1)}
        paths: dict[int, tuple[int, ...]] = {-1: ()}
        frontier = [-1]
        while frontier:
            reached = [(index, self._source(index, waiting[index], frontier)) for index in waiting]
            steps = {index: source for index, source in reached if source is not None}
            for index, source in steps.items():
                paths[index] = (*paths[source], index)
                del waiting[index]
            frontier = sorted(steps, reverse=True)
        best = next((goal for goal in goals if goal in paths), None)
        return None if best is None else self._target(paths[best])

    def _source(self, index: int, holding: list[Rule], frontier: list[int]) -> int | None:
        """Return the highest release of the frontier from which the step to `index` is no hold."""
        for source in frontier:
            place = self.start if source < 0 else self.shelf.offered[source]
            if source < index and not any(rule.harms(place) for rule in holding):
                return source
        return None

    def _target(self, path: tuple[int, ...]) -> SafeTarget:
        steps = tuple(self.shelf.versions[index] for index in path)
        return SafeTarget(steps[-1], steps)
