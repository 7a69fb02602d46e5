"""Importing installs, beside a bare `executemany` of the rows that come of it, with the indexes live."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
from pysqlite3 import dbapi2

from api.imports import batches, take_batch
from bench import fleet
from bench.database import NOW, PRAGMAS, carried_out, url_of
from bench.figures import Contestant, Figure, Goal, Measured, in_turn, timed
from bench.plan import Plan
from installs_registry.lines import lines
from notifier.publications import Rulebook
from notifier.registering import Intake
from storage import open_database

NAME = "import"
#: Times that an import may take of the bare inserts.
_MOST = 2.5
_TABLES = ("installs", "install_versions", "footprint_1")


def run(plan: Plan) -> Iterator[Figure]:
    """Compare lines per second."""
    empty, full = plan.folder / "import.db", plan.folder / "import-full.db"
    carried_out(empty, fleet.declare_fleet)
    text = b"".join(msgspec.json.encode(_line(no)) + b"\n" for no in range(plan.rows))
    asyncio.run(_take(_copied(empty, full), text))
    peers = {"bare executemany": _bare(empty, full)}
    told = f"{plan.rows:,} installs"
    yield from in_turn(NAME, told, _import(empty, text, plan.rows), peers, plan.rounds, Goal("time", _MOST))


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
        asyncio.run(_take(copy, text))
        measured = Measured(rows, time.perf_counter() - started, time.process_time() - cpu)
        _see(copy, rows)
        return measured

    return contend


async def _take(path: Path, text: bytes) -> None:
    database = open_database(url_of(path))
    intake = Intake(Rulebook(), NOW)
    try:
        async for batch in batches(lines(_pieces(text), "application/x-ndjson")):
            await database.call(take_batch, intake, "installs", batch)
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
