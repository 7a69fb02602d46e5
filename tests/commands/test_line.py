"""The command line as a whole: its exit codes, and errors that are sentences."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import pytest

from api.problems import Kind, Problem
from commands.line import sentences
from commands.raw_settings import SettingsError
from storage.outcomes import Conflict, Fault, Invalid
from tests.commands.conftest import Forewarn

COMMANDS = (
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


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_and_takes_a_database(line: Forewarn, command: str) -> None:
    explained = line(*command.split(), "--help")
    assert explained.code == 0
    assert "--database" in explained.out
    assert "--config" in explained.out


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
