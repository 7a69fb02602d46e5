"""The import rule: down only, siblings apart, `risk` pure, databases behind `storage`, HTTP behind `api`.

import-linter checks what stands in pyproject.toml; the rest of this file checks what it cannot see: parts of
the standard library, modules inside another project's package, and whether an import is relative.
"""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]

#: Top-level modules `risk` may import: none reads a file, a clock, the network or the environment.
PURE = frozenset(
    {
        "__future__",
        "abc",
        "bisect",
        "collections",
        "dataclasses",
        "decimal",
        "difflib",
        "enum",
        "functools",
        "heapq",
        "itertools",
        "json",
        "math",
        "operator",
        "packaging",
        "re",
        "string",
        "types",
        "typing",
        "unicodedata",
    }
)
#: Builtins that reach outside, or run text.
IMPURE_BUILTINS = frozenset({"__import__", "breakpoint", "eval", "exec", "input", "open", "print"})
#: The packages that may import aiohttp's server side; so may composition.py, which is none of them.
SERVERS = frozenset({"api", "console"})


def project_settings() -> dict[str, Any]:
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))


def root_packages() -> list[str]:
    packages: list[str] = project_settings()["tool"]["importlinter"]["root_packages"]
    return packages


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter over the packages that lie in `root`, by the contracts of its pyproject.toml."""
    program = Path(sys.executable).with_name("lint-imports")
    command = [str(program), "--no-cache", "--no-logo"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603  our own


def imported_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield (line, dotted name) of each import; relative ones start with their dots."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (f"{node.module}." if node.module else "")
            yield from ((node.lineno, module + alias.name) for alias in node.names)


def impurities(risk: Path) -> list[str]:
    """Return, for the package in folder `risk`, each line that is not pure: "versions.py:3 time.time"."""
    return [
        f"{path.relative_to(risk)}:{line} {name}"
        for path in sorted(risk.rglob("*.py"))
        for line, name in impure_names(ast.parse(path.read_text("utf-8")), len(path.relative_to(risk).parts))
    ]


def impure_names(tree: ast.AST, depth: int) -> Iterator[tuple[int, str]]:
    """Yield what a module `depth` folders below its package's parent takes from outside of it."""
    for line, name in imported_names(tree):
        dots = len(name) - len(name.lstrip("."))
        if dots > depth or (dots == 0 and name.split(".")[0] not in PURE):
            yield line, name
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in IMPURE_BUILTINS:
            yield node.lineno, node.id


def uses_of_the_server(root: Path) -> list[str]:
    """Return each line that uses aiohttp.web in the packages in `root` that may not: "feeds/webhook.py:3"."""
    packages = [root / package for package in root_packages() if package not in SERVERS]
    return [
        f"{path.relative_to(root)}:{line}"
        for package in packages
        for path in sorted(package.rglob("*.py"))
        for line in server_lines(ast.parse(path.read_text("utf-8")))
    ]


def server_lines(tree: ast.AST) -> Iterator[int]:
    for line, name in imported_names(tree):
        if name.startswith("aiohttp.web"):
            yield line
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "aiohttp.web":
            yield node.lineno


def plant(root: Path, path: str, source: str) -> None:
    """Make a tree with every package empty but for one module."""
    shutil.copy(REPOSITORY / "pyproject.toml", root)
    for package in root_packages():
        (root / package).mkdir()
        (root / package / "__init__.py").touch()
    (root / path).write_text(source + "\n", "utf-8")


