"""Every case of docs/verdict-rules.md holds."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from risk import Defect, Question, Rule, Severity, Value, Verdict, decide
from risk import Exposure as Kind

from .builders import a_defect, a_product, an_index

PAGE: Final = Path(__file__).parents[2] / "docs" / "verdict-rules.md"
Case = dict[str, str]


def cases(heading: str) -> list[Case]:
    section = PAGE.read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]
    return [dict(zip(rows[0], row, strict=True)) for row in rows[2:]]


def facts(text: str) -> dict[str, Value]:
    return {name: int(value) for name, value in (part.split("=") for part in text.split())}


def ask(case: Case, releases: str, *defects: Defect, scheme: str = "intdot") -> Verdict:
    start, _, target = case["question"].partition(" →")
    question = Question(start, target.strip() or None, facts(case.get("footprint", "")))
    return an_index(*defects, product=a_product(releases, scheme)).judge(question)


def by_name(case: Case) -> str:
    return case["case"]


@pytest.mark.parametrize("case", cases("Does the defect count?"), ids=by_name)
def test_a_defect_counts_as_the_page_says(case: Case) -> None:
    defect = a_defect(case["affected"], case["condition"], upgrading_from=case["upgrading from"])
    verdict = ask(case, "4.1 4.2 4.3 4.4", defect)
    assert verdict.decision == case["decision"]
    assert [finding.exposure for finding in verdict.findings] == case["finding"].split()


@pytest.mark.parametrize("case", cases("A version whose place is not declared"), ids=by_name)
def test_what_has_no_place_is_judged_as_the_page_says(case: Case) -> None:
    verdict = ask(case, "21H2 22H2 23H2", a_defect("22H2..23H2", case["condition"]), scheme="list")
    assert verdict.decision == case["decision"]
    assert [finding.exposure for finding in verdict.findings] == case["finding"].split()
    safe = verdict.safe_target
    assert (verdict.to_version, safe.version if safe else "") == (case["judged"], case["safe target"])


@pytest.mark.parametrize("case", cases("What severity makes of it"), ids=lambda case: case["severity"])
def test_severity_decides_as_the_page_says(case: Case) -> None:
    severity = Severity(case["severity"])
    for exposure in (Kind.AT_RISK, Kind.CANNOT_TELL, Kind.ALREADY_UPGRADED):
        assert decide(severity, exposure) == case[exposure]


def test_the_page_names_every_severity() -> None:
    assert [case["severity"] for case in cases("What severity makes of it")] == list(Severity)


@pytest.mark.parametrize("case", cases("Where is it safe to go?"), ids=by_name)
def test_the_safe_target_is_where_the_page_says(case: Case) -> None:
    sides = [part.split(" from ") for part in case["defects"].split("; ") if part]
    defects = [
        a_defect(affected, name=f"N-{number}", upgrading_from=" ".join(source))
        for number, (affected, *source) in enumerate(sides)
    ]
    verdict = ask(case, case["releases"], *defects)
    assert (verdict.decision, verdict.to_version or "") == (case["decision"], case["judged"])
    safe = verdict.safe_target
    assert (safe.version if safe else "", list(safe.path) if safe else []) == (case["safe target"], case["by"].split())


@pytest.mark.parametrize("case", cases("Exposure, where no target is asked"), ids=by_name)
def test_exposure_is_what_the_page_says(case: Case) -> None:
    for resolved, expected in ((False, case["exposure"]), (True, case["once resolved"])):
        defect = a_defect(condition="notebooks > 0", remedies="repair", resolved=resolved)
        rule = Rule.compile(defect, a_product(case["releases"]))
        assert (rule.exposure(case["at"], facts(case["footprint"]), case["ran"].split()) or "") == expected
