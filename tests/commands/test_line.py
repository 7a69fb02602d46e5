"""The command line as a whole: its exit codes, and errors that are sentences."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from importlib.metadata import version
from inspect import getdoc
from pathlib import Path

import pytest
from cyclopts import App

from api.problems import Kind, Problem
from commands.line import sentences
from commands.raw_settings import SettingsError
from commands.table import COMMANDS, GROUPS
from storage.outcomes import Conflict, Fault, Invalid
from tests.commands.conftest import Forewarn

CONTRACT = (
    "serve",
    "import",
    "defect file",
    "defect preview",
    "defect publish",
    "defect resolve",
    "defect withdraw",
    "defect list",
    "check",
    "keys create",
    "keys list",
    "keys revoke",
    "doctor",
    "backup",
    "restore",
)


@pytest.mark.parametrize("command", CONTRACT)
def test_every_command_explains_itself_and_takes_a_database(line: Forewarn, command: str) -> None:
    explained = line(*command.split(), "--help")
    assert explained.code == 0
    assert "--database" in explained.out
    assert "--config" in explained.out


@pytest.mark.parametrize(
    ("where", "words"), [each for table in (COMMANDS, *(group.commands for group in GROUPS)) for each in table.items()]
)
def test_the_table_says_of_a_command_what_its_function_says(where: str, words: str) -> None:
    module, _, name = where.partition(":")
    assert getdoc(getattr(import_module(module), name)) == words


def test_what_is_composed_says_what_its_functions_say(commands: App) -> None:
    for name in ("serve", "demo"):
        assert commands[name].help == getdoc(commands[name].default_command)


def test_what_a_command_does_not_need_is_not_loaded_for_it() -> None:
    # In a process of its own: in this one all has been loaded.
    asked = "import json, sys, service; service.program(); print(json.dumps(list(sys.modules)))"
    shown = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    loaded = {name.partition(".")[0] for name in json.loads(shown.stdout)}
    assert "commands" in loaded
    assert not loaded & {"aiohttp", "composition", "console", "jinja2", "notifier", "numpy", "rich", "sqlite_utils"}


def test_the_version_is_that_of_the_package(line: Forewarn) -> None:
    assert line("--version").out.strip() == version("forewarn")


@pytest.mark.parametrize("tokens", [("keys", "creat"), ("doctor", "--nope"), ("defect", "publish"), ("serve", "extra")])
def test_a_wrong_command_line_exits_with_2_and_one_sentence(line: Forewarn, tokens: tuple[str, ...]) -> None:
    refused = line(*tokens)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith("forewarn: ")
    assert refused.err.count("\n") == 1


def test_wrong_settings_exit_with_2_and_name_the_place(line: Forewarn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOREWARN_PORT", "http")
    refused = line("serve")
    assert refused.code == 2
    assert refused.err == "forewarn: port (from FOREWARN_PORT): must be a whole number from 0 to 65535\n"


def test_settings_are_read_where_the_program_has_imported_pydantic(
    line: Forewarn, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Where it is imported, the command line lets it look at the settings too.
    import_module("pydantic")
    monkeypatch.setenv("FOREWARN_PORT", "http")
    assert line("serve").code == 2
    assert line("keys", "list", "--nope").code == 2


def test_a_database_that_cannot_be_opened_exits_with_1(line: Forewarn, tmp_path: Path) -> None:
    refused = line("doctor", "--database", f"sqlite:///{tmp_path}/no/such/folder/forewarn.db")
    assert refused.code == 1
    assert "Traceback" not in refused.err
    assert refused.err.startswith("forewarn: ")


def test_a_file_that_is_no_database_exits_with_1(line: Forewarn, tmp_path: Path) -> None:
    path = tmp_path / "letter.db"
    path.write_text("Dear customer, " * 1000, encoding="utf-8")
    refused = line("doctor", "--database", f"sqlite:///{path}")
    assert refused.code == 1
    assert "Traceback" not in refused.err


def test_each_fault_has_a_line_of_its_own() -> None:
    invalid = Invalid(Fault("/title", "Too long."), Fault("", "Odd."))
    assert sentences(invalid) == ("/title: Too long.", "Odd.")
    assert sentences(Problem(Kind.MALFORMED, "No JSON.")) == ("No JSON.",)
    assert sentences(SettingsError("a", "b")) == ("a", "b")
    assert sentences(Conflict("Lost.")) == ("Lost.",)
    assert sentences(FileNotFoundError(2, "No such file", "x.json")) == ("x.json: No such file",)
