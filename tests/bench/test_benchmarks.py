"""Each benchmark runs in a tiny size and measures what it says; how fast is nobody's business here."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from statistics import median

import pytest
from rich.console import Console

import risk
from bench import rules
from bench.__main__ import BENCHMARKS, main, run
from bench.figures import Figure, Goal, Measured, Remark, in_turn
from bench.load import request
from bench.plan import tiny
from bench.report import as_json, as_table


@pytest.mark.parametrize("name", BENCHMARKS)
def test_each_benchmark_runs_and_both_sides_do_their_work(name: str, tmp_path: Path) -> None:
    figures = [each for each in run([name], tiny(tmp_path)) if isinstance(each, Figure)]
    assert figures
    for figure in figures:
        assert figure.benchmark == name
        assert all(measured.work > 0 for measured in (*figure.ours, *figure.theirs))
    assert any(figure.goal is not None for figure in figures)


def test_a_ratio_is_the_median_of_the_ratios_of_the_rounds() -> None:
    ours = tuple(Measured(100, seconds, seconds) for seconds in (1.0, 2.0, 5.0))
    theirs = tuple(Measured(100, seconds, 1.0) for seconds in (2.0, 2.0, 1.0))
    speed = Figure("judge", "case", "peer", ours, theirs)
    time = Figure("judge", "case", "peer", ours, theirs, "time")
    assert speed.ratio == median([2.0, 1.0, 0.2])
    assert time.ratio == median([0.5, 1.0, 5.0])
    assert speed.cpu_ratio == median([1.0, 2.0, 5.0])


def test_contestants_take_turns_and_the_first_turn_is_not_measured() -> None:
    log: list[str] = []

    def contestant(name: str) -> Measured:
        log.append(name)
        return Measured(len(log), 1.0, 1.0)

    figures = list(
        in_turn(
            "judge",
            "case",
            lambda: contestant("ours"),
            {"one": lambda: contestant("one"), "two": lambda: contestant("two")},
            2,
            Goal("speed", 1.0),
        )
    )
    assert log == ["ours", "one", "two"] * 3
    assert [(figure.peer, figure.goal is None) for figure in figures] == [("one", False), ("two", True)]
    assert [measured.work for measured in figures[0].ours] == [4, 7]


@pytest.mark.parametrize(("harmed", "findings"), [(False, 0), (True, rules.SPAN)])
@pytest.mark.parametrize("defects", [100, 1_000])
def test_the_questions_find_what_they_are_to_find_however_many_defects(
    defects: int, findings: int, *, harmed: bool
) -> None:
    case = rules.case(defects)
    index = case.index()
    for asked in case.questions(20, harmed=harmed):
        facts = {**asked["footprint"], "platform.os": asked["platform"]["os"]}
        verdict = index.judge(risk.Question(asked["from"], asked["to"], facts))
        assert len(verdict.findings) == findings
        assert verdict.safe_target is not None


def test_no_two_questions_are_alike_and_each_has_about_600_bytes() -> None:
    bodies = [json.dumps(asked) for asked in rules.case(100).questions(500, harmed=False)]
    assert len(set(bodies)) == 500
    assert all(500 < len(body) < 700 for body in bodies)


def test_a_request_says_how_long_its_body_is() -> None:
    assert request("PUT", "/x", b"{}", X_Request_Id="t") == (
        b"PUT /x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
        b"X-Request-Id: t\r\n\r\n{}"
    )


def test_the_report_tells_ratio_goal_and_remarks() -> None:
    figure = Figure("owed", "9 installs", "bare", (_round(3),), (_round(2),), "time", Goal("time", 2))
    findings = (figure, Remark("owed", "said aside"))
    console = Console(width=200, record=True, file=StringIO())
    as_table(console, findings, {"cores": "2"})
    text = console.export_text()
    assert "1.50 × the time" in text
    assert "at most 2" in text
    assert "said aside" in text
    assert "cores 2" in text
    told = json.loads(as_json(findings, {"cores": "2"}))
    assert told["figures"][0]["ratio"] == 1.5
    assert told["remarks"] == [{"benchmark": "owed", "text": "said aside"}]


def test_an_unknown_name_is_refused_with_the_names_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main("chekc") == 2
    assert "check_in" in capsys.readouterr().err


def _round(seconds: float) -> Measured:
    return Measured(1, seconds, seconds)
