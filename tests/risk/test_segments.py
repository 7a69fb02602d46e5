"""The rules that can matter to a version: none too few, and each looked at as seldom as can be."""

from __future__ import annotations

from random import Random
from typing import Final

import pytest

from risk import Question, Value, VersionSet

from .builders import a_defect, a_product, an_index
from .drawn import CONDITIONS, drawn_facts

#: More than are kept.
VERSIONS: Final = [f"1.{minor}" for minor in range(100)]


class Looked(dict[str, Value]):
    """Facts that know how often each was looked at."""

    def __init__(self, **facts: Value) -> None:
        super().__init__(facts)
        self.looks: list[str] = []

    def get(self, name: str, default: object = None) -> object:  # type: ignore[override]
        """Return a fact."""
        self.looks.append(name)
        return super().get(name, default)


@pytest.mark.parametrize("seed", range(25))
def test_a_version_finds_each_rule_that_can_matter_once_however_many_versions_were_asked_for(seed: int) -> None:
    random = Random(seed)
    spans = [sorted(random.sample(range(100), 2)) for _ in range(random.randint(0, 12))]
    defects = [
        a_defect(f"1.{low}..1.{high}", random.choice(CONDITIONS), name=f"N-{number}")
        for number, (low, high) in enumerate(spans)
    ]
    index = an_index(*defects, product=a_product(" ".join(VERSIONS)))
    asked = random.sample(VERSIONS, len(VERSIONS))
    for version in asked + asked:
        facts = drawn_facts(random)
        found = {rule.defect.id for rule in index.segments.at(index.places[version], facts)}
        assert len(index.segments.at(index.places[version], facts)) == len(found)
        affecting = [rule for rule in index.rules.values() if _holds(rule.affected, index.places[version])]
        assert found <= {rule.defect.id for rule in affecting}
        assert found >= {rule.defect.id for rule in affecting if rule.condition.truth(facts) is not False}


def _holds(affected: VersionSet, place: str) -> bool:
    return any(begin <= place < end for begin, end in affected.spans)


def test_a_condition_of_several_defects_is_evaluated_once() -> None:
    condition = "notebooks > 0 && disk < 9.5"
    index = an_index(*(a_defect(condition=condition, name=f"N-{number}") for number in range(5)))
    facts = Looked(notebooks=12, disk=2.5)
    verdict = index.judge(Question("4.1", "4.2", facts))
    assert len(verdict.findings) == 5
    assert sorted(facts.looks) == ["disk", "notebooks"]


def test_a_value_spares_a_look_at_the_rules_that_demand_another() -> None:
    defects = [
        a_defect("4.2..", f"storage_format == 'v{number}' && disk < 9.5", name=f"N-{number}") for number in "123"
    ]
    index = an_index(*defects)
    found = index.segments.at(index.places["4.2"], {"storage_format": "v2"})
    assert [rule.defect.id for rule in found] == ["N-2"]
    assert len(index.segments.at(index.places["4.2"], {})) == 3
