"""A segment index: to a version, the few rules that affect it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .defects import Rule


@dataclass(frozen=True, slots=True)
class Segments:
    """A segment tree over sort keys: memory n log n for n ranges, however many versions each spans."""

    #: all begins and ends of affected stretches, rising; segment i lies below edge i
    edges: tuple[str, ...]
    #: of each segment, the groups of rules that affect all of it: those of the tree's nodes above it
    groups: tuple[tuple[tuple[Rule, ...], ...], ...]

    @classmethod
    def of(cls, rules: Iterable[Rule]) -> Segments:
        """Index the rules by their affected ranges."""
        rules = tuple(rules)
        edges = sorted({edge for rule in rules for edge in rule.affected.edges})
        places = {edge: place for place, edge in enumerate(edges, start=1)}
        leaves = len(edges) + 1
        nodes: list[list[Rule]] = [[] for _ in range(2 * leaves)]
        for rule in rules:
            ends = rule.affected.edges
            for begin, end in zip(ends[::2], ends[1::2], strict=True):
                for node in _cover(places[begin] + leaves, places[end] + leaves):
                    nodes[node].append(rule)
        groups = [tuple(group) for group in nodes]
        above = (tuple(groups[node] for node in _climb(leaf) if groups[node]) for leaf in range(leaves, 2 * leaves))
        return cls(tuple(edges), tuple(above))

    def at(self, sort_key: str) -> list[Rule]:
        """Return the rules that affect the version of this sort key, each once."""
        return [rule for group in self.groups[bisect_right(self.edges, sort_key)] for rule in group]


def _climb(node: int) -> Iterator[int]:
    """Yield the node and those above it; 1 is the root, 2n and 2n + 1 are the children of n."""
    while node:
        yield node
        node >>= 1


def _cover(begin: int, end: int) -> Iterator[int]:
    """Yield the fewest nodes that together cover the leaves begin ≤ i < end."""
    while begin < end:
        if begin & 1:
            yield begin
            begin += 1
        if end & 1:
            end -= 1
            yield end
        begin, end = begin >> 1, end >> 1
