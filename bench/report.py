"""What a run is told by: a table for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from statistics import median

from rich.console import Console
from rich.table import Table

from bench.figures import Figure, Finding, Measured, Remark

_COLUMNS = ("what", "beside", "ratio", "goal", "ours, µs", "peer's, µs", "CPU ours", "CPU peer's")


def as_table(console: Console, findings: Iterable[Finding], machine: Mapping[str, str]) -> None:
    """Print each benchmark as it ends, and the machine it ran on."""
    table, name = _table(""), ""
    for finding in findings:
        if finding.benchmark != name:
            _print(console, table)
            table, name = _table(finding.benchmark), finding.benchmark
        if isinstance(finding, Remark):
            table.caption = f"{table.caption}\n{finding.text}" if table.caption else finding.text
        else:
            table.add_row(*_row(finding))
    _print(console, table)
    console.print(", ".join(f"{what} {value}" for what, value in machine.items()), style="dim")


def as_json(findings: Iterable[Finding], machine: Mapping[str, str]) -> str:
    """Return all there is, each round included."""
    figures, remarks = [], []
    for finding in findings:
        if isinstance(finding, Remark):
            remarks.append({"benchmark": finding.benchmark, "text": finding.text})
        else:
            figures.append(_figure(finding))
    return json.dumps({"machine": dict(machine), "figures": figures, "remarks": remarks}, indent=2)


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left", caption_justify="left")
    for place, column in enumerate(_COLUMNS):
        table.add_column(column, justify="left" if place < 2 else "right")  # noqa: PLR2004 - the first two are words
    return table


def _print(console: Console, table: Table) -> None:
    if table.row_count or table.caption:
        console.print(table)


def _row(figure: Figure) -> tuple[str, ...]:
    times = [f"{median(each.micros for each in side):,.1f}" for side in (figure.ours, figure.theirs)]
    cpu = [f"{median(each.cpu_micros for each in side):,.1f}" for side in (figure.ours, figure.theirs)]
    goal = "" if figure.goal is None else str(figure.goal)
    return figure.case, figure.peer, f"{figure.ratio:.2f} × the {figure.of}", goal, *times, *cpu


def _figure(figure: Figure) -> dict[str, object]:
    return {
        "benchmark": figure.benchmark,
        "case": figure.case,
        "peer": figure.peer,
        "ratio": figure.ratio,
        "of": figure.of,
        "goal": None if figure.goal is None else figure.goal.ratio,
        "cpu_ratio": figure.cpu_ratio,
        "ours": [_measured(each) for each in figure.ours],
        "peers": [_measured(each) for each in figure.theirs],
    }


def _measured(measured: Measured) -> dict[str, float]:
    return {"work": measured.work, "seconds": measured.seconds, "cpu_seconds": measured.cpu_seconds}
