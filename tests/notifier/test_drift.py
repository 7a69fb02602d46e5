"""What was previewed is remembered, and publishing says what has changed since; on both databases."""

from __future__ import annotations

import msgspec

from feeds import store as defects
from feeds.life import State
from feeds.types import DefectReport
from notifier import drift, previews, publishing
from notifier.types import DriftView, PublishedView, ThenAndNow
from storage import Tx
from tests.notifier.stage import AT_RISK, ERASES_V2, SAFE, Stage


async def _previewed(stage: Stage, defect: str, person: str) -> None:
    def work(tx: Tx) -> None:
        previews.remember(tx, defect, previews.preview_of(tx, defect, stage.now), person, stage.now)

    await stage.database.call(work)


async def _since(stage: Stage, defect: str, person: str = "ada") -> DriftView | None:
    return await stage.database.read(drift.since_preview, defect, person)


async def _seen(stage: Stage, defect: str, person: str = "ada") -> DriftView:
    found = await _since(stage, defect, person)
    assert found is not None
    return found


async def _holding(stage: Stage, *installs: str) -> None:
    for install in installs:
        await stage.holds(install, install)


async def test_filing_is_a_preview_and_nothing_has_changed_since(stage: Stage) -> None:
    await _holding(stage, "a", "b")
    defect = await stage.file()
    found = await _seen(stage, defect)
    assert (found.person, found.revision, found.at_risk) == ("quinn", 1, ThenAndNow(2, 2))
    assert found.sentence == "no change"


async def test_publishing_says_who_is_new_and_who_has_upgraded_meanwhile(stage: Stage) -> None:
    await _holding(stage, "a", "b", "c", "d")
    defect = await stage.file()
    stage.later(hours=1)
    await _holding(stage, "e", "f")
    await stage.check_in("a", "4.2.1")
    acted = await stage.act(drift.publish, defect)
    assert isinstance(acted.view, PublishedView)
    assert (acted.view.state, acted.view.id) == (State.PUBLISHED, defect)
    found = acted.view.drift
    assert found is not None
    assert (found.at_risk, found.already_upgraded) == (ThenAndNow(4, 5), ThenAndNow(0, 1))
    assert (found.new, found.upgraded, found.sentence) == (2, 1, "+2 new, −1 upgraded")


async def test_a_change_of_data_is_told_apart(stage: Stage) -> None:
    await _holding(stage, "a", "b")
    await stage.holds("safe", "safe", **SAFE)
    defect = await stage.file()
    stage.later(hours=1)
    await stage.check_in("safe", footprint=AT_RISK)
    assert (await _seen(stage, defect)).sentence == "+1 by other changes"
    for install in ("a", "b", "safe"):
        await stage.check_in(install, footprint=SAFE)
    assert (await _seen(stage, defect)).sentence == "−2 by other changes"


async def test_ones_own_preview_goes_before_that_of_another(stage: Stage) -> None:
    await _holding(stage, "a")
    defect = await stage.file()
    stage.later(hours=1)
    await _holding(stage, "b")
    await _previewed(stage, defect, "ada")
    stage.later(hours=1)
    await _previewed(stage, defect, "omar")
    assert (await _seen(stage, defect, "quinn")).person == "quinn"
    assert (await _seen(stage, defect, "ada")).sentence == "no change"
    assert (await _seen(stage, defect, "eve")).person == "omar"


async def test_a_preview_of_another_revision_does_not_count(stage: Stage) -> None:
    defect = await stage.file()
    await _previewed(stage, defect, "ada")
    report = msgspec.convert({**ERASES_V2, "title": "Upgrading erases notes"}, DefectReport)
    await stage.database.call(publishing.revise, defect, report, stage.by("quinn"))
    found = await _seen(stage, defect, "ada")
    assert (found.person, found.revision) == ("quinn", 2)


async def test_what_a_forgotten_person_was_shown_is_forgotten(stage: Stage) -> None:
    defect = await stage.file()
    await _previewed(stage, defect, "Ada")
    await stage.database.call(previews.forget, "quinn")
    assert (await _seen(stage, defect, "quinn")).person == "Ada"
    await stage.database.call(previews.forget, "ada ")
    assert await _since(stage, defect) is None


async def test_of_what_is_live_no_preview_is_kept_and_no_drift_told(stage: Stage) -> None:
    defect = await stage.publish()
    await _previewed(stage, defect, "ada")
    assert await _since(stage, defect) is None

    def rows(tx: Tx) -> int:
        no = defects.find(tx, defect).no
        where = {"no": no}
        return int(tx.built("SELECT count(*) AS previews FROM previews WHERE defect_no = :no", where)[0]["previews"])

    assert await stage.database.read(rows) == 1


async def test_a_count_that_is_small_is_kept_back_from_a_role_that_may_not_file(stage: Stage) -> None:
    await _holding(stage, "a", "b")
    for number in range(7):
        await stage.holds(f"safe-{number}", f"safe-{number}", **SAFE)
    defect = await stage.file()
    view = await stage.database.read(previews.preview_of, defect, stage.now)
    kept_back = previews.coarse(view, 5)
    assert (kept_back.at_risk.installs, kept_back.at_risk.customers, kept_back.at_risk.fewer_than) == (4, 4, 5)
    assert kept_back.cannot_tell == view.cannot_tell
    assert (kept_back.not_at_risk.installs, kept_back.reachable.email) == (5, 0)
    assert previews.coarse(view, 2) == previews.coarse(view, 0) == view
