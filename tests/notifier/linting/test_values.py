"""A condition that compares a fact with what no install has now; found on both databases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from feeds.types import DefectReport
from installs_registry import products
from notifier import previews
from notifier.linting import values
from storage import Database, Tx
from tests.notifier.linting.cases import alternatives_by_mistake, openshift_risks
from tests.notifier.stage import ERASES_V2, Stage

FACTS = {
    "infrastructure": {"type": "string"},
    "nodes": {"type": "integer"},
    "plugins": {"type": "strings"},
    "schema": {"type": "version", "scheme": "intdot"},
    "never_reported": {"type": "string"},
}


@pytest.fixture
async def clusters(database: Database) -> Stage:
    """A product whose installs run on AWS and GCP."""
    stage = Stage(database)
    await stage.set_up(facts=FACTS)
    for number, infrastructure in enumerate(["AWS", "GCP", "AWS"]):
        await stage.check_in(
            f"cluster-{number}",
            platform={"os": "rhcos", "arch": "arm64"},
            footprint={
                "infrastructure": infrastructure,
                "nodes": 3,
                "plugins": ["ovn", "multus"],
                "schema": "2.10",
            },
        )
    return stage


async def _told(stage: Stage, condition: str | None) -> list[str]:
    def work(tx: Tx) -> list[str]:
        return [warning.detail for warning in values.never_seen(tx, products.find(tx, "notes"), condition)]

    return await stage.database.read(work)


async def test_the_real_mistake_of_openshift_is_found_and_the_alternatives_are_written_out(
    clusters: Stage, data: Path
) -> None:
    value = alternatives_by_mistake(data)
    message = openshift_risks(data)["InvalidArchitectureValueOfMachinesetsAnnotation"]["message"]
    report = {
        **ERASES_V2,
        "title": message[:80].replace("\n", " "),
        "summary": message,
        "condition": f"infrastructure == '{value}'",
    }
    view = await clusters.database.read(previews.preview, msgspec.convert(report, DefectReport), clusters.now)
    [found] = [warning for warning in view.warnings if "no install has" in warning.detail]
    assert found.at == "/condition"
    assert f"no install has infrastructure '{value}'" in found.detail
    assert "infrastructure in ['AWS', 'GCP']" in found.detail
    assert await _told(clusters, "infrastructure in ['AWS', 'GCP']") == []


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("infrastructure == 'Azure'", "At character 19: no install has infrastructure 'Azure' now."),
        ("infrastructure != 'Azure'", "no install has infrastructure 'Azure' now."),
        ("'Azure' == infrastructure", "no install has infrastructure 'Azure' now."),
        ("nodes > 1 && infrastructure in ['AWS', 'Azure']", "no install has infrastructure 'Azure' now."),
        ("!(infrastructure == 'aws')", "no install has infrastructure 'aws' now."),
        ("nodes == 4", "no install has nodes 4 now."),
        ("'sriov' in plugins", "no install has plugins 'sriov' now."),
        ("infrastructure.startsWith('Az')", "no install has infrastructure beginning with 'Az' now."),
        ("infrastructure.contains('z')", "no install has infrastructure containing 'z' now."),
        ("schema == version('3.0')", "no install has schema '3.0' now."),
        ("platform.os == 'windows'", "no install has platform.os 'windows' now."),
        ("install.first_version == version('9.9')", "no install has install.first_version '9.9' now."),
        ("never_reported == 'x'", "no install reports never_reported now, so it can only be unknown."),
    ],
)
async def test_a_value_that_nobody_has_is_named_with_its_place(clusters: Stage, condition: str, says: str) -> None:
    [detail] = await _told(clusters, condition)
    assert says in detail


@pytest.mark.parametrize(
    "condition",
    [
        None,
        "infrastructure == 'AWS' || infrastructure == 'GCP'",
        "nodes == 3 && nodes > 1000",
        "'ovn' in plugins",
        "infrastructure.endsWith('S')",
        "schema == version('2.10.0')",
        "platform.arch == 'arm64' && platform.os != 'rhcos'",
        "install.first_version == version('4.1')",
        "has(never_reported)",
    ],
)
async def test_what_somebody_has_is_let_be_and_a_threshold_is_no_value(clusters: Stage, condition: str | None) -> None:
    assert await _told(clusters, condition) == []


async def test_nothing_is_said_while_no_install_is_known(stage: Stage) -> None:
    assert await _told(stage, "storage_format == 'v9'") == []


async def test_no_more_than_a_bounded_number_of_values_is_looked_up(clusters: Stage) -> None:
    many: list[Any] = [f"'{number}'" for number in range(100)]
    assert len(await _told(clusters, f"infrastructure in [{', '.join(many)}]")) == values.MOST_VALUES


async def test_a_condition_whose_facts_were_retired_since_is_said_to_fit_no_longer(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    defect = await stage.file()
    await stage.set_up(facts={"plugins": {"type": "strings"}})
    view = await stage.database.read(previews.preview_of, defect, stage.now)
    said = [warning.detail for warning in view.warnings if "no longer fits" in warning.detail]
    assert said == ["It no longer fits what notes declares: `notebooks` is not a fact of this product."]
