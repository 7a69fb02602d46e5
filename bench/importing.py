"""Importing installs, beside a bare `executemany` or COPY of the rows that come of it, with the indexes live."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psycopg
from pysqlite3 import dbapi2

from api.imports import Import, Tally, taken
from bench import fleet
from bench.database import PRAGMAS, carried_out, carried_out_at, url_of
from bench.figures import Contestant, Figure, Goal, Measured, in_turn, timed
from bench.plan import Plan
from installs_registry.columns import Columns
from notifier.importing import Intake
from notifier.publications import Rulebook
from storage import SystemClock, open_database
from tests.postgresql_server import Server as PostgresqlServer
from tests.postgresql_server import running_server

NAME = "import"
#: Times that an import may take of the bare inserts.
_MOST = 2.5
_TABLES = ("installs", "install_versions", "footprint_1")


def run(plan: Plan) -> Iterator[Figure]:
    """Compare lines per second."""
    empty, full = plan.folder / "import.db", plan.folder / "import-full.db"
    carried_out(empty, fleet.declare_fleet)
    text = b"".join(msgspec.json.encode(_line(no)) + b"\n" for no in range(plan.rows))
    asyncio.run(_take(url_of(_copied(empty, full)), text))
    peers = {"bare executemany": _bare(empty, full)}
    told = f"{plan.rows:,} installs"
    yield from in_turn(NAME, told, _import(empty, text, plan.rows), peers, plan.rounds, Goal("time", _MOST))
    yield from _on_postgresql(plan, text)


def _on_postgresql(plan: Plan, text: bytes) -> Iterator[Figure]:
    with running_server() as server:
        empty, full = server.create(), server.create()
        for name in (empty, full):
            carried_out_at(server.url(name), fleet.declare_fleet)
        asyncio.run(_take(server.url(full), text))
        rows = _Rows.of(server.url(full))
        if len(rows.of_table["installs"]) != plan.rows:
            raise RuntimeError(f"{len(rows.of_table['installs'])} of {plan.rows} lines were stored")
        server.drop(full)
        peers = {"COPY": _written(server, empty, rows.copy), "bare executemany": _written(server, empty, rows.insert)}
        told = f"{plan.rows:,} installs, postgresql"
        contestant = _written(server, empty, lambda url: asyncio.run(_take(url, text)), plan.rows)
        yield from in_turn(NAME, told, contestant, peers, plan.rounds, Goal("time", _MOST))


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows that the import made in PostgreSQL."""

    of_table: dict[str, list[tuple[object, ...]]]

    @classmethod
    def of(cls, url: str) -> _Rows:
        texts = {table: f"SELECT * FROM {table}" for table in _TABLES}  # noqa: S608 - our own names
        with psycopg.connect(url) as connection:
            return cls({table: connection.execute(text.encode()).fetchall() for table, text in texts.items()})

    def copy(self, url: str) -> None:
        """Write them by COPY, in one commit."""
        with psycopg.connect(url) as connection, connection.cursor() as cursor:
            for table, rows in self.of_table.items():
                with cursor.copy(f"COPY {table} FROM STDIN".encode()) as copy:
                    for row in rows:
                        copy.write_row(row)

    def insert(self, url: str) -> None:
        """Write them by `executemany`, in one commit."""
        with psycopg.connect(url) as connection, connection.cursor() as cursor:
            for table, rows in self.of_table.items():
                places = ", ".join(["%s"] * len(rows[0]))
                cursor.executemany(f"INSERT INTO {table} VALUES ({places})".encode(), rows)  # noqa: S608 - our own


def _written(server: PostgresqlServer, empty: str, write: Callable[[str], object], rows: int = 0) -> Contestant:
    """Return a contestant that writes into a fresh copy of the database `empty`; `rows` of 0 are those it finds there.

    The CPU is that of this process; the server's is its own.
    """

    def contend() -> Measured:
        own = server.create(empty)
        try:
            cpu, started = time.process_time(), time.perf_counter()
            write(server.url(own))
            seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
            with psycopg.connect(server.url(own)) as connection:
                (stored,) = connection.execute(b"SELECT count(*) FROM installs").fetchone() or (0,)
        finally:
            server.drop(own)
        if rows not in {0, stored}:
            raise RuntimeError(f"{stored} of {rows} lines were stored")
        return Measured(stored, seconds, cpu)

    return contend


def _line(no: int) -> dict[str, object]:
    return {
        "install": fleet.install_id(no),
        "product": fleet.PRODUCT,
        "version": fleet.VERSIONS[no * 7 % len(fleet.VERSIONS)],
        "platform": {"os": "macos", "os_version": "14.6.1", "arch": "arm64"},
        "footprint": {"notebooks": no % 100, "storage_format": f"v{no % 5}", "encrypted": no % 4 == 0},
    }


def _copied(source: Path, target: Path) -> Path:
    shutil.copy(source, target)
    return target


def _import(empty: Path, text: bytes, rows: int) -> Contestant:
    def contend() -> Measured:
        copy = _copied(empty, empty.with_name("import-ours.db"))
        cpu, started = time.process_time(), time.perf_counter()
        asyncio.run(_take(url_of(copy), text))
        measured = Measured(rows, time.perf_counter() - started, time.process_time() - cpu)
        _see(copy, rows)
        return measured

    return contend


async def _take(url: str, text: bytes) -> None:
    database = open_database(url)
    how = Import("installs", "application/x-ndjson", Columns.of("installs"))
    try:
        async for _ in taken(database, _pieces(text), how, Intake(Rulebook(), SystemClock()), Tally()):
            pass
    finally:
        await database.close()


async def _pieces(text: bytes, size: int = 65_536) -> AsyncIterator[bytes]:
    for start in range(0, len(text), size):
        yield text[start : start + size]


def _bare(empty: Path, full: Path) -> Contestant:
    """Return a contestant that writes the rows which the import made."""
    source = dbapi2.connect(full)
    rows = {table: source.execute(f"SELECT * FROM {table}").fetchall() for table in _TABLES}  # noqa: S608 - our own
    source.close()

    def contend() -> Measured:
        copy = _copied(empty, empty.with_name("import-bare.db"))
        connection = dbapi2.connect(copy, isolation_level=None)
        for pragma in PRAGMAS:
            connection.execute(pragma)
        measured = timed(lambda: _insert(connection, rows))
        connection.close()
        return measured

    return contend


def _insert(connection: dbapi2.Connection, rows: dict[str, list[tuple[object, ...]]]) -> int:
    connection.execute("BEGIN IMMEDIATE")
    for table, of_table in rows.items():
        places = ", ".join("?" * len(of_table[0]))
        connection.executemany(f"INSERT INTO {table} VALUES ({places})", of_table)  # noqa: S608 - our own names
    connection.execute("COMMIT")
    return len(rows["installs"])


def _see(path: Path, rows: int) -> None:
    connection = dbapi2.connect(path)
    stored = connection.execute("SELECT count(*) FROM installs").fetchone()[0]
    connection.close()
    if stored != rows:
        raise RuntimeError(f"{stored} of {rows} lines were stored")
