"""What people read on a terminal, and what a pipe gets of it."""

from __future__ import annotations

import sys

import pytest

from commands.printing import print_prose

LINE = "  paused until 2026-11-22 10:06 UTC by ann: the relay is on fire, and nothing should leave before it is out"


def test_a_narrow_terminal_gets_whole_words_and_an_indent(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    print_prose(LINE)
    first, second = capsys.readouterr().out.splitlines()
    assert first == "  paused until 2026-11-22 10:06 UTC by ann: the relay is on fire, and nothing"
    assert second == "    should leave before it is out"


def test_a_pipe_gets_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_prose(LINE)
    assert capsys.readouterr().out == f"{LINE}\n"
