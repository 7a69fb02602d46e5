"""The back-test: which upgrades of the past a defect would have warned of, on both databases."""

from __future__ import annotations

from typing import Any

import msgspec

from feeds.types import DefectReport
from installs_registry.types import ProductDeclaration, ReleaseDeclaration
from notifier import previews, releasing
from notifier.types import BacktestView, InVain, InVainBecause
from tests.notifier.stage import AT_RISK, ERASES_V2, NOTES, SAFE, Stage

NOT_SAID: dict[str, Any] = {"notebooks": 3}


async def _tested(stage: Stage, days: int = 90, **changes: Any) -> BacktestView:
    report = msgspec.convert({**ERASES_V2, **changes}, DefectReport)
    view = await stage.database.read(previews.preview, report, stage.now, days)
    assert isinstance(view.backtest, BacktestView)
    return view.backtest


async def _upgrades(stage: Stage, install: str, facts: dict[str, Any], *versions: str) -> None:
    """Let an install report one version after another, a day apart."""
    for version in versions:
        stage.later(days=1)
        await stage.check_in(install, version, footprint=facts)


def _in_vain(version: int, unknown: int) -> InVain:
    return InVain(version + unknown, InVainBecause(version, unknown))


async def test_it_tells_the_harmed_from_those_warned_in_vain_and_those_not_warned(stage: Stage) -> None:
    await stage.release("4.3.0")
    await _upgrades(stage, "harmed", AT_RISK, "4.1.0", "4.2.1")
    await _upgrades(stage, "went-past-it", AT_RISK, "4.1.0", "4.3.0")
    await _upgrades(stage, "cannot-tell", NOT_SAID, "4.1.0", "4.2.1")
    await _upgrades(stage, "without-data", SAFE, "4.1.0", "4.2.1")
    await _upgrades(stage, "had-it-already", AT_RISK, "4.2.0", "4.2.1")
    view = await _tested(stage)
    assert (view.upgrades, view.warned, view.harmed) == (5, 3, 1)
    assert view.in_vain == _in_vain(version=1, unknown=1)


async def test_each_upgrade_counts_and_neither_a_first_check_in_nor_a_step_back_does(stage: Stage) -> None:
    await _upgrades(stage, "restless", AT_RISK, "4.1.0", "4.2.0", "4.1.0", "4.2.1")
    await _upgrades(stage, "new", AT_RISK, "4.2.0")
    view = await _tested(stage)
    assert (view.upgrades, view.warned, view.harmed) == (2, 2, 2)


async def test_only_the_days_that_are_asked_for_are_looked_at(stage: Stage) -> None:
    await _upgrades(stage, "long-ago", AT_RISK, "4.1.0", "4.2.0")
    stage.later(days=100)
    await _upgrades(stage, "lately", AT_RISK, "4.1.0", "4.2.0")
    assert (await _tested(stage)).upgrades == 1
    assert (await _tested(stage, days=200)).upgrades == 2


async def test_a_report_without_a_condition_would_have_warned_of_every_upgrade_into_it(stage: Stage) -> None:
    await _upgrades(stage, "one", SAFE, "4.1.0", "4.2.0")
    await _upgrades(stage, "two", NOT_SAID, "4.1.0", "4.2.0")
    view = await _tested(stage, condition=None)
    assert (view.warned, view.harmed, view.in_vain.upgrades) == (2, 2, 0)


async def test_a_version_of_unknown_place_is_no_upgrade(stage: Stage) -> None:
    await _a_ranked_product(stage)
    await _upgrades_of(stage, "one", "R1", "R2")
    await _upgrades_of(stage, "two", "R1", "nightly")
    view = await _tested(stage, product="ranked", condition=None, affected=[{"versions": ["R2"]}], remedies=[])
    assert (view.upgrades, view.harmed) == (1, 1)


async def _a_ranked_product(stage: Stage) -> None:
    declaration = msgspec.convert({**NOTES, "version_scheme": "list"}, ProductDeclaration)
    await stage.database.call(releasing.declare_product, "ranked", declaration, stage.now)
    for version, after in (("R1", None), ("R2", "R1")):
        release = msgspec.convert({"offered_at": stage.now, "after": after}, ReleaseDeclaration)
        await stage.database.call(releasing.put_release, "ranked", version, release, stage.now)


async def _upgrades_of(stage: Stage, install: str, *versions: str) -> None:
    for version in versions:
        stage.later(days=1)
        await stage.check_in(install, version, product="ranked")


async def test_a_filed_defect_is_tested_too(stage: Stage) -> None:
    await _upgrades(stage, "harmed", AT_RISK, "4.1.0", "4.2.0")
    defect = await stage.file()
    view = await stage.database.read(previews.preview_of, defect, stage.now, 90)
    assert isinstance(view.backtest, BacktestView)
    assert view.backtest.harmed == 1
    without = await stage.database.read(previews.preview_of, defect, stage.now)
    assert without.backtest is msgspec.UNSET
