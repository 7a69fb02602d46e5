"""`forewarn defect watch`, `defect publish --watch` and `defect ledger`, on both databases."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from commands import watching
from notifier.types import ProgressView
from tests.commands.conftest import Forewarn
from tests.commands.vendors import a_report, a_vendor
from tests.notifier.stage import SAFE, Stage


def a_view(**changes: object) -> ProgressView:
    values: dict[str, object] = {
        "total": 100,
        "pending": 60,
        "sending": 10,
        "sent": 30,
        "failed": 0,
        "cancelled": 0,
        "in_doubt": 0,
        "by_channel": {"email": 100},
        "channels": {},
        "lanes": {},
        "retrying": 0,
        "waiting_in_app": 0,
        "per_second": 10.0,
        "rate_over_seconds": 3.0,
        "seconds_left": 7.0,
        "sweeping": False,
        "resting": {},
        "held_since": None,
        "paused_until": None,
        "done": False,
        "taken_back": None,
        **changes,
    }
    return ProgressView(**values)  # type: ignore[arg-type]


async def three_customers(stage: Stage) -> None:
    """Two with old data, one without."""
    for name in ("ann", "bob"):
        await stage.holds(name, f"{name}-1")
    await stage.customer("dave")
    await stage.check_in("dave-1", customer="dave", footprint=SAFE)


@pytest.fixture(autouse=True)
def vendor(database_url: str) -> None:
    a_vendor(database_url, three_customers)


async def published_and_sent(stage: Stage) -> None:
    """Let the warnings have arrived, and one install have gone on all the same."""
    await stage.publish()
    stage.later(minutes=5)
    await stage.deliver(customer="ann")
    await stage.check_in("bob-1", "4.2.0")
    await stage.deliver()


def test_watching_ends_by_itself_and_says_what_became_of_it(forewarn: Forewarn, database_url: str) -> None:
    a_vendor(database_url, published_and_sent)
    watched = forewarn("defect", "watch", "NOTES-4411")
    assert watched.code == 0
    assert watched.out.startswith("NOTES-4411: 2 sent")


def test_publishing_can_be_watched(
    forewarn: Forewarn, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_vendor(database_url)
    seen: list[str] = []
    monkeypatch.setattr(watching, "watch", lambda defect, *, where: seen.append(f"{defect} on {where.database}"))
    forewarn("defect", "file", a_report(tmp_path))
    published = forewarn("defect", "publish", "NOTES-4411", "--watch", "--as", "Ada")
    assert "is published" in published.out
    assert seen == [f"NOTES-4411 on {database_url}"]
    refused = forewarn("defect", "publish", "NONE-1", "--watch")
    assert refused.code == 1


def test_the_ledger_is_told_in_numbers_lines_and_parts(forewarn: Forewarn, database_url: str) -> None:
    a_vendor(database_url, published_and_sent)
    numbers = forewarn("defect", "ledger", "NOTES-4411").out
    assert "        1  had an affected version first, told afterwards" in numbers
    lines = list(csv.DictReader(io.StringIO(forewarn("defect", "ledger", "NOTES-4411", "--csv").out)))
    assert {line["customer"]: line["outcome"] for line in lines} == {
        "ann": "warned_before_install",
        "bob": "warned_after_install",
    }
    assert forewarn("defect", "ledger", "NOTES-4411", "--json").answer["exposed"] == 2
    assert forewarn("defect", "ledger", "NOTES-4411", "--funnel", "--json").answer["population"]["installs"] == 2
    table = forewarn("defect", "ledger", "NOTES-4411", "--funnel").out
    assert "unreachable" in table


TAKEN_BACK = re.compile(
    r"  withdrawn at [-0-9]{10} [:0-9]{5} UTC; of its warnings: 1 never sent, 0 in doubt, 1 sent\n"
    r"  all-clears, to those who have it or may have it: (.*)\n"
)


async def half_sent(stage: Stage) -> None:
    await stage.publish()
    await stage.deliver(customer="ann")


def test_a_withdrawal_says_what_was_never_sent_in_doubt_and_sent(forewarn: Forewarn, database_url: str) -> None:
    a_vendor(database_url, half_sent)
    withdraw = ("defect", "withdraw", "NOTES-4411", "--reason", "It was the test rig.")
    assert "never sent" not in forewarn(*withdraw, "--as", "Ada").out
    withdrawn = forewarn(*withdraw, "--as", "Omar").out
    first, rest = withdrawn.split("\n", 1)
    assert first.startswith("NOTES-4411 is withdrawn")
    assert (told := TAKEN_BACK.fullmatch(rest))
    assert told[1] == "none owed so far"

    async def all_clear(stage: Stage) -> None:
        await stage.sweep()
        await stage.deliver()

    a_vendor(database_url, all_clear)
    for command in ("watch", "ledger"):
        assert (told := TAKEN_BACK.search(forewarn("defect", command, "NOTES-4411").out)), command
        assert told[1] == "1 of 1 sent"
    assert forewarn("defect", "ledger", "NOTES-4411", "--json").answer["taken_back"]["never_sent"] == 1


def test_withdrawing_can_be_watched(forewarn: Forewarn, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    a_vendor(database_url, half_sent)
    seen: list[str] = []
    monkeypatch.setattr(watching, "watch", lambda defect, *, where: seen.append(f"{defect} on {where.database}"))
    withdraw = ("defect", "withdraw", "NOTES-4411", "--reason", "It was the test rig.", "--watch")
    for person in ("Ada", "Omar"):
        assert seen == []
        assert forewarn(*withdraw, "--as", person).code == 0
    assert seen == [f"NOTES-4411 on {database_url}"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "10/s, 7 s left"),
        ({"seconds_left": 600.0}, "10/s, 10 min left"),
        ({"per_second": 0.0, "seconds_left": None}, "waiting"),
        ({"per_second": 0.0, "seconds_left": None, "retrying": 3}, "waiting to be tried again"),
        ({"paused_until": "2026-01-01T13:00:00.000000Z"}, "paused until 2026-01-01 13:00 UTC"),
        ({"held_since": "2026-01-01T13:00:00.000000Z"}, "all mail is held: forewarn mail release"),
        (
            {"per_second": 0.0, "seconds_left": None, "resting": {"google": "2026-01-01T13:05:00.000000Z"}},
            "google rests until 13:05 UTC: forewarn mail lanes",
        ),
        ({"total": 0, "sweeping": True, "per_second": 0.0, "seconds_left": None}, "looking at the installs"),
    ],
)
def test_it_says_in_few_words_how_it_goes(changes: dict[str, object], told: str) -> None:
    assert watching.sentence(a_view(**changes)) == told


def test_without_a_terminal_a_line_comes_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    moments: Iterator[float] = iter([0.0, 1.0, 6.0, 7.0])
    lines = watching.Lines(lambda: next(moments))
    for sent in (30, 40, 50, 60):
        lines.show(a_view(sent=sent, pending=90 - sent))
    assert capsys.readouterr().err.splitlines() == [
        "forewarn: 30 of 100, 10/s, 7 s left",
        "forewarn: 50 of 100, 10/s, 7 s left",
    ]


def test_on_a_terminal_of_80_columns_the_bar_fits_on_a_line() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=80, color_system=None)
    with watching.shown(console) as show:
        show(a_view(total=100_000, sent=30_000, pending=69_990, seconds_left=6_999.0))
    assert isinstance(console.file, io.StringIO)
    drawn = [line for line in console.file.getvalue().split("\r") if "left" in line]
    assert drawn
    assert "30%" in drawn[-1]
    assert all(len(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line).rstrip()) <= 80 for line in drawn)


def test_ctrl_c_leaves_the_sending_going_and_says_so(
    forewarn: Forewarn, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_vendor(database_url, published_and_sent)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(watching.Lines, "show", interrupted)
    watched = forewarn("defect", "watch", "NOTES-4411")
    assert watched.code == 130
    assert "The sending goes on" in watched.err
