"""A small schema of the storage tests' own, and processes beside them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from storage import Database, Migration

SCHEMA = Migration(
    1,
    "storage_tests",
    """
    CREATE TABLE owners (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
    CREATE TABLE things (
        number INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        owner TEXT REFERENCES owners (id),
        size INTEGER,
        weight REAL,
        picture BLOB -- what it's like; a comment
    ) STRICT;
    CREATE INDEX things_by_size ON things (size) WHERE size IS NOT NULL;
    CREATE TABLE notes (id TEXT PRIMARY KEY, body TEXT) STRICT;
    """,
)

Start = Callable[[str, str], "subprocess.Popen[str]"]


@pytest.fixture
async def store(empty_database: Database) -> Database:
    """A database of each kind with the tables above."""
    await empty_database.migrate([SCHEMA])
    return empty_database


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a program of `programs.py` on a database; it ends with the test."""
    started: list[subprocess.Popen[str]] = []

    def start(name: str, url: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(Path(__file__).with_name("programs.py")), name, url]
        process = subprocess.Popen(  # noqa: S603 - the tests' own command
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
