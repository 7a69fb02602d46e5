"""What is kept of the rules' answers is what the rules would answer."""

from __future__ import annotations

import pytest

import risk
from notifier.delivery import safe
from notifier.delivery.judged import Judged
from notifier.delivery.safe import Guides, SafeTargets
from risk import Fact, FactType, Product, ProductIndex, Question, Range, Release, Severity, Value

PRODUCT = Product(
    "notes",
    risk.scheme("intdot"),
    {"notebooks": Fact("notebooks", FactType.INTEGER), "colour": Fact("colour", FactType.STRING)},
    tuple(Release(version, "offered") for version in ("1", "2", "3")),
)
MANY = risk.Node(">", args=(risk.Node("name", value="notebooks"), risk.Node("literal", value=5)))


def an_index(sequence: int = 1) -> ProductIndex:
    defect = risk.Defect(
        id="FW-1",
        revision=1,
        title="Harm",
        severity=Severity.DATA_LOSS,
        affected=(Range(introduced="3"),),
        condition=risk.tree_to_json(MANY),
    )
    return ProductIndex.compile(PRODUCT, [defect], sequence)


def an_install(version: str = "1", **facts: Value) -> Judged:
    return Judged(version, facts)


@pytest.mark.parametrize("facts", [{"notebooks": 9}, {"notebooks": 5}, {}, {"notebooks": 9, "colour": "red"}])
def test_what_is_kept_is_what_the_rules_answer(facts: dict[str, Value]) -> None:
    index = an_index()
    targets = SafeTargets.of(index)
    for version in ("1", "2", "3"):
        told = index.judge(Question(version, None, facts)).safe_target
        answers = [targets.of_install(an_install(version, **facts)) for _ in range(2)]
        assert answers == [told.version if told else None] * 2


def test_installs_that_differ_in_a_fact_that_a_condition_names_have_their_own_answers() -> None:
    targets = SafeTargets.of(an_index())
    answers = [targets.of_install(an_install(notebooks=count)) for count in (9, 5)]
    assert answers == ["2", "3"]


def test_answers_past_the_number_kept_are_right_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe, "KEPT", 1)
    targets = SafeTargets.of(an_index())
    assert [targets.of_install(an_install(notebooks=count)) for count in (9, 5, 9)] == ["2", "3", "2"]


def test_another_index_brings_its_own_answers() -> None:
    guides, first, second = Guides(), an_index(), an_index(2)
    kept = guides.of(1, first)
    assert guides.of(1, first) is kept
    assert guides.of(1, second).index is second
