"""A segment index: to a version and an install's facts, the few rules that can matter."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final, NamedTuple

from .evaluate import Demand
from .facts import Facts, Value
from .rules import Rule

#: Sort keys whose sieves are kept joined: most checks ask for the same few releases.
_KEPT: Final = 64


class Sieve(NamedTuple):
    """Rules filed by what they demand: a fact with another value rules them out without a look at each."""

    #: those that demand no value of any fact
    undemanding: Sequence[Rule]
    #: by a fact's name, the rules by each value that they demand of it, and all of these for where it is absent
    by_fact: Mapping[str, tuple[dict[Value, list[Rule]], list[Rule]]]

    @classmethod
    def of(cls, rule: Rule, demanded: Mapping[str, set[Value]]) -> Sieve:
        """File a rule under its most telling demand: of the values that are `demanded` of a fact, the least part."""

        def part(demand: Demand) -> float:
            return len(demand.values) / len(demanded[demand.name])

        demand = min(rule.condition.demands, key=part, default=None)
        if demand is None:
            return cls([rule], {})
        return cls((), {demand.name: ({value: [rule] for value in demand.values}, [rule])})

    @classmethod
    def joined(cls, sieves: Iterable[Sieve]) -> Sieve:
        """Return one sieve that lets by what any of these does."""
        undemanding: list[Rule] = []
        by_fact: dict[str, tuple[dict[Value, list[Rule]], list[Rule]]] = {}
        for sieve in sieves:
            undemanding += sieve.undemanding
            for name, (by_value, every) in sieve.by_fact.items():
                ours, all_ours = by_fact.setdefault(name, ({}, []))
                all_ours += every
                for value, some in by_value.items():
                    ours.setdefault(value, []).extend(some)
        return cls(undemanding, by_fact)


@dataclass(frozen=True, slots=True)
class Segments:
    """A segment tree over sort keys: memory n log n for n ranges, however many versions each spans."""

    #: all begins and ends of affected stretches, rising; segment i lies below edge i
    edges: tuple[str, ...]
    #: of each segment, the rules that affect all of it, sieved: one sieve for each of the tree's nodes above it
    sieves: tuple[tuple[Sieve, ...], ...]
    #: by sort key, the same in one sieve, of those that were asked for first
    kept: dict[str, tuple[Sieve, ...]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, rules: Collection[Rule]) -> Segments:
        """Index the rules by their affected ranges."""
        edges = sorted({edge for rule in rules for edge in rule.affected.edges})
        places = {edge: place for place, edge in enumerate(edges, start=1)}
        leaves = len(edges) + 1
        nodes: dict[int, list[Rule]] = {}
        for rule in rules:
            ends = rule.affected.edges
            for begin, end in zip(ends[::2], ends[1::2], strict=True):
                for node in _cover(places[begin] + leaves, places[end] + leaves):
                    nodes.setdefault(node, []).append(rule)
        demanded: dict[str, set[Value]] = {}
        for demand in chain.from_iterable(rule.condition.demands for rule in rules):
            demanded.setdefault(demand.name, set()).update(demand.values)
        sieves = {node: Sieve.joined(Sieve.of(rule, demanded) for rule in held) for node, held in nodes.items()}
        # The node n is below the node n // 2, and 1 is above all.
        above = ([leaf >> levels for levels in range(leaf.bit_length())] for leaf in range(leaves, 2 * leaves))
        return cls(tuple(edges), tuple(tuple(sieves[node] for node in path if node in sieves) for path in above))

    def at(self, sort_key: str, facts: Facts) -> list[Rule]:
        """Return the rules that affect the version of this sort key, each once, but some that these facts miss."""
        found: list[Rule] = []
        for undemanding, by_fact in self.kept.get(sort_key) or self._sieves(sort_key):
            found += undemanding
            for name, (by_value, every) in by_fact.items():
                found += every if (value := facts.get(name)) is None else by_value.get(value, ())
        return found

    def _sieves(self, sort_key: str) -> tuple[Sieve, ...]:
        sieves = self.sieves[bisect_right(self.edges, sort_key)]
        if len(self.kept) < _KEPT:
            sieves = self.kept[sort_key] = (Sieve.joined(sieves),)
        return sieves


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
