"""The incident files: complete, true to the public record, and fit to be filed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import risk
from examples.demo.assumptions import SECTION, filled_in
from examples.demo.records import Incident, incidents
from feeds.checking import Declared, check
from feeds.types import DefectReport
from installs_registry.types import ProductDeclaration
from tests.conftest import ROOT

BAD_FIX = "linux-6.1.66"
ALL = incidents()


def declarations() -> dict[str, ProductDeclaration]:
    return {each.product.id: each.product.declaration for each in ALL if each.product is not None}


def declared(product: str) -> Declared:
    """Return what a report on this product may speak of."""
    declaration = declarations()[product]
    facts = {name: risk.Fact(name, risk.FactType(fact.type), fact.scheme) for name, fact in declaration.facts.items()}
    return Declared(product, 1, risk.Vocabulary(facts, risk.scheme(declaration.version_scheme)))


def record(data: Path) -> dict[str, dict[str, Any]]:
    text = (data / "incidents" / "real-upgrade-incidents.json").read_text("utf-8")
    return {each["key"]: each for each in json.loads(text)["incidents"]}


def ranges(report: DefectReport) -> list[tuple[str | None, str | None, str | None]]:
    return [(entry.introduced, entry.fixed, entry.last_affected) for entry in report.affected]


def recorded(found: list[dict[str, str]]) -> list[tuple[str | None, str | None, str | None]]:
    return [(entry.get("introduced"), entry.get("fixed"), entry.get("last_affected")) for entry in found]


def test_the_ten_incidents_of_the_record_are_there_and_the_faulty_fix_is_the_eleventh(data: Path) -> None:
    assert sorted(each.key for each in ALL) == sorted([*record(data), BAD_FIX])


def test_schemes_ranges_and_days_are_those_of_the_record(data: Path) -> None:
    found = record(data)
    for incident in ALL:
        if incident.key == BAD_FIX:
            continue
        said = found[incident.key]
        assert declarations()[incident.report.product].version_scheme == said["scheme"]
        assert ranges(incident.report) == recorded(said.get("ranges") or said["ranges_revision_1"])
        if "declared" in said:
            assert incident.filed.at.date().isoformat() == said["declared"][:10]
        if "fix_released" in said and incident.end is not None:
            [fix] = [each for each in incident.releases if each.version == incident.end.fixed_in]
            assert fix.offered_at.date().isoformat() == said["fix_released"]


def test_the_revision_of_openzfs_is_that_of_the_record(data: Path) -> None:
    [openzfs] = [each for each in ALL if each.revision is not None]
    assert openzfs.revision is not None
    assert ranges(openzfs.revision.report) == recorded(record(data)[openzfs.key]["ranges_revision_2"])


def test_nothing_that_the_record_lacks_is_passed_off_as_known(data: Path) -> None:
    found = record(data)
    for incident in ALL:
        said = found.get(incident.key, {})
        assert incident.filed.assumed is ("T" not in said.get("declared", ""))
        fixed = {each.version for each in incident.releases if incident.end and each.version == incident.end.fixed_in}
        known = {each.version for each in incident.releases if not each.assumed}
        assert known <= fixed
        assert incident.published.assumed
        assert incident.assumptions


@pytest.mark.parametrize("incident", ALL, ids=lambda incident: incident.key)
def test_each_report_can_be_filed(incident: Incident) -> None:
    reports = [incident.report, *([incident.revision.report] if incident.revision else [])]
    for report in reports:
        assert check(report, declared(incident.report.product)).report == report


@pytest.mark.parametrize("incident", ALL, ids=lambda incident: incident.key)
def test_the_story_of_each_runs_forward(incident: Incident) -> None:
    moments = [incident.begins, incident.filed.at, incident.published.at]
    if incident.revision is not None:
        moments += [incident.revision.proposed.at, incident.revision.published.at]
    if incident.end is not None:
        fixes = [each for each in ALL if each.report.product == incident.report.product]
        [fix] = {r.offered_at for each in fixes for r in each.releases if r.version == incident.end.fixed_in}
        moments += [fix, incident.end.resolved.at]
    assert moments == sorted(moments)


@pytest.mark.parametrize("incident", ALL, ids=lambda incident: incident.key)
def test_the_app_of_each_is_at_risk_by_the_report(incident: Incident) -> None:
    known = declared(incident.report.product)
    scheme = known.vocabulary.scheme
    affected = risk.compile_ranges(
        [risk.Range(entry.introduced, entry.fixed, entry.last_affected) for entry in incident.report.affected], scheme
    )
    assert scheme.key(incident.app.version) not in affected
    assert scheme.key(incident.app.to) in affected
    assert scheme.key(incident.tempting) in affected


def test_what_is_filled_in_is_told_in_the_docs() -> None:
    page = (ROOT / "docs" / "demo.md").read_text("utf-8")

    assert page.partition(SECTION)[2].strip() == filled_in(ALL).strip(), "run: python -m examples.demo.assumptions"
