"""The releases that installs can go to without a hold, worked out once for all that the rules cannot tell apart."""

from __future__ import annotations

from dataclasses import dataclass, field

import risk
from notifier.delivery.judged import Judged
from risk import Question

#: Answers that are kept; then all are given up.
KEPT = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class SafeTargets:
    """What one index answers where no target is asked for: it goes by the version and by the facts it names."""

    index: risk.ProductIndex
    #: The facts that any of its conditions reads.
    named: tuple[str, ...]
    _answers: dict[tuple[object, ...], str | None] = field(default_factory=dict)

    @classmethod
    def of(cls, index: risk.ProductIndex) -> SafeTargets:
        """Read the names in all conditions."""
        trees = [rule.defect.condition for rule in index.rules.values() if rule.defect.condition is not None]
        return cls(index, tuple(sorted(set().union(*(risk.names(risk.tree_from_json(tree)) for tree in trees)))))

    def of_install(self, state: Judged) -> str | None:
        """Return the highest release that an install can go to without a hold, None where there is none."""
        key = (state.version, *map(state.facts.get, self.named))
        try:
            return self._answers[key]
        except KeyError:
            if len(self._answers) >= KEPT:
                self._answers.clear()
            safe = self.index.judge(Question(state.version, None, state.facts)).safe_target
            answer = self._answers[key] = safe.version if safe else None
            return answer


@dataclass(frozen=True, slots=True, eq=False)
class Guides:
    """The answers of the newest index of each product, by the product's number."""

    _kept: dict[int, SafeTargets] = field(default_factory=dict)

    def of(self, product_no: int, index: risk.ProductIndex) -> SafeTargets:
        """Return the answers of this very index."""
        kept = self._kept.get(product_no)
        if kept is None or kept.index is not index:
            kept = self._kept[product_no] = SafeTargets.of(index)
        return kept
