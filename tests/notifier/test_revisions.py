"""Old texts are kept, with what each changed in the one before; on both databases."""

from __future__ import annotations

import msgspec
import pytest

from feeds.types import DefectReport
from notifier import publishing, revisions
from notifier.revisions import RevisionView
from storage.outcomes import NotFound
from tests.notifier.stage import ERASES_V2, Stage

WIDER = [{"introduced": "4.1.0", "fixed": "4.2.2"}]


async def _revisions(stage: Stage, defect: str = "NOTES-4411") -> list[RevisionView]:
    return await stage.database.read(revisions.of, defect)


def _titled(title: str) -> DefectReport:
    return msgspec.convert({**ERASES_V2, "title": title}, DefectReport)


async def _standings(stage: Stage) -> list[tuple[int, str]]:
    return [(view.revision, view.state.value) for view in await _revisions(stage)]


async def test_each_wording_is_kept_with_who_when_and_what_it_changed(stage: Stage) -> None:
    defect = await stage.publish()
    first = stage.now
    stage.later(hours=1)
    await stage.revise(defect, affected=WIDER, title="Upgrading erases notes")
    old, new = await _revisions(stage)
    assert (old.report.title, old.changes) == (ERASES_V2["title"], ())
    assert (old.by, old.at, old.published_at) == ("quinn", f"{first:%Y-%m-%dT%H:%M:%S.%fZ}", old.at)
    assert new.report.title == "Upgrading erases notes"
    assert new.changes == ("affected range widened: 4.2.0 → 4.1.0", "title reworded")
    assert [view.revision for view in await stage.database.read(lambda tx: revisions.of(tx, defect, after=1))] == [2]


async def test_a_revision_says_where_it_stands(stage: Stage) -> None:
    defect = await stage.file()
    await stage.database.call(publishing.revise, defect, _titled("Second"), stage.by("quinn"))
    assert await _standings(stage) == [(1, "dropped"), (2, "draft")]
    await stage.act(publishing.publish, defect)
    await stage.database.call(publishing.revise, defect, _titled("Third"), stage.by("quinn"))
    assert await _standings(stage) == [(1, "dropped"), (2, "live"), (3, "proposed")]
    await stage.act(publishing.publish, defect)
    await stage.resolve(defect)
    assert await _standings(stage) == [(1, "dropped"), (2, "past"), (3, "past"), (4, "live")]


async def test_nothing_of_what_was_withdrawn_or_discarded_is_live(stage: Stage) -> None:
    defect = await stage.publish()
    await stage.withdraw(defect)
    assert await _standings(stage) == [(1, "past")]
    other = await stage.file(id="NOTES-2")
    await stage.act(publishing.discard, other)
    assert [view.state.value for view in await _revisions(stage, other)] == ["dropped"]


async def test_an_unknown_defect_has_none(stage: Stage) -> None:
    with pytest.raises(NotFound):
        await _revisions(stage, "NOTES-1")
