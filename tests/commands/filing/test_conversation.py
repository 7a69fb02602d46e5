"""`forewarn defect file` as a conversation, through a real pseudo-terminal."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.commands.conftest import Forewarn
from tests.commands.talking import Talk, talk
from tests.commands.vendors import a_vendor
from tests.notifier.stage import SAFE, Stage


async def three_customers(stage: Stage) -> None:
    """Two with old data, one without."""
    await stage.holds("carol", "i-1")
    await stage.holds("erin", "i-2")
    await stage.holds("dave", "i-3", **SAFE)


@pytest.fixture(autouse=True)
def vendor(database_url: str) -> None:
    a_vendor(database_url, three_customers)


def answer_all(person: Talk) -> None:
    """Answer every question up to the last one."""
    person.hears("Releases: 4.1.0, 4.2.0, 4.2.1")
    person.answers("First version with the defect:", "4.2.0")
    person.answers("without it again (Enter: none yet):", "4.2.2")
    person.answers("(Enter: from any):", "")
    person.hears("3 installs of 3 customers at risk; 0 hear nothing.")
    person.answers("Condition (Enter: every install):", "notebooks > 0 && storage_format in ['v1', 'v2']")
    person.hears("2 installs of 2 customers at risk; 1 hear nothing.")
    person.answers("How grave is it?", "1")
    person.answers("the subject of the mail:", "Upgrading to 4.2 can erase notes")
    person.answers("…", "The first start of 4.2 rewrites notebooks.")
    person.answers("…", "Do not upgrade yet.")
    person.answers("…", "")
    person.answers("Offer the upgrade to 4.2.2? [Y/n]", "")
    person.answers("Another remedy (Enter: no more):", "wait")
    person.answers("In words for the customer (Enter: none):", "Stay with 4.1.")
    person.answers("Another remedy (Enter: no more):", "")
    person.answers("Are the versions before 4.2.0 free of it? [Y/n]", "y")
    person.answers("(Enter: one is made):", "NOTES-7")
    person.answers("the evidence (Enter: none):", "")


def test_the_answers_become_a_draft(forewarn: Forewarn, database_url: str) -> None:
    with talk("defect", "file", "--as", "Quinn", "--database", database_url) as person:
        answer_all(person)
        person.hears("This is what will be filed")
        person.hears("/remedies/0/version: 4.2.2 is not a registered release.")
        person.answers("Your choice:", "yes")
        assert person.ends() == 0
        assert "NOTES-7 is draft, revision 1" in person.screen
    [filed] = forewarn("defect", "list", "--json").answer
    assert (filed["id"], filed["filed_by"], filed["severity"]) == ("NOTES-7", "Quinn", "data-loss")
    assert filed["summary"] == "The first start of 4.2 rewrites notebooks.\nDo not upgrade yet."
    assert [remedy["kind"] for remedy in filed["remedies"]] == ["upgrade_to", "wait"]


def test_a_wrong_answer_is_explained_and_asked_for_again(forewarn: Forewarn, database_url: str) -> None:
    with talk("defect", "file", "--as", "Quinn", "--database", database_url) as person:
        person.answers("First version with the defect:", "four")
        person.answers("(Enter: none yet):", "")
        person.answers("(Enter: from any):", "")
        person.hears("✗")
        person.answers("First version with the defect:", "4.2.0")
        person.answers("(Enter: none yet):", "")
        person.answers("(Enter: from any):", "")
        person.answers("Condition (Enter: every install):", "notebook > 0")
        person.hears("did you mean")
        person.answers("Condition (Enter: every install):", "")
        person.answers("How grave is it?", "6")
        person.hears("Answer with a number from 1 to 5, or a name.")
        # Before the prompt is there, the terminal would swallow the key.
        person.hears("How grave is it?")
        person.presses(b"\x04")
        assert person.ends() == 1
        assert "The conversation was broken off; nothing was filed." in " ".join(person.screen.split())
    assert forewarn("defect", "list", "--json").answer == []


def test_what_was_always_there_puts_nobody_at_risk_by_the_upgrade(forewarn: Forewarn, database_url: str) -> None:
    with talk("defect", "file", "--as", "Quinn", "--database", database_url) as person:
        person.answers("First version with the defect:", "4.2.0")
        person.answers("(Enter: none yet):", "")
        person.answers("(Enter: from any):", "")
        person.answers("Condition (Enter: every install):", "")
        person.answers("How grave is it?", "degraded")
        person.answers("the subject of the mail:", "Notes open slowly")
        person.answers("…", "")
        person.answers("Another remedy (Enter: no more):", "")
        person.answers("free of it? [Y/n]", "n")
        person.answers("(Enter: it always was)?", "")
        person.hears("3 installs of 3 customers already upgraded; 0 hear nothing.")
        person.answers("(Enter: one is made):", "")
        person.answers("the evidence (Enter: none):", "")
        person.answers("Your choice:", "no")
        assert person.ends() == 1
    assert forewarn("defect", "list", "--json").answer == []


def test_the_last_word_may_be_said_in_the_editor(forewarn: Forewarn, database_url: str, tmp_path: Path) -> None:
    editor = tmp_path / "editor.py"
    editor.write_text(
        "import pathlib, sys\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "path.write_text(path.read_text().replace('can erase notes', 'erases notes'))\n"
    )
    command = f"{sys.executable} {editor}"
    with talk("defect", "file", "--as", "Quinn", "--database", database_url, EDITOR=command) as person:
        answer_all(person)
        person.answers("Your choice:", "edit")
        assert person.ends() == 0
    [filed] = forewarn("defect", "list", "--json").answer
    assert filed["title"] == "Upgrading to 4.2 erases notes"


def test_no_line_is_wider_than_the_terminal(database_url: str) -> None:
    with talk("defect", "file", "--as", "Quinn", "--database", database_url) as person:
        answer_all(person)
        person.answers("Your choice:", "no")
        person.ends()
        said = [line for line in person.screen.splitlines() if not line.startswith("Condition")]
        assert max(map(len, said)) <= 80
