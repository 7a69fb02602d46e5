"""An audience as it was counted, by SQL or in the fleet that is held in memory; the same numbers either way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from notifier.types import Headcount, NotAtRisk, NotAtRiskBecause, Reachable
from risk import Exposure, Node, Vocabulary, fits, names


@dataclass(frozen=True, slots=True)
class Counted:
    """Whom a rule concerns."""

    exposed: Mapping[Exposure, Headcount]
    #: Installs of the product.
    everybody: int
    #: Installs at the versions for which the condition matters.
    candidates: int
    #: Those of `candidates` that are exposed.
    concerned: int
    reachable: Reachable

    @property
    def not_at_risk(self) -> NotAtRisk:
        """Return the others: their version is none that the defect speaks of, or else the condition misses."""
        installs = self.everybody - sum(count.installs for count in self.exposed.values())
        by_condition = self.candidates - self.concerned
        return NotAtRisk(installs, NotAtRiskBecause(version=installs - by_condition, condition=by_condition))


def names_read(node: Node | None, vocabulary: Vocabulary) -> frozenset[str] | None:
    """Return the names that a condition reads; None where it compares one fact with another."""
    needed = [names(test) for test in _tests(node) if fits(test, vocabulary)]
    return None if any(len(each) > 1 for each in needed) else frozenset().union(*needed)


def _tests(node: Node | None) -> Iterator[Node]:
    """Yield what a condition joins."""
    if node is not None and node.op in ("!", "&&", "||"):
        for arg in node.args:
            yield from _tests(arg)
    elif node is not None:
        yield node
