"""apt-listbugs' rule, "does this upgrade introduce the bug?", over Debian's found/fixed model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from risk import Defect, Exposure, Product, ProductIndex, Question, Range, Severity, compile_ranges, scheme

from .vectors import json_file

DEB: Final = scheme("deb")
TABLE: Final = "versions/upgrade-introduces-bug.json"


def affected_ranges(found: Sequence[str], fixed: Sequence[str]) -> tuple[Range, ...]:
    """Say in ranges what Debian says in versions where a bug was found and fixed.

    A version has the state of the nearest event at or below it; found goes before fixed of the same version.
    Below the first event, the bug is there if that event is a fix, or there is none, or the two coincide.
    """
    events = sorted({*((DEB.key(text), 1, text) for text in found), *((DEB.key(text), 0, text) for text in fixed)})
    begin = "0" if not events or events[0][1] == 0 else None
    made: list[Range] = []
    for _, is_found, text in events:
        if is_found and begin is None:
            begin = text
        elif not is_found and begin is not None:
            made.append(Range(begin, fixed=text))
            begin = None
    return (*made, Range(begin)) if begin is not None else tuple(made)


def test_every_version_that_debian_calls_buggy_is_affected_and_no_other() -> None:
    cases = json_file(TABLE)["version_is_buggy"]
    wrong = [
        case["case"]
        for case in cases
        if (DEB.key(case["version"]) in compile_ranges(affected_ranges(case["found"], case["fixed"]), DEB))
        is not case["buggy"]
    ]
    assert wrong == []
    assert len(cases) == 16


#: A new installation upgrades from nothing, so it has no data to lose: who is not there is not asked about.
#: A bug that is closed with no version it is fixed in has no form here: resolving names the release, and what
#: was filed in error is withdrawn, which leaves nothing to judge.
NOT_SAYABLE: Final = {
    "new installation of a buggy version",
    "new installation of a clean version",
    "closed without fixed-version info: upgrade",
    "closed without fixed-version info: install",
    "closed with fixed-version info: install",
}


def introduces(case: dict[str, Any]) -> bool:
    affected = affected_ranges(case["found"], case["fixed"])
    defect = Defect("BUG", 1, "A bug", Severity.DATA_LOSS, affected)
    index = ProductIndex.compile(Product("package", DEB, {}, ()), [defect], 1)
    verdict = index.judge(Question(case["current"], case["target"], {}))
    return any(finding.exposure is Exposure.AT_RISK for finding in verdict.findings)


def test_every_upgrade_that_introduces_the_bug_is_at_risk_and_no_other() -> None:
    cases = json_file(TABLE)["upgrade_introduces_bug"]
    judged = [case for case in cases if case["description"] not in NOT_SAYABLE]
    assert [case["description"] for case in judged if introduces(case) is not case["introduced"]] == []
    assert (len(cases), len(judged)) == (16, 11)
