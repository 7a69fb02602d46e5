from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import risk
from feeds.checking import check
from feeds.closing import closed
from tests.feeds.builders import NOTES, a_report


def incidents(data: Path) -> list[dict[str, Any]]:
    record = json.loads((data / "incidents" / "real-upgrade-incidents.json").read_text("utf-8"))
    found: list[dict[str, Any]] = record["incidents"]
    return found


def test_the_ranges_of_every_real_incident_can_be_filed(data: Path) -> None:
    for incident in incidents(data):
        scheme = risk.scheme(incident["scheme"])
        product = replace(NOTES, vocabulary=replace(NOTES.vocabulary, scheme=scheme))
        for name in ("ranges", "ranges_revision_1", "ranges_revision_2"):
            if name in incident:
                assert check(a_report(affected=incident[name]), product).report.affected


def test_an_incident_that_nothing_had_fixed_is_closed_by_its_fix(data: Path) -> None:
    [boostnote] = [each for each in incidents(data) if each["key"] == "boostnote-0.6.5"]
    report = closed(a_report(affected=boostnote["ranges"]), "0.6.6", risk.scheme("semver"))
    assert [(entry.introduced, entry.fixed) for entry in report.affected] == [("0.6.5", "0.6.6")]
