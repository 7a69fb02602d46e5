"""The verdict: what it holds, and that the index gives the answer which the rules give one by one."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk import (
    Decision,
    Exposure,
    InvalidVersion,
    Question,
    SafeTarget,
)

from .builders import a_defect, a_product, an_index, check, told
from .drawn import drawn_defect, drawn_facts
from .naive import VERSIONS, Naive


def test_a_verdict_holds_what_a_client_needs() -> None:
    defect = a_defect("4.2.0..4.2.2", "notebooks > 0 && storage_format in ['v1', 'v2']", remedies="wait credit")
    index = an_index(defect, product=a_product("4.1.3 4.2.0 4.2.2"))
    verdict = check(index, "4.1.3>4.2.0", notebooks=12, storage_format="v2")
    (finding,) = verdict.findings
    assert (verdict.decision, verdict.product, verdict.sequence) == (Decision.HOLD, "notes", 1042)
    assert (verdict.from_version, verdict.to_version) == ("4.1.3", "4.2.0")
    assert verdict.safe_target == SafeTarget("4.2.2", ("4.2.2",))
    assert (finding.defect, finding.exposure) == (defect, Exposure.AT_RISK)
    assert finding.because == ("notebooks is 12 (> 0)", "storage_format is 'v2'")
    assert finding.missing == ()
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
    assert [finding.defect.id for finding in verdict.findings] == [
        *("N-data-loss", "N-data-corruption", "N-outage", "N-degraded", "N-happened", "N-cosmetic")
    ]


def test_an_accepted_risk_is_left_out_and_named() -> None:
    index = an_index(a_defect(name="N-1"), a_defect(name="N-2", severity="degraded"), a_defect("4.3..", name="N-3"))
    verdict = check(index, "4.1>4.2", "N-1 N-3 N-9")
    assert verdict.decision is Decision.CAUTION
    assert [finding.defect.id for finding in verdict.findings] == ["N-2"]
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


@settings(max_examples=200)
@given(st.randoms(use_true_random=False))
def test_the_index_finds_what_a_naive_judge_finds(random: Random) -> None:
    defects = [drawn_defect(random, number) for number in range(random.randint(0, 7))]
    releases = [random.choice(["", "", "", "-", "?"]) + version for version in VERSIONS]
    index = an_index(*defects, product=a_product(" ".join(releases)))
    accepted = frozenset(f"N-{number}" for number in range(7) if random.random() < 0.1)
    naive = Naive(defects, [version for version in releases if version in VERSIONS], drawn_facts(random), accepted)
    start, target = random.choice(VERSIONS), random.choice(VERSIONS)
    verdict = index.judge(Question(start, target, naive.facts, accepted))
    assert {finding.defect.id: finding.exposure for finding in verdict.findings} == naive.exposures(start, target)
    assert verdict.decision == naive.decision(start, target)
    safe = verdict.safe_target
    assert (safe and (safe.version, len(safe.path))) == naive.safe(start)
    if safe:
        assert naive.passes((start, *safe.path))
        assert index.judge(Question(start, None, naive.facts, accepted)).to_version == safe.path[0]


@settings(max_examples=40)
@given(st.randoms(use_true_random=False))
def test_the_same_question_has_the_same_answer_in_whatever_order_the_defects_come(random: Random) -> None:
    defects = [drawn_defect(random, number) for number in range(8)]
    facts, start, target = drawn_facts(random), random.choice(VERSIONS), random.choice(VERSIONS)
    question = Question(start, target, facts, explain=True)
    verdict = an_index(*defects, product=a_product(" ".join(VERSIONS))).judge(question)
    random.shuffle(defects)
    again = an_index(*defects, product=a_product(" ".join(VERSIONS))).judge(question)
    assert told(again) == told(verdict)


def test_findings_of_one_gravity_stand_by_id_whatever_is_known_of_them() -> None:
    defects = [a_defect("4.2..4.3", "sync", name=name) for name in ("N-1", "N-3")]
    index = an_index(*defects, a_defect("4.2..4.3", "notebooks > 0", name="N-2"))
    verdict = check(index, "4.1>4.2", notebooks=1)
    assert [(finding.defect.id, finding.exposure) for finding in verdict.findings] == [
        ("N-1", Exposure.CANNOT_TELL),
        ("N-2", Exposure.AT_RISK),
        ("N-3", Exposure.CANNOT_TELL),
    ]
