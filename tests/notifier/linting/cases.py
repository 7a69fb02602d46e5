"""Builders: a report with its product, as a lint looks at it, and the real records that the lints are held against."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

import risk
from feeds.ranges import as_ranges
from feeds.types import DefectReport
from notifier.linting.case import Case, Lint
from notifier.types import Headcount
from risk import Exposure
from tests.notifier.stage import ERASES_V2

OFFERED = {"4.1.0": "offered", "4.2.0": "offered", "4.2.1": "offered", "4.2.2": "offered"}


def a_case(
    *,
    scheme: str = "intdot",
    releases: Mapping[str, Any] | Iterable[str] = OFFERED,
    exposed: int = 3,
    unsure: int = 0,
    not_concerned: int = 5,
    **changes: Any,
) -> Case:
    """Return the report of tests/notifier with these changes, for a product with these releases."""
    statuses = dict(releases) if isinstance(releases, Mapping) else dict.fromkeys(releases, "offered")
    rows = [{"version": version, "status": status} for version, status in statuses.items()]
    report = msgspec.convert({**ERASES_V2, **changes}, DefectReport)
    product = risk.Product(
        id="notes",
        scheme=risk.scheme(scheme),
        facts={},
        releases=msgspec.convert(rows, tuple[risk.Release, ...]),
    )
    defect = risk.Defect("D-1", 1, report.title, report.severity, as_ranges(report.affected))
    counts = {exposure: Headcount(0, 0) for exposure in Exposure} | {
        Exposure.AT_RISK: Headcount(exposed - unsure, 1),
        Exposure.CANNOT_TELL: Headcount(unsure, 1),
    }
    return Case(report, product, risk.Shelf.of(product), risk.Rule.compile(defect, product), counts, not_concerned)


def places(lint: Lint, case: Case) -> list[str]:
    """Return where a lint finds something."""
    return [warning.at for warning in lint(case)]


def incident(data: Path, key: str) -> dict[str, Any]:
    """Return a real incident."""
    record = json.loads((data / "incidents" / "real-upgrade-incidents.json").read_text("utf-8"))
    found: dict[str, Any] = next(each for each in record["incidents"] if each["key"] == key)
    return found


def openshift_risks(data: Path) -> dict[str, dict[str, Any]]:
    """Return OpenShift's risks by name."""
    return {risk["name"]: risk for risk in json.loads((data / "openshift" / "risks.json").read_text("utf-8"))}


def alternatives_by_mistake(data: Path) -> str:
    """Return the value that OpenShift compared a type with, where it meant one of two."""
    promql = openshift_risks(data)["InvalidArchitectureValueOfMachinesetsAnnotation"]["promql"]
    found = re.search(r'type="([^"]*\|[^"]*)"', promql)
    assert found is not None
    return found[1]


def alerts(data: Path) -> list[dict[str, Any]]:
    """Return Home Assistant's alerts, each as it was first published."""
    lines = (data / "ha-alerts" / "timeline.jsonl").read_text("utf-8").splitlines()
    return [event for event in map(json.loads, lines) if event["action"] == "publish"]
