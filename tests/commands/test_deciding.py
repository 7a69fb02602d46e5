"""The acts on a filed defect from the command line, and the vendor's rules, on both databases."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands.conftest import Forewarn
from tests.commands.vendors import a_report, a_vendor
from tests.notifier.stage import Stage

ANN, BOB = ("--as", "ann"), ("--as", "bob")
WRONG = ("--reason", "Wrong.")


@pytest.fixture
def vendor(database_url: str) -> None:
    async def with_a_live_defect(stage: Stage) -> None:
        await stage.holds("ann", "ann-1")
        await stage.publish()
        await stage.deliver()

    a_vendor(database_url, with_a_live_defect)


@pytest.mark.usefixtures("vendor")
def test_a_revision_is_proposed_with_what_it_would_do_and_can_be_discarded(forewarn: Forewarn, tmp_path: Path) -> None:
    wider = a_report(tmp_path, affected=[{"introduced": "4.1.1", "fixed": "4.2.2"}])
    revised = forewarn("defect", "revise", "NOTES-4411", wider, *ANN)
    assert (revised.code, revised.out.splitlines()[:2]) == (
        0,
        [
            "NOTES-4411 is published, revision 1; revision 2 is proposed",
            "  affected range widened: 4.2.0 → 4.1.1",
        ],
    )
    assert "        1 (1 installs) told before, different now: told the correction" in revised.out
    previewed = forewarn("defect", "preview", "NOTES-4411")
    assert "  affected range widened: 4.2.0 → 4.1.1" in previewed.out
    discarded = forewarn("defect", "discard", "NOTES-4411", *ANN)
    assert discarded.out == "NOTES-4411 is published, revision 1\n"


@pytest.mark.usefixtures("vendor")
def test_one_pauses_and_two_go_on(forewarn: Forewarn) -> None:
    paused = forewarn("defect", "pause", "NOTES-4411", "--reason", "The relay is on fire.", "--until", "4h", *ANN)
    assert "by ann: The relay is on fire." in paused.out
    waits = forewarn("defect", "resume", "NOTES-4411", *ANN)
    assert waits.out.startswith("NOTES-4411 stays as it is until another person signs")
    assert forewarn("defect", "resume", "NOTES-4411", *BOB).out == "NOTES-4411 is published, revision 1\n"


@pytest.mark.usefixtures("vendor")
def test_an_objection_stands_by_name_and_stops_nothing(forewarn: Forewarn) -> None:
    objected = forewarn("defect", "object", "NOTES-4411", *WRONG, "--until", "2999-01-01T00:00Z", "--json", *ANN)
    (objection,) = objected.answer["objections"]
    assert (objection["person"], objection["upgraded_meanwhile"]) == ("ann", 0)
    assert objected.answer["state"] == "published"


@pytest.mark.usefixtures("vendor")
def test_what_was_resolved_too_early_is_reopened_by_one(forewarn: Forewarn) -> None:
    first, second = (forewarn("defect", "resolve", "NOTES-4411", "--fixed-in", "4.2.2", *who) for who in (ANN, BOB))
    assert first.out.startswith("NOTES-4411 stays published")
    assert second.out.startswith("NOTES-4411 is resolved")
    assert forewarn("defect", "reopen", "NOTES-4411", *WRONG, *ANN).out.startswith("NOTES-4411 is published")


@pytest.mark.usefixtures("vendor")
@pytest.mark.parametrize("until", ["", "h", "soon", "99999999h", "2020-01-01", "3d"])
def test_a_time_that_cannot_be_is_refused_with_a_sentence(forewarn: Forewarn, until: str) -> None:
    refused = forewarn("defect", "pause", "NOTES-4411", *WRONG, "--until", until, *ANN)
    assert refused.code == 1
    assert refused.err.startswith("forewarn: /until: ")


@pytest.mark.usefixtures("vendor")
def test_fewer_people_for_clearing_is_two_peoples_word(forewarn: Forewarn) -> None:
    assert forewarn("sign-off").out.startswith("to narrow, resolve, withdraw or resume takes 2 people\n")
    asked = forewarn("sign-off", "--people", "1", *ANN)
    assert "one person is asked for by ann; it waits for another person's word" in asked.out
    assert json.loads(forewarn("sign-off", "--people", "1", "--json", *BOB).out)["signatures_needed"] == 1
    assert forewarn("defect", "withdraw", "NOTES-4411", *WRONG, *ANN).out.startswith("NOTES-4411 is withdrawn")


@pytest.mark.usefixtures("vendor")
def test_the_settings_alone_do_not_lower_the_number_and_one_person_confirms(
    forewarn: Forewarn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOREWARN_SIGNATURES_NEEDED", "1")
    shown = forewarn("sign-off", "--json").answer
    assert shown["signatures_needed"] == 2
    assert shown["asked"] == {"people": 1, "signed_by": ["the settings"], "needs": 1}
    assert forewarn("sign-off", "--people", "1", "--json", *ANN).answer["signatures_needed"] == 1


def test_nobody_signs_in_the_name_of_the_settings(forewarn: Forewarn) -> None:
    refused = forewarn("sign-off", "--people", "1", "--as", "The Settings")
    assert refused.code == 1
    assert "no person's name" in refused.err
