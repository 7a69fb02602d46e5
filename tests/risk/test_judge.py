"""The verdict: what it holds, and that the index gives the answer which the rules give one by one."""

from __future__ import annotations

from itertools import combinations, pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk import (
    Decision,
    Defect,
    Exposure,
    InvalidVersion,
    ProductIndex,
    Question,
    SafeTarget,
    Severity,
    Value,
    compile_condition,
    compile_ranges,
    decide,
    tree_from_json,
)

from .builders import a_defect, a_product, a_vocabulary, an_index, check


def test_a_verdict_holds_what_a_client_needs() -> None:
    defect = a_defect("4.2.0..4.2.2", "notebooks > 0 && storage_format in ['v1', 'v2']", remedies="wait credit")
    index = an_index(defect, product=a_product("4.1.3 4.2.0 4.2.2"))
    verdict = check(index, "4.1.3>4.2.0", notebooks=12, storage_format="v2")
    (finding,) = verdict.findings
    assert (verdict.decision, verdict.product, verdict.sequence) == (Decision.HOLD, "notes", 1042)
    assert (verdict.from_version, verdict.to_version) == ("4.1.3", "4.2.0")
    assert verdict.safe_target == SafeTarget("4.2.2", ("4.2.2",))
    assert (finding.defect, finding.revision, finding.title) == ("N-1", 1, "What N-1 does")
    assert (finding.severity, finding.exposure) == (Severity.DATA_LOSS, Exposure.AT_RISK)
    assert finding.because == ("notebooks is 12 (> 0)", "storage_format is 'v2'")
    assert finding.missing == ()
    assert finding.remedies == defect.remedies
    assert (verdict.accepted, verdict.considered) == ((), None)


def test_a_finding_names_the_facts_that_are_missing() -> None:
    verdict = check(an_index(a_defect(condition="notebooks > 0 && sync")), "4.1>4.2", sync=True)
    assert verdict.findings[0].missing == ("notebooks",)
    assert verdict.findings[0].because == ("sync is true",)


def test_findings_come_gravest_first() -> None:
    kinds = ["cosmetic", "degraded", "outage", "data-corruption", "data-loss"]
    defects = [a_defect(name=f"N-{kind}", severity=kind) for kind in kinds]
    happened = a_defect("4.1..4.3", name="N-happened")
    verdict = check(an_index(*defects, happened), "4.1>4.2")
    assert [finding.defect for finding in verdict.findings] == [
        *("N-data-loss", "N-data-corruption", "N-outage", "N-degraded", "N-happened", "N-cosmetic")
    ]


def test_an_accepted_risk_is_left_out_and_named() -> None:
    index = an_index(a_defect(name="N-1"), a_defect(name="N-2", severity="degraded"), a_defect("4.3..", name="N-3"))
    verdict = check(index, "4.1>4.2", "N-1 N-3 N-9")
    assert verdict.decision is Decision.CAUTION
    assert [finding.defect for finding in verdict.findings] == ["N-2"]
    assert verdict.accepted == ("N-1",)
    assert verdict.safe_target == SafeTarget("4.3", ("4.3",))


def test_an_outage_that_cannot_be_told_is_no_obstacle_to_the_safe_target() -> None:
    index = an_index(a_defect("4.3..", "notebooks > 0", severity="outage"))
    assert check(index, "4.1>").safe_target == SafeTarget("4.3", ("4.3",))
    assert check(index, "4.1>", notebooks=1).safe_target == SafeTarget("4.2", ("4.2",))


def test_a_version_that_does_not_parse_is_refused() -> None:
    index = an_index()
    for upgrade in ("latest>4.2", "4.1>latest", "latest>"):
        with pytest.raises(InvalidVersion, match="'latest' is not a intdot version"):
            check(index, upgrade)


def test_a_version_of_no_declared_place_cannot_be_told() -> None:
    defects = [a_defect("22H2..23H2"), a_defect("22H2..23H2", "notebooks > 0", name="N-2", severity="degraded")]
    index = an_index(*defects, product=a_product("21H2 22H2 23H2", "list"))
    verdict = check(index, "20H1>22H2", notebooks=0)
    (finding,) = verdict.findings
    assert (verdict.decision, finding.exposure, finding.missing) == (Decision.HOLD, Exposure.CANNOT_TELL, ())
    assert finding.because == ("20H1 is not among the declared releases, so its place is unknown",)
    assert verdict.safe_target is None
    assert check(index, "20H1>23H2").findings == ()
    assert check(index, "20H1>").to_version == "23H2"


def test_a_target_of_no_declared_place_cannot_be_told() -> None:
    index = an_index(a_defect("22H2..23H2"), product=a_product("21H2 22H2 23H2", "list"))
    verdict = check(index, "21H2>24H2")
    assert [finding.exposure for finding in verdict.findings] == [Exposure.CANNOT_TELL]
    assert check(index, "22H2>24H2").findings == ()


def test_each_defect_of_the_product_is_explained() -> None:
    index = an_index(
        a_defect(name="N-1", condition="notebooks > 0"),
        a_defect(name="N-2", condition="notebooks > 20"),
        a_defect(name="N-3", condition="sync"),
        a_defect("4.3..", name="N-4"),
        a_defect("4.1..", name="N-5"),
        a_defect(name="N-6", upgrading_from="0..4.0"),
        a_defect(name="N-7"),
    )
    considered = check(index, "4.1>4.2", "N-7", explain=True, notebooks=12).considered
    assert [(one.defect, one.counts, one.why) for one in considered or ()] == [
        ("N-1", True, "at risk; notebooks is 12 (> 0)"),
        ("N-2", False, "the condition does not match; notebooks is 12 (not > 20)"),
        ("N-3", True, "cannot tell; sync is not known"),
        ("N-4", False, "4.2 is not affected"),
        ("N-5", False, "4.1 is affected already, so this upgrade does no new harm"),
        ("N-6", False, "4.1 is not among the versions from which an upgrade does harm"),
        ("N-7", False, "its risk is accepted"),
    ]
    nothing = check(index, "4.3>", explain=True).considered
    assert nothing is not None
    assert {considered.why for considered in nothing} == {"there is no release to upgrade to"}


