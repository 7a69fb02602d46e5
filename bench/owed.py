"""From a publication to the last notice owed, beside one bare INSERT … SELECT of the same rows for each table.

On SQLite and on PostgreSQL.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psycopg
from pysqlite3 import dbapi2

from bench import fleet
from bench.database import NOW, PRAGMAS, carried_out_at, sql, tidy, url_of
from bench.figures import Contestant, Finding, Goal, Measured, Remark, in_turn, timed
from bench.plan import Plan
from notifier import publishing
from notifier.publications import Rulebook
from notifier.publishing import By
from notifier.sweeper import next_size
from notifier.sweeping import PAGE, sweep_page
from storage import Tx, instant, open_database
from tests.postgresql_server import Server, running_server

NAME = "owed"
#: Times that the sweep may take of the bare inserts.
_MOST = 2
#: Exposures and their changes, notices, their lines and their deliveries.
_TABLES = ("exposures", "exposure_changes", "notices", "notice_installs", "deliveries")


def run(plan: Plan) -> Iterator[Finding]:
    """Compare installs per second, on SQLite and on PostgreSQL."""
    path = plan.folder / "owed.db"
    yield from _compare("", _Source(url_of(path), lambda: _copied(path), _insert_in_sqlite), plan)
    with running_server() as postgresql:
        full = postgresql.create()
        source = _Source(postgresql.url(full), lambda: _created(postgresql, full), _insert_in_postgresql)
        yield from _compare(", postgresql", source, plan)


@dataclass(frozen=True, slots=True)
class _Source:
    """A database that both sides begin with, each round in a copy of its own."""

    url: str
    #: Makes a copy and tells its address; it is gone, or made anew, afterwards.
    copy: Callable[[], AbstractContextManager[str]]
    #: Writes the bare rows of so many installs into the database at an address.
    insert: Callable[[str, int], Measured]


@contextmanager
def _copied(path: Path) -> Iterator[str]:
    copy = path.with_name("owed-copy.db")
    shutil.copy(path, copy)
    yield url_of(copy)


@contextmanager
def _created(server: Server, template: str) -> Iterator[str]:
    copy = server.create(template)
    try:
        yield server.url(copy)
    finally:
        server.drop(copy)


def _compare(where: str, source: _Source, plan: Plan) -> Iterator[Finding]:
    carried_out_at(source.url, fleet.settle, plan.exposed)
    defect = carried_out_at(source.url, _file)
    tidy(source.url)
    peers = {"bare INSERT … SELECT": _bare(source, plan.exposed)}
    pages: list[float] = []
    sweep, told = _sweep(source, defect, plan.exposed, pages), f"{plan.exposed:,} installs at risk{where}"
    yield from in_turn(NAME, told, sweep, peers, plan.rounds, Goal("time", _MOST))
    longest = f"half of them took {median(pages) * 1000:,.0f} ms at most, the longest {max(pages) * 1000:,.0f} ms"
    yield Remark(
        NAME, f"{len(pages):,} pages{where}, each in a commit of its own, between which others write: {longest}"
    )


def _file(tx: Tx) -> str:
    return publishing.file_defect(tx, fleet.report(everyone=True), By("ada", NOW)).id


def _sweep(source: _Source, defect: str, installs: int, pages: list[float]) -> Contestant:
    def contend() -> Measured:
        with source.copy() as url:
            measured = asyncio.run(_publish(url, defect, installs, pages))
            _see(url, installs)
            return measured

    return contend


async def _publish(url: str, defect: str, installs: int, pages: list[float]) -> Measured:
    """Publish and sweep as the service's own sweeper does, in pages that it fits to their time."""
    database, rulebook, size = open_database(url), Rulebook(), PAGE
    try:
        cpu, started = time.process_time(), time.perf_counter()
        await database.call(publishing.publish, defect, By("ada", NOW))
        began = time.perf_counter()
        while await database.call(sweep_page, rulebook, NOW, size):
            pages.append(time.perf_counter() - began)
            size, began = next_size(size, pages[-1]), time.perf_counter()
        return Measured(installs, time.perf_counter() - started, time.process_time() - cpu)
    finally:
        await database.close()


def _bare(source: _Source, installs: int) -> Contestant:
    def contend() -> Measured:
        with source.copy() as url:
            measured = source.insert(url, installs)
            _see(url, installs)
            return measured

    return contend


def _insert_in_sqlite(url: str, installs: int) -> Measured:
    with closing(dbapi2.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
        for pragma in PRAGMAS:
            connection.execute(pragma)

        def insert() -> int:
            connection.execute("BEGIN IMMEDIATE")
            for statement in _STATEMENTS:
                connection.execute(statement.sqlite, {"at": instant(NOW)})
            connection.execute("COMMIT")
            return installs

        return timed(insert)


def _insert_in_postgresql(url: str, installs: int) -> Measured:
    """Write them; the CPU is that of this process, which waits for the server's."""
    with psycopg.connect(url) as connection:

        def insert() -> int:
            for statement in _STATEMENTS:
                connection.execute(statement.postgresql.encode(), {"at": instant(NOW)})
            connection.commit()
            return installs

        return timed(insert)


_STATEMENTS = (sql.bare_exposures, sql.bare_changes, sql.bare_notices, sql.bare_lines, sql.bare_deliveries)


def _see(url: str, installs: int) -> None:
    """Raise RuntimeError unless each install has its exposure and its line, and each notice its delivery."""
    counts = carried_out_at(url, _counts)
    exposures, changes, notices, lines, deliveries = counts
    if not (exposures == changes == lines == installs and notices == deliveries):
        raise RuntimeError(f"not the rows that were to be written: {dict(zip(_TABLES, counts, strict=True))}")


def _counts(tx: Tx) -> list[int]:
    return [tx.built(f"SELECT count(*) AS rows FROM {table}", {})[0]["rows"] for table in _TABLES]  # noqa: S608 - names of our own
