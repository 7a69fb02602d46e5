from __future__ import annotations

from typing import Any

import msgspec
import pytest

import risk
from feeds.types import DefectReport
from notifier.revising import changes, tells_otherwise
from tests.notifier.stage import ERASES_V2

SCHEME = risk.scheme("intdot")
WAIT, GO, REPAIR = ERASES_V2["remedies"]
OTHERWISE = (
    "affected range written otherwise, the same versions: version 4.2.0 and later, before 4.2.2 → "
    "version 4.2.0 and later, before 4.2.1; version 4.2.1 and later, before 4.2.2"
)


def a_report(**changed: Any) -> DefectReport:
    return msgspec.convert({**ERASES_V2, **changed}, DefectReport)


@pytest.mark.parametrize(
    ("changed", "said", "heard"),
    [
        ({"affected": [{"introduced": "4.1.0", "fixed": "4.2.2"}]}, "affected range widened: 4.2.0 → 4.1.0", True),
        ({"affected": [{"introduced": "4.2.1", "fixed": "4.2.2"}]}, "affected range narrowed: 4.2.0 → 4.2.1", True),
        (
            {"affected": [{"introduced": "4.3.0"}]},
            "affected range moved: version 4.2.0 and later, before 4.2.2 → version 4.3.0 and later",
            True,
        ),
        (
            {"affected": [{"introduced": "4.2.0", "fixed": "4.2.1"}, {"introduced": "4.2.1", "fixed": "4.2.2"}]},
            OTHERWISE,
            False,
        ),
        (
            {"upgrading_from": [{"introduced": "0", "fixed": "4.2.0"}]},
            "upgrades that are harmed narrowed: from any version before → every version before 4.2.0",
            False,
        ),
        ({"condition": None}, f"condition dropped, everyone is meant: {ERASES_V2['condition']}", False),
        (
            {"condition": "notebooks > 5"},
            f"condition changed: {ERASES_V2['condition']} → notebooks > 5",
            False,
        ),
        ({"severity": "outage"}, "severity lowered: data-loss → outage", False),
        ({"title": "Said better"}, "title reworded", False),
        ({"summary": "Said better"}, "what happens reworded", False),
        ({"remedies": [WAIT, GO, REPAIR, {"kind": "credit", "text": "A month."}]}, "remedy added: credit", False),
        ({"remedies": [WAIT, GO]}, "remedy dropped: repair", True),
        ({"remedies": [{**WAIT, "text": "Kindly."}, GO, REPAIR]}, "remedy reworded: wait", False),
        ({"remedies": [WAIT, GO, {**REPAIR, "text": "Run it twice."}]}, "remedy reworded: repair", True),
        ({"remedies": [GO, WAIT, REPAIR]}, "remedies put in another order", False),
        (
            {"references": [{"type": "evidence", "url": "https://notes.example/1"}]},
            "reference added: https://notes.example/1",
            False,
        ),
    ],
)
def test_each_change_is_one_sentence_and_heard_again_only_where_it_matters(
    changed: dict[str, Any], said: str, *, heard: bool
) -> None:
    live, proposed = a_report(), a_report(**changed)
    assert changes(live, proposed, SCHEME) == (said,)
    assert tells_otherwise(live, proposed, SCHEME) is heard


def test_a_condition_that_is_new_says_that_no_longer_everyone_is_meant() -> None:
    said = changes(a_report(condition=None), a_report(condition="notebooks > 5"), SCHEME)
    assert said == ("condition added, no longer everyone is meant: notebooks > 5",)


def test_a_remedy_for_another_version_is_another_remedy() -> None:
    proposed = a_report(remedies=[WAIT, {"kind": "upgrade_to", "version": "4.2.3"}, REPAIR])
    assert changes(a_report(), proposed, SCHEME) == (
        "remedy added: upgrade to 4.2.3",
        "remedy dropped: upgrade to 4.2.2",
    )
    assert tells_otherwise(a_report(), proposed, SCHEME)


def test_the_same_report_changes_nothing() -> None:
    assert changes(a_report(), a_report(), SCHEME) == ()
