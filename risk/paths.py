"""The safe target: the highest offered release reachable without a hold, then the fewest steps to it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import NamedTuple

from .defects import Shelf
from .ranges import union
from .rules import Concern, Rule
from .verdicts import SafeTarget


class Search(NamedTuple):
    """The search from one version, for one install."""

    shelf: Shelf
    #: the sort key of the version the install is at
    start: str
    #: returns how the step from the start to this sort key is concerned, and the rules that hold it
    concerned: Callable[[str], tuple[list[Concern], list[Rule]]]
    #: returns the rules that make a hold of an upgrade to this sort key which does their harm, from wherever
    holding: Callable[[str], list[Rule]]

    def safe_target(self) -> SafeTarget | None:
        """Return the safe target, None where no release above the start can be reached without a hold."""
        direct, detours = self._direct()
        path = (self._by_steps(detours) if detours else None) or direct
        steps = tuple([self.shelf.versions[index] for index in path])
        return SafeTarget(steps[-1], steps) if steps else None

    def _direct(self) -> tuple[tuple[int, ...], list[int]]:
        """Return the way to the highest release one step away, and the higher ones that only a detour might reach.

        A rule that holds the direct step is a wall where every release on the way is affected too or in its
        `upgrading_from`: no path passes it to any release of the same stretch, so that is skipped whole.
        """
        detours: list[int] = []
        offered = self.shelf.offered
        index, lowest = len(offered), self.shelf.above(self.start)
        while index > lowest:
            index -= 1
            place = offered[index]
            _, held = self.concerned(place)
            if not held:
                return (index,), detours
            walls = [rule.affected.begin(place) for rule in held if not self._has_gate(rule, place)]
            if walls:
                index = bisect_left(offered, min(walls))
            else:
                detours.append(index)
        return (), detours

    def _has_gate(self, rule: Rule, end: str) -> bool:
        """Tell whether a release on the way to `end` may enter the rule's affected versions without harm."""
        if rule.upgrading_from is None:
            return False
        closed = union((*rule.affected.spans, *rule.upgrading_from.spans))
        gaps = zip((self.start, *closed[1::2]), (*closed[::2], end), strict=True)
        return any(self._offered_within(begin, min(stop, end)) for begin, stop in gaps)

    def _offered_within(self, begin: str, end: str) -> bool:
        """Tell whether a release is on offer above the start, at or above `begin` and below `end`."""
        offered = self.shelf.offered
        return max(self.shelf.above(self.start), bisect_left(offered, begin)) < bisect_left(offered, end)

    def _by_steps(self, goals: list[int]) -> tuple[int, ...] | None:
        """Search by breadth among the offered releases; return the way to the first goal that can be reached."""
        waiting = {
            index: self.holding(self.shelf.offered[index])
            for index in range(self.shelf.above(self.start), goals[0] + 1)
        }
        paths: dict[int, tuple[int, ...]] = {-1: ()}
        frontier = [-1]
        while frontier:
            reached = [(index, self._entrance(index, waiting[index], frontier)) for index in waiting]
            frontier = [index for index, source in reversed(reached) if source is not None]
            for index, source in reached:
                if source is not None:
                    paths[index] = (*paths[source], index)
                    del waiting[index]
        return next((paths[goal] for goal in goals if goal in paths), None)

    def _entrance(self, index: int, holding: list[Rule], frontier: list[int]) -> int | None:
        """Return the highest release of the frontier from which the step to `index` is no hold."""
        for source in frontier:
            place = self.start if source < 0 else self.shelf.offered[source]
            if source < index and not any(rule.harms(place) for rule in holding):
                return source
        return None
