"""`forewarn product`: declared from a file, and listed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands.conftest import Forewarn
from tests.notifier.stage import NOTES


@pytest.fixture
def declaration(tmp_path: Path) -> Path:
    path = tmp_path / "product.json"
    path.write_text(json.dumps(NOTES))
    return path


def test_a_product_is_declared_and_listed(forewarn: Forewarn, declaration: Path) -> None:
    declared = forewarn("product", "declare", "notes", str(declaration))
    assert (declared.code, declared.out) == (0, "notes is declared, with 3 facts; its versions are intdot\n")
    (listed,) = forewarn("product", "list", "--json").answer
    assert (listed["product"], sorted(listed["facts"])) == ("notes", ["notebooks", "plugins", "storage_format"])


def test_what_cannot_be_declared_is_told_with_its_place(forewarn: Forewarn, declaration: Path) -> None:
    declaration.write_text(json.dumps({**NOTES, "version_scheme": "roman"}))
    refused = forewarn("product", "declare", "notes", str(declaration))
    assert refused.code == 1
    assert refused.err.startswith("forewarn: /version_scheme: ")


def test_a_file_that_is_not_there_is_named(forewarn: Forewarn, tmp_path: Path) -> None:
    refused = forewarn("product", "declare", "notes", str(tmp_path / "nowhere.json"))
    assert (refused.code, "nowhere.json: No such file" in refused.err) == (1, True)
