"""The table in the end, on a wide terminal and on a narrow one."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from rich.console import Console

from examples.demo.records import incidents
from examples.demo.results import Result
from examples.demo.table import print_table

COUNTS = {"installs": 131, "customers": 122}
AUDIENCE = {
    "at_risk": {**COUNTS, "installs": 1111},
    "cannot_tell": {**COUNTS, "installs": 2222},
    "already_upgraded": {**COUNTS, "installs": 3333},
    "not_at_risk": {"installs": 9999, "because": {"version": 4444, "condition": 5555}},
}
LEDGER = {"warned_before_install": 6666, "warned_after_install": 7777, "installed_unwarned": 8888}


def a_result(name: str, **changes: object) -> Result:
    result = Result(
        name, AUDIENCE, {"warning": 12, "all_clear": 34}, timedelta(minutes=90), LEDGER, "fixed in 6.1.66-1"
    )
    for field, value in changes.items():
        setattr(result, field, value)
    return result


def printed(results: list[Result], width: int) -> list[str]:
    output = io.StringIO()
    print_table(Console(file=output, width=width), results)
    return output.getvalue().splitlines()


def test_a_line_says_who_was_concerned_and_who_was_told() -> None:
    [line] = [line for line in printed([a_result("Quiver")], 160) if "Quiver" in line]

    said = ["1111", "2222", "3333", "4444", "5555", "12", "–", "–", "34", "1.5", "6666", "7777", "8888"]
    assert line.split() == ["Quiver", *said, "fixed", "in", "6.1.66-1"]


def test_an_earlier_publication_leaves_the_ledger_to_the_later_one() -> None:
    lines = printed([a_result("first", ledger=None, end=""), a_result("second")], 160)

    assert next(line for line in lines if "first" in line).split()[-3:] == ["↓", "↓", "↓"]


@pytest.mark.parametrize(("width", "tables"), [(160, 1), (80, 2)])
def test_nothing_is_cut_off_however_wide_the_terminal_is(width: int, tables: int) -> None:
    names = [incident.name for incident in incidents()]
    lines = printed([a_result(name) for name in [*names, "OpenZFS 2.2, widened"]], width)

    assert "…" not in "".join(lines).replace("… its fix", "")
    assert all(sum(line.startswith(name) for line in lines) >= tables for name in names)
    assert max(map(len, lines)) <= width
    for number in ("1111", "5555", "8888"):
        assert any(number in line for line in lines)