VERSIONS = [f"{major}.{minor}" for major in range(1, 4) for minor in range(3)]
CONDITIONS = ["", "", "notebooks > 0", "notebooks > 1 || sync", "sync && storage_format == 'v1'"]


def drawn_defect(random: Random, number: int) -> Defect:
    def some_range() -> str:
        low, high = sorted(random.sample(VERSIONS, 2), key=VERSIONS.index)
        return random.choice([f"{low}..{high}", f"{low}..={high}", f"{low}..", f"{low},{high}", f"0..{high}"])

    return a_defect(
        " ".join(some_range() for _ in range(random.choice([1, 1, 2]))),
        random.choice(CONDITIONS),
        name=f"N-{number}",
        severity=random.choice(["data-loss", "outage", "degraded", "cosmetic"]),
        upgrading_from=some_range() if random.random() < 0.6 else "",
    )


def drawn_facts(random: Random) -> dict[str, Value]:
    drawn: dict[str, Value] = {
        "notebooks": random.randint(0, 2),
        "sync": random.random() < 0.5,
        "storage_format": random.choice(["v1", "v2"]),
    }
    return {name: value for name, value in drawn.items() if random.random() < 0.6}


def exposure_by_the_rules(
    index: ProductIndex, defect: Defect, start: str, target: str, facts: dict[str, Value]
) -> Exposure | None:
    """Rule 1 as written, over uncompiled parts."""
    scheme = index.product.scheme
    affected = compile_ranges(defect.affected, scheme)
    if scheme.key(target) not in affected:
        return None
    tree = None if defect.condition is None else tree_from_json(defect.condition)
    truth = compile_condition(tree, a_vocabulary())(facts)
    if truth is False:
        return None
    if scheme.key(start) in affected:
        return Exposure.ALREADY_UPGRADED
    if defect.upgrading_from and scheme.key(start) not in compile_ranges(defect.upgrading_from, scheme):
        return None
    return Exposure.AT_RISK if truth else Exposure.CANNOT_TELL


def decision_by_the_rules(index: ProductIndex, start: str, target: str, facts: dict[str, Value]) -> Decision:
    found = [
        (rule.defect.severity, exposure)
        for rule in index.rules.values()
        if (exposure := exposure_by_the_rules(index, rule.defect, start, target, facts))
    ]
    order = list(Decision)
    return min((decide(*finding) for finding in found), key=order.index, default=Decision.PROCEED)


def safe_by_the_rules(index: ProductIndex, start: str, facts: dict[str, Value]) -> tuple[str, int] | None:
    """Try every set of stops on the way to each release, the highest and the fewest first."""
    above = [release.version for release in index.product.releases if release.status == "offered"]
    above = [version for version in above if VERSIONS.index(version) > VERSIONS.index(start)]
    for place in reversed(range(len(above))):
        for stops in range(place + 1):
            for way in combinations(above[:place], stops):
                path = (start, *way, above[place])
                steps = pairwise(path)
                if all(decision_by_the_rules(index, *step, facts) is not Decision.HOLD for step in steps):
                    return above[place], stops + 1
    return None


@settings(max_examples=150)
@given(st.randoms(use_true_random=False))
def test_the_index_finds_what_the_rules_find_one_by_one(random: Random) -> None:
    releases = " ".join(random.choice(["", "", "", "-", "?"]) + version for version in VERSIONS)
    defects = [drawn_defect(random, number) for number in range(random.randint(0, 6))]
    index = an_index(*defects, product=a_product(releases))
    facts, start, target = drawn_facts(random), random.choice(VERSIONS), random.choice(VERSIONS)
    verdict = index.judge(Question(start, target, facts))
    expected = {d.id: exposure_by_the_rules(index, d, start, target, facts) for d in defects}
    found = {finding.defect: finding.exposure for finding in verdict.findings}
    assert found == {name: exposure for name, exposure in expected.items() if exposure}
    assert verdict.decision is decision_by_the_rules(index, start, target, facts)
    safe = verdict.safe_target
    assert (safe and (safe.version, len(safe.path))) == safe_by_the_rules(index, start, facts)
    if safe:
        steps = pairwise((start, *safe.path))
        assert all(decision_by_the_rules(index, *step, facts) is not Decision.HOLD for step in steps)
        assert index.judge(Question(start, None, facts)).to_version == safe.path[0]


@settings(max_examples=40)
@given(st.randoms(use_true_random=False))
def test_the_same_question_has_the_same_answer_in_whatever_order_the_defects_come(random: Random) -> None:
    defects = [drawn_defect(random, number) for number in range(8)]
    facts, start, target = drawn_facts(random), random.choice(VERSIONS), random.choice(VERSIONS)
    question = Question(start, target, facts, explain=True)
    verdict = an_index(*defects, product=a_product(" ".join(VERSIONS))).judge(question)
    random.shuffle(defects)
    assert an_index(*defects, product=a_product(" ".join(VERSIONS))).judge(question) == verdict
