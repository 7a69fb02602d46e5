"""The audience: counted before publishing, and what publishing then finds."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from feeds.types import DefectReport
from notifier.audience import audience, audience_of
from notifier.registering import Reporter
from notifier.types import AudienceView, Headcount
from storage.outcomes import Invalid
from tests.notifier.stage import AT_RISK, ERASES_V2, SAFE, Stage


async def _preview(stage: Stage, **changes: Any) -> AudienceView:
    report = msgspec.convert({**ERASES_V2, **changes}, DefectReport)
    return await stage.database.read(audience, report)


async def test_it_counts_each_exposure_and_why_the_others_are_not_concerned(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    await stage.holds("ann", "ann-2")
    await stage.holds("bob", "bob-1", notebooks=1)
    await stage.holds("cem", "cem-1", "4.2.1")
    await stage.holds("dan", "dan-1", **SAFE)
    await stage.holds("eve", "eve-1", "4.2.2")
    view = await _preview(stage)
    assert view.at_risk == Headcount(2, 1)
    assert view.cannot_tell == Headcount(1, 1)
    assert view.already_upgraded == Headcount(1, 1)
    assert (
        view.not_at_risk.installs,
        view.not_at_risk.because.version,
        view.not_at_risk.because.condition,
    ) == (2, 1, 1)


async def test_it_counts_the_ways_to_reach_them(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    await stage.customer("bob", email=None, webhook="https://hooks.example.com/in")
    await stage.check_in("bob-1", customer="bob", footprint=AT_RISK)
    await stage.check_in("app-1", footprint=AT_RISK, reporter=Reporter("t" * 32, 1))
    await stage.check_in("lone-1", footprint=AT_RISK)
    reach = (await _preview(stage)).reachable
    assert (reach.email, reach.webhook, reach.in_app, reach.nobody) == (1, 1, 1, 1)


async def test_what_is_previewed_is_what_publishing_finds(stage: Stage) -> None:
    for number in range(9):
        await stage.holds(f"c{number}", f"i{number}", "4.1.0", notebooks=number % 3, storage_format="v2")
    preview = await _preview(stage)
    defect = await stage.publish()
    after = await stage.database.read(audience_of, defect)
    assert (preview.at_risk, preview.not_at_risk) == (after.at_risk, after.not_at_risk)
    assert len(await stage.notices()) == preview.at_risk.customers == 6


async def test_a_preview_changes_nothing(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    before = (await _preview(stage)).as_of
    assert (await _preview(stage)).as_of == before
    assert await stage.notices() == []


@pytest.mark.parametrize(
    ("changes", "at", "says"),
    [
        ({"title": "x" * 81}, "/title", "81 characters"),
        ({"remedies": []}, "/remedies", "no remedy"),
        ({"remedies": [{"kind": "upgrade_to", "version": "9.9"}]}, "/remedies/0/version", "not a registered"),
        ({"affected": [{"introduced": "7.0"}]}, "/affected", "No registered release"),
        ({"condition": "notebooks > 1000"}, "/condition", "Nobody matches"),
        ({"condition": "notebooks >= 0"}, "/condition", "Everybody matches"),
        ({"condition": "'word' in plugins"}, "/condition", "facts are missing"),
    ],
)
async def test_what_looks_odd_is_said_and_blocks_nothing(
    stage: Stage, changes: dict[str, Any], at: str, says: str
) -> None:
    await stage.holds("ann", "ann-1")
    warnings = (await _preview(stage, **changes)).warnings
    assert any(warning.at == at and says in warning.detail for warning in warnings), warnings


async def test_an_unknown_product_is_refused_at_its_place(stage: Stage) -> None:
    with pytest.raises(Invalid) as refused:
        await _preview(stage, product="nodes")
    assert [fault.at for fault in refused.value.faults] == ["/product"]
