"""Filing in an editor: faults come back at their line, until the text can be meant or is given up."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from commands.filing.conversation import known_of
from commands.filing.editor import edited, filed_from
from commands.filing.template import MARK, template, without_faults
from feeds.types import DefectReport
from storage import Database
from storage.outcomes import Conflict, Fault, Invalid
from tests.commands.conftest import Forewarn
from tests.commands.vendors import a_vendor
from tests.notifier.stage import Stage

TEXT = """\
product: notes
title: Notes are lost
summary: Do not upgrade.
severity: data-loss
affected:
- introduced: 4.2.0
"""


def turns(*changes: Callable[[str], str]) -> tuple[Callable[[str], str], list[str]]:
    """Return an editor that makes one change each time it is opened, and what it was shown."""
    shown: list[str] = []
    left: Iterator[Callable[[str], str]] = iter(changes)

    def edit(text: str) -> str:
        shown.append(text)
        return next(left)(text)

    return edit, shown


@pytest.fixture
async def stage(database: Database) -> Stage:
    stage = Stage(database)
    await stage.set_up()
    return stage


def as_it_is(text: str) -> str:
    return text


def test_a_sound_text_is_filed_at_once() -> None:
    edit, shown = turns(as_it_is)
    assert filed_from(TEXT, lambda report: report.title, edit) == "Notes are lost"
    assert shown == [TEXT]


def test_a_fault_comes_back_above_the_line_it_is_about() -> None:
    edit, shown = turns(
        lambda text: text.replace("data-loss", "bad"),
        lambda text: text.replace("bad", "outage"),
    )
    assert filed_from(TEXT, lambda report: report.severity, edit) == "outage"
    lines = shown[1].splitlines()
    place = lines.index("severity: bad")
    assert lines[place - 1].startswith(f"{MARK}/severity: ")
    assert without_faults(shown[1]) == TEXT.replace("data-loss", "bad")


def test_what_the_vendors_own_rules_refuse_comes_back_too() -> None:
    def file(report: DefectReport) -> str:
        if report.affected[0].introduced != "4.3.0":
            raise Invalid(Fault("/affected/0/introduced", "There is no such version."), Fault("/gone", "Nowhere."))
        return "filed"

    edit, shown = turns(as_it_is, lambda text: text.replace("4.2.0", "4.3.0"))
    assert filed_from(TEXT, file, edit) == "filed"
    lines = shown[1].splitlines()
    assert lines[0] == f"{MARK}/gone: Nowhere."
    assert lines[lines.index("- introduced: 4.2.0") - 1] == f"{MARK}/affected/0/introduced: There is no such version."


def test_a_text_that_is_no_yaml_comes_back_with_the_reason_on_top() -> None:
    edit, shown = turns(lambda text: text + "a: [", lambda text: text.replace("a: [", ""))
    filed_from(TEXT, lambda report: report, edit)
    assert shown[1].startswith(f"{MARK}the report: The text is no YAML at line 7")


@pytest.mark.parametrize("emptied", ["", "# only a comment\n", "\n  \n"])
def test_an_empty_text_files_nothing(emptied: str) -> None:
    edit, _ = turns(lambda _: emptied)
    with pytest.raises(Conflict, match="empty; nothing was filed"):
        filed_from(TEXT, lambda report: report, edit)


def test_a_text_that_comes_back_unchanged_and_wrong_ends_it() -> None:
    edit, shown = turns(lambda text: text.replace("data-loss", "bad"), as_it_is)
    with pytest.raises(Conflict, match="unchanged"):
        filed_from(TEXT, lambda report: report, edit)
    assert len(shown) == 2


@pytest.mark.parametrize(("command", "says"), [("false", "ended with 1"), ("/nowhere/editor", "cannot be started")])
def test_an_editor_that_fails_files_nothing(monkeypatch: pytest.MonkeyPatch, command: str, says: str) -> None:
    monkeypatch.setenv("VISUAL", command)
    with pytest.raises(Conflict, match=says):
        edited(TEXT)


def test_the_form_is_filed_once_it_is_filled_in(
    forewarn: Forewarn, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_vendor(database_url)
    monkeypatch.setenv(
        "EDITOR",
        "sed -i -e 's/^- introduced:$/- introduced: 4.2.0/' -e 's/^severity:$/severity: degraded/'"
        " -e 's/^title:$/title: Notes open slowly/' -e 's/^  text:$/  text: Stay with 4.1./'"
        " -e 's/^condition:$/condition: notebooks > 100/'",
    )
    filed = forewarn("defect", "file", "--edit", "--as", "Quinn", "--json")
    assert filed.code == 0, filed.err
    assert filed.answer["condition"] == "notebooks > 100"
    assert filed.answer["remedies"] == [{"kind": "wait", "text": "Stay with 4.1."}]


async def test_the_form_names_the_releases_and_facts_of_the_product(stage: Stage) -> None:
    known = await stage.database.read(known_of, "notes")
    form = template(known.product, known.releases)
    assert "# Releases: 4.1.0, 4.2.0, 4.2.1\n" in form
    assert "# Facts: notebooks (integer), storage_format (string), plugins (strings), platform.os" in form
