"""Named SQL: a package's `queries.sql`, read when the first statement is asked for.

A statement starts with a heading, ends with the next one and is written in the subset that both databases
share. Where one database needs its own wording, a second heading names it::

    -- name: find_install
    SELECT id, version FROM installs WHERE id = :id;

    -- name: claim (postgresql)
    ...
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Literal

from .errors import StorageError
from .sql import for_postgresql, statements, without_comments

Dialect = Literal["sqlite", "postgresql"]

HEADING = re.compile(r"^-- name:(.*)$", re.MULTILINE)
TITLE = re.compile(r" *([a-z][a-z0-9_]*)(?: +\((sqlite|postgresql)\))? *")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement in the wording and the parameter style of each database."""

    name: str
    sqlite: str
    postgresql: str

    def text(self, dialect: Dialect) -> str:
        """Return the wording for `dialect`."""
        return self.sqlite if dialect == "sqlite" else self.postgresql


class Statements:
    """The statements of a package as attributes: `sql.find_install`."""

    def __init__(self, package: str, file: str = "queries.sql") -> None:
        self._package = package
        self._file = file

    def __getattr__(self, name: str) -> Statement:
        """Return the statement; raises AttributeError, naming the file, where there is none."""
        statement = None if name.startswith("_") else self._by_name.get(name)
        if statement is None:
            raise AttributeError(f"{self._package}/{self._file} has no statement {name!r}")
        return statement

    def __iter__(self) -> Iterator[Statement]:
        """Return every statement of the file, in its order."""
        return iter(self._by_name.values())

    @cached_property
    def _by_name(self) -> dict[str, Statement]:
        text = files(self._package).joinpath(self._file).read_text("utf-8")
        return parse(text, f"{self._package}/{self._file}")


def parse(text: str, source: str) -> dict[str, Statement]:
    """Return the statements of one file by name.

    `source` names the file in errors. Raises StorageError for a file that is not as described above.
    """
    preamble, *parts = HEADING.split(text)
    if without_comments(preamble).strip():
        raise _problem(source, "has SQL before the first heading")
    wordings: dict[str, dict[str | None, str]] = {}
    for title, body in zip(parts[::2], parts[1::2], strict=True):
        match = TITLE.fullmatch(title)
        if match is None:
            raise _problem(source, f"has a heading that names nothing: {title.strip()!r}")
        name, dialect = match.groups()
        if dialect in wordings.setdefault(name, {}):
            raise _problem(source, f"has {name!r} twice")
        wordings[name][dialect] = _single(body, name, source)
    return {name: _statement(name, texts, source) for name, texts in wordings.items()}


def _single(body: str, name: str, source: str) -> str:
    found = statements(body)
    if len(found) != 1:
        raise _problem(source, f"has {len(found)} statements under {name!r} where one belongs")
    return found[0]


def _statement(name: str, texts: dict[str | None, str], source: str) -> Statement:
    sqlite = texts.get("sqlite", texts.get(None))
    postgresql = texts.get("postgresql", texts.get(None))
    if sqlite is None or postgresql is None:
        raise _problem(source, f"words {name!r} for one database only")
    return Statement(name, sqlite, for_postgresql(postgresql))


def _problem(source: str, detail: str) -> StorageError:
    return StorageError(f"{source} {detail}")
