"""`forewarn defect show`: what stands of a defect, and all that was ever said of it; on both databases."""

from __future__ import annotations

from tests.commands.conftest import Forewarn
from tests.commands.vendors import a_vendor
from tests.notifier.stage import Stage

WIDER = [{"introduced": "4.1.0", "fixed": "4.2.2"}]


async def _revised(stage: Stage) -> None:
    defect = await stage.publish()
    await stage.revise(defect, affected=WIDER, references=[{"type": "evidence", "url": "https://notes.example/1"}])


def test_what_stands_is_shown_as_people_read_it(forewarn: Forewarn, database_url: str) -> None:
    a_vendor(database_url, _revised)
    shown = forewarn("defect", "show", "NOTES-4411")
    assert shown.code == 0
    assert shown.out.startswith("NOTES-4411 is published, revision 2; filed by quinn at ")
    for line in (
        "  data-loss: Upgrading to 4.2 can erase notes kept in the v2 format",
        "  affected: version 4.1.0 and later, before 4.2.2",
        "  condition: notebooks > 0 && storage_format in ['v1', 'v2']",
        "  remedy: upgrade_to 4.2.2",
        "  reference: https://notes.example/1",
    ):
        assert f"{line}\n" in shown.out
    assert forewarn("defect", "show", "NOTES-4411", "--json").answer["revision"] == 2


def test_each_wording_is_shown_with_what_it_changed_the_newest_first(forewarn: Forewarn, database_url: str) -> None:
    a_vendor(database_url, _revised)
    shown = forewarn("defect", "show", "NOTES-4411", "--revisions").out
    assert "  changed: affected range widened: 4.2.0 → 4.1.0\n" in shown
    assert shown.index("revision 2: live, by quinn") < shown.index("revision 1: past, by quinn")
    answer = forewarn("defect", "show", "NOTES-4411", "--revisions", "--json").answer
    assert [(view["revision"], view["state"]) for view in answer] == [(1, "past"), (2, "live")]


def test_a_defect_that_is_not_there_is_said_to_be_none(forewarn: Forewarn, database_url: str) -> None:
    a_vendor(database_url, Stage.publish)
    shown = forewarn("defect", "show", "NOTES-1")
    assert (shown.code, "There is no such defect." in shown.err) == (1, True)
