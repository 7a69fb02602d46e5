"""`forewarn defect`: a defect's whole life from the command line, on both databases."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec import convert

from commands.filing.texts import as_yaml
from feeds.types import DefectReport
from storage import Database
from tests.commands.conftest import Forewarn
from tests.commands.vendors import a_report, a_vendor, on
from tests.notifier.stage import ERASES_V2, SAFE, Stage


async def two_customers(stage: Stage) -> None:
    """One with old data, one without."""
    await stage.holds("carol", "i-1")
    await stage.customer("dave")
    await stage.check_in("i-2", customer="dave", footprint=SAFE)


@pytest.fixture(autouse=True)
def vendor(database_url: str) -> None:
    a_vendor(database_url, two_customers)


@pytest.fixture
def report(tmp_path: Path) -> str:
    return a_report(tmp_path)


def test_a_report_becomes_a_draft(forewarn: Forewarn, report: str) -> None:
    filed = forewarn("defect", "file", report, "--as", "Quinn")
    assert (filed.code, filed.out) == (0, "NOTES-4411 is draft, revision 1\n")
    (listed,) = forewarn("defect", "list", "--json").answer
    assert (listed["id"], listed["state"], listed["filed_by"]) == ("NOTES-4411", "draft", "Quinn")


def test_a_report_is_read_from_standard_input(forewarn: Forewarn, monkeypatch: pytest.MonkeyPatch) -> None:
    piped = SimpleNamespace(buffer=io.BytesIO(json.dumps(ERASES_V2).encode()))
    monkeypatch.setattr("sys.stdin", piped)
    assert forewarn("defect", "file", "-", "--json").answer["id"] == "NOTES-4411"


def test_the_login_name_files_where_nobody_is_named(
    forewarn: Forewarn, report: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "quinn")
    assert forewarn("defect", "file", report, "--json").answer["filed_by"] == "quinn"


@pytest.mark.parametrize("name", ["", " ", "Quinn\x1b[2J"])
def test_nobody_acts_without_a_name(forewarn: Forewarn, report: str, name: str) -> None:
    refused = forewarn("defect", "file", report, "--as", name)
    assert (refused.code, refused.err) == (1, "forewarn: Say who acts, by name: --as NAME\n")


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"condition": "notebook > 0"}, "/condition"),
        ({"affected": [{"introduced": "4.2.2", "fixed": "4.2.0"}]}, "/affected/0"),
        ({"severity": "bad"}, "/severity"),
        ({"surprise": 1}, "/surprise"),
    ],
)
def test_a_faulty_report_is_refused_at_the_place(
    forewarn: Forewarn, tmp_path: Path, changes: dict[str, Any], at: str
) -> None:
    refused = forewarn("defect", "file", a_report(tmp_path, **changes))
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith(f"forewarn: {at}")
    assert forewarn("defect", "list", "--json").answer == []


@pytest.mark.parametrize("text", ["", "{", "\xff", '{"id": 1, "id": 2}', "[" * 100_000])
def test_a_file_that_is_no_report_is_refused(forewarn: Forewarn, tmp_path: Path, text: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(text, encoding="latin-1")
    refused = forewarn("defect", "file", str(path))
    assert (refused.code, refused.out) == (1, "")
    assert "Traceback" not in refused.err


def test_a_file_that_is_not_there_is_refused_by_its_name(forewarn: Forewarn) -> None:
    refused = forewarn("defect", "file", "nowhere.json")
    assert (refused.code, refused.err) == (1, "forewarn: nowhere.json: No such file or directory\n")


def test_a_preview_counts_and_changes_nothing(forewarn: Forewarn, report: str) -> None:
    audience = forewarn("defect", "preview", report, "--json").answer
    assert audience["at_risk"] == {"installs": 1, "customers": 1}
    assert audience["not_at_risk"]["because"] == {"version": 0, "condition": 1}
    assert forewarn("defect", "list", "--json").answer == []


def test_a_filed_defect_is_previewed_by_its_id(forewarn: Forewarn, report: str) -> None:
    forewarn("defect", "file", report)
    previewed = forewarn("defect", "preview", "NOTES-4411")
    assert previewed.code == 0
    at_risk = next(row.split() for row in previewed.out.splitlines() if row.startswith("at risk"))
    assert at_risk == ["at", "risk", "1", "1"]


def test_one_person_publishes(forewarn: Forewarn, report: str) -> None:
    forewarn("defect", "file", report, "--as", "Quinn")
    published = forewarn("defect", "publish", "NOTES-4411", "--as", "Quinn")
    assert (published.code, published.out) == (0, "NOTES-4411 is published, revision 1\n")


@pytest.mark.parametrize(
    ("act", "after"),
    [
        (("resolve", "NOTES-4411", "--fixed-in", "4.2.2"), "resolved"),
        (("withdraw", "NOTES-4411", "--reason", "It was the test rig."), "withdrawn"),
    ],
)
def test_clearing_takes_two_people(forewarn: Forewarn, report: str, act: tuple[str, ...], after: str) -> None:
    forewarn("defect", "file", report, "--as", "Quinn")
    forewarn("defect", "publish", "NOTES-4411", "--as", "Quinn")
    first = forewarn("defect", *act, "--as", "Ada")
    assert first.code == 0
    assert first.out == ("NOTES-4411 stays published until another person signs the same; signed so far by Ada\n")
    assert forewarn("defect", *act, "--as", "Ada", "--json").answer["state"] == "published"
    assert forewarn("defect", *act, "--as", "Omar").out.startswith(f"NOTES-4411 is {after}")


def test_a_vendor_of_one_person_clears_alone(forewarn: Forewarn, report: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREWARN_SIGNATURES_NEEDED", "1")
    forewarn("defect", "file", report)
    forewarn("defect", "publish", "NOTES-4411")
    assert forewarn("defect", "resolve", "NOTES-4411", "--fixed-in", "4.2.2").out.startswith("NOTES-4411 is resolved")


def test_an_act_out_of_its_state_is_refused(forewarn: Forewarn, report: str) -> None:
    forewarn("defect", "file", report)
    refused = forewarn("defect", "resolve", "NOTES-4411", "--fixed-in", "4.2.2")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("forewarn: ")


def test_an_empty_reason_is_refused(forewarn: Forewarn, report: str) -> None:
    forewarn("defect", "file", report)
    assert forewarn("defect", "withdraw", "NOTES-4411", "--reason", "").code == 1


def test_the_list_is_cut_down_by_state_and_product(forewarn: Forewarn, tmp_path: Path) -> None:
    for name in ("NOTES-1", "NOTES-2"):
        forewarn("defect", "file", a_report(tmp_path, id=name))
    forewarn("defect", "publish", "NOTES-2")
    published = forewarn("defect", "list", "--state", "published", "--product", "notes", "--json").answer
    assert [defect["id"] for defect in published] == ["NOTES-2"]
    assert forewarn("defect", "list", "--product", "unknown").code == 1
    assert [row.split()[0] for row in forewarn("defect", "list").out.splitlines()[1:]] == ["NOTES-1", "NOTES-2"]


def test_a_report_may_be_yaml_in_a_file_and_in_a_pipe(
    forewarn: Forewarn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = convert({**ERASES_V2, "id": "NOTES-1"}, DefectReport)
    path = tmp_path / "report.yaml"
    path.write_text(as_yaml(report))
    assert forewarn("defect", "preview", str(path), "--json").answer["at_risk"]["installs"] == 1
    assert forewarn("defect", "file", str(path), "--json").answer["id"] == "NOTES-1"
    text = as_yaml(convert({**ERASES_V2, "id": "NOTES-2"}, DefectReport)).encode()
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(text), isatty=lambda: False))
    assert forewarn("defect", "file", "--json").answer["id"] == "NOTES-2"


def test_a_faulty_yaml_is_refused_at_the_place(forewarn: Forewarn, tmp_path: Path) -> None:
    path = tmp_path / "report.yml"
    path.write_text("product: notes\nproduct: nodes\n")
    refused = forewarn("defect", "file", str(path))
    assert (refused.code, refused.err) == (1, "forewarn: /product: Line 2: the key 'product' is there twice.\n")


def test_a_preview_tests_the_upgrades_of_the_past_where_asked(forewarn: Forewarn, report: str) -> None:
    tested = forewarn("defect", "preview", report, "--backtest", "90", "--json").answer["backtest"]
    assert (tested["days"], tested["upgrades"]) == (90, 0)
    shown = forewarn("defect", "preview", report, "--backtest", "90").out
    assert "upgrades in the last 90 days" in shown
    assert forewarn("defect", "preview", report, "--backtest", "0").code == 2


def test_publishing_says_what_has_changed_since_the_preview(forewarn: Forewarn, report: str, database_url: str) -> None:
    forewarn("defect", "file", report, "--as", "Quinn")
    forewarn("defect", "preview", "NOTES-4411", "--as", "Ada")

    async def one_more(database: Database) -> None:
        await Stage(database, now=datetime.now(UTC)).holds("erin", "i-9")

    on(database_url, one_more)
    published = forewarn("defect", "publish", "NOTES-4411", "--as", "Ada")
    first, second = published.out.splitlines()
    assert first == "NOTES-4411 is published, revision 1"
    assert second.startswith("since Ada previewed revision 1 at ")
    assert second.endswith(": +1 new")
