"""A release that comes out just behind an unresolved defect's range is asked about; found on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from feeds import store as defects
from notifier import publishing
from notifier.linting import newer_releases
from notifier.linting.newer_releases import Doubt
from storage import Database, Tx
from tests.notifier.linting.cases import openshift_risks
from tests.notifier.stage import Stage

CLOSED = [{"introduced": "4.2.0", "last_affected": "4.2.1"}]
NO_REMEDIES: list[object] = []


async def _doubts(stage: Stage, defect: str) -> list[Doubt]:
    def work(tx: Tx) -> list[Doubt]:
        return newer_releases.doubts(tx, defects.find(tx, defect))

    return await stage.database.read(work)


async def test_the_defect_asks_whether_the_new_release_carries_it_still(stage: Stage) -> None:
    defect = await stage.publish(affected=CLOSED, remedies=NO_REMEDIES)
    assert await _doubts(stage, defect) == []
    await stage.release("4.2.2")
    [doubt] = await _doubts(stage, defect)
    assert (doubt.release, doubt.at) == ("4.2.2", "/affected/0/last_affected")
    assert "Does it carry the defect still?" in doubt.sentence
    shown = await stage.database.read(publishing.view, defect, stage.now)
    assert [(warning.at, warning.detail) for warning in shown.warnings] == [(doubt.at, doubt.sentence)]


async def test_the_release_is_answered_with_the_same_question(stage: Stage) -> None:
    defect = await stage.publish(affected=CLOSED, remedies=NO_REMEDIES)
    await stage.release("4.2.2")
    [warning] = await stage.database.read(newer_releases.about_release, "notes", "4.2.2")
    assert warning.detail.startswith(f"{defect}: 4.2.2 was registered after revision 1")
    assert await stage.database.read(newer_releases.about_release, "notes", "4.2.0") == ()


async def test_a_release_that_is_said_to_be_the_fix_asks_for_the_resolution(stage: Stage) -> None:
    defect = await stage.publish()
    await stage.release("4.2.2")
    [doubt] = await _doubts(stage, defect)
    assert (doubt.at, "resolve the defect" in doubt.sentence) == ("/affected/0/fixed", True)


@pytest.mark.parametrize("way", ["resolve", "widen", "withdraw"])
async def test_an_answer_ends_the_question(stage: Stage, way: str) -> None:
    defect = await stage.publish(affected=CLOSED, remedies=NO_REMEDIES)
    await stage.release("4.2.2")
    if way == "resolve":
        await stage.resolve(defect)
    elif way == "withdraw":
        await stage.withdraw(defect)
    else:
        wider = [{"introduced": "4.2.0", "last_affected": "4.2.2"}]
        await stage.revise(defect, affected=wider, remedies=NO_REMEDIES)
    assert await _doubts(stage, defect) == []


async def test_a_release_known_when_it_was_published_or_far_behind_the_range_is_no_question(stage: Stage) -> None:
    await stage.release("4.2.2")
    defect = await stage.publish(affected=CLOSED, remedies=NO_REMEDIES)
    await stage.release("4.3.0")
    assert await _doubts(stage, defect) == []


async def test_a_withdrawn_release_and_a_draft_are_no_question(stage: Stage) -> None:
    published = await stage.publish(affected=CLOSED, remedies=NO_REMEDIES)
    draft = await stage.file(id="NOTES-2", affected=CLOSED, remedies=NO_REMEDIES)
    await stage.release("4.2.2", "withdrawn")
    assert await _doubts(stage, published) == await _doubts(stage, draft) == []


async def test_a_real_risk_is_asked_about_at_each_release_that_followed(database: Database, data: Path) -> None:
    risk = openshift_risks(data)["InvalidArchitectureValueOfMachinesetsAnnotation"]
    targets, fixed = risk["targets"], risk["fixed_in"][0]
    stage = Stage(database)
    await stage.set_up(version_scheme="semver")
    await stage.release(targets[0])
    defect = await stage.publish(affected=[{"versions": targets[:1]}], remedies=NO_REMEDIES)
    for known, following in enumerate(targets[1:], start=1):
        await stage.release(following)
        assert [doubt.release for doubt in await _doubts(stage, defect)] == [following]
        await stage.revise(defect, affected=[{"versions": targets[: known + 1]}], remedies=NO_REMEDIES)
    await stage.release(fixed)
    assert [doubt.release for doubt in await _doubts(stage, defect)] == [fixed]
