"""Running the command line inside the test's process, on a database of each kind."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from cyclopts import App

from commands.line import run
from service import program


@dataclass(frozen=True)
class Ran:
    """What a command line did."""

    code: int
    out: str
    err: str

    @property
    def answer(self) -> Any:
        return json.loads(self.out)


Forewarn = Callable[..., Ran]


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("FOREWARN_") and name != "FOREWARN_DATA":
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def commands() -> App:
    """Return all commands; to put them together takes longer than most of them."""
    return program()


@pytest.fixture
def line(commands: App, capsys: pytest.CaptureFixture[str]) -> Forewarn:
    """Runs one command line without a database of its own."""

    def ran(*tokens: str) -> Ran:
        capsys.readouterr()
        try:
            code = run(commands, tokens)
        except SystemExit as usage:
            code = int(str(usage.code))
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return ran


@pytest.fixture
def forewarn(line: Forewarn, database_url: str) -> Forewarn:
    """Runs one command line on a database of each kind."""
    return lambda *tokens: line(*tokens, "--database", database_url)