def test_the_packages_keep_every_contract() -> None:
    done = lint_imports(REPOSITORY)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("path", "source", "broken"),
    [
        ("storage/planted.py", "import risk", "Imports go down only"),
        ("risk/planted.py", "from storage import Tx", "Imports go down only"),
        ("feeds/planted.py", "import installs_registry.installs", "Imports go down only"),
        ("feeds/planted.py", "import notifier", "Imports go down only"),
        ("notifier/planted.py", "from api import routes", "Imports go down only"),
        ("api/planted.py", "import console", "Imports go down only"),
        ("console/planted.py", "import commands", "Imports go down only"),
        ("commands/planted.py", "import examples", "Imports go down only"),
        ("api/planted.py", "from service import main", "Nothing imports service"),
        ("commands/planted.py", "from composition import serve", "Nothing imports service"),
        ("notifier/planted.py", "import sqlite3", "Only storage imports a database driver"),
        ("feeds/planted.py", "from psycopg.rows import dict_row", "Only storage imports a database driver"),
        (
            "commands/planted.py",
            "def late():\n    import sqlite_utils",
            "Only storage imports a database driver",
        ),
        ("notifier/planted.py", "import aiohttp_jinja2", "Only api and console import what serves pages"),
    ],
)
def test_a_planted_import_breaks_its_contract_and_no_other(tmp_path: Path, path: str, source: str, broken: str) -> None:
    plant(tmp_path, path, source)

    done = lint_imports(tmp_path)

    assert done.returncode == 1, done.stdout + done.stderr
    verdicts = [line for line in done.stdout.splitlines() if line.endswith(" BROKEN")]
    assert len(verdicts) == 1
    assert verdicts[0].startswith(broken)


def test_a_tree_with_nothing_planted_keeps_every_contract(tmp_path: Path) -> None:
    plant(tmp_path, "risk/planted.py", "import packaging")

    assert lint_imports(tmp_path).returncode == 0


def test_every_package_is_under_the_import_rule_and_shipped() -> None:
    unshipped = {"bench", "tests"}
    found = {path.parent.name for path in REPOSITORY.glob("*/__init__.py")} - unshipped
    shipped = project_settings()["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]

    assert sorted(found) == sorted(root_packages())
    assert sorted(shipped) == sorted([*found, "composition.py", "service.py"])


def test_risk_is_pure() -> None:
    assert impurities(REPOSITORY / "risk") == []


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "import asyncio",
        "from datetime import datetime",
        "import os.path",
        "import msgspec",
        "from risk import versions",
        "from .. import storage",
        "def late():\n    from pathlib import Path",
        "rules = open('rules')",
        "clock = __import__('time')",
    ],
)
def test_a_planted_impurity_is_found(tmp_path: Path, source: str) -> None:
    plant(tmp_path, "risk/planted.py", source)

    assert len(impurities(tmp_path / "risk")) == 1


@pytest.mark.parametrize(
    "source",
    [
        "from . import versions",
        "from .ranges import Range",
        "from collections.abc import Iterator",
        "from packaging.version import Version",
        "import re",
    ],
)
def test_what_risk_may_import_is_let_through(tmp_path: Path, source: str) -> None:
    plant(tmp_path, "risk/planted.py", source)

    assert impurities(tmp_path / "risk") == []


def test_only_api_console_and_what_composes_them_use_the_http_server() -> None:
    assert uses_of_the_server(REPOSITORY) == []


@pytest.mark.parametrize("path", ["notifier/planted.py", "commands/planted.py", "examples/planted.py"])
@pytest.mark.parametrize(
    "source",
    [
        "import aiohttp.web",
        "from aiohttp import web",
        "from aiohttp import ClientSession, web as server",
        "from aiohttp.web import Application",
        "from aiohttp.web_request import Request",
        "import aiohttp\nserver = aiohttp.web",
    ],
)
def test_a_planted_use_of_the_http_server_is_found(tmp_path: Path, path: str, source: str) -> None:
    plant(tmp_path, path, source)

    assert len({found.split(":")[0] for found in uses_of_the_server(tmp_path)}) == 1


def test_the_http_client_and_the_servers_own_packages_are_let_through(tmp_path: Path) -> None:
    plant(tmp_path, "notifier/planted.py", "from aiohttp import ClientSession")
    (tmp_path / "api" / "planted.py").write_text("from aiohttp import web\n", "utf-8")

    assert uses_of_the_server(tmp_path) == []
