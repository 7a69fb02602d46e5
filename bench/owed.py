"""From a publication to the last notice owed, beside one bare INSERT … SELECT of the same rows for each table."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from pysqlite3 import dbapi2

from bench import fleet
from bench.database import NOW, PRAGMAS, carried_out, sql, url_of
from bench.figures import Contestant, Finding, Goal, Measured, Remark, in_turn, timed
from bench.plan import Plan
from notifier import publishing
from notifier.publications import Rulebook
from notifier.publishing import By
from notifier.sweeper import next_size
from notifier.sweeping import PAGE, sweep_page
from storage import Tx, instant, open_database

NAME = "owed"
#: Times that the sweep may take of the bare inserts.
_MOST = 2
#: Exposures and their changes, notices, their lines and their deliveries.
_TABLES = ("exposures", "exposure_changes", "notices", "notice_installs", "deliveries")


def run(plan: Plan) -> Iterator[Finding]:
    """Compare installs per second."""
    path = plan.folder / "owed.db"
    carried_out(path, fleet.settle, plan.exposed)
    defect = carried_out(path, _file)
    told = f"{plan.exposed:,} installs at risk"
    peers = {"bare INSERT … SELECT": _bare(path, plan.exposed)}
    pages: list[float] = []
    sweep = _sweep(path, defect, plan.exposed, pages)
    yield from in_turn(NAME, told, sweep, peers, plan.rounds, Goal("time", _MOST))
    longest = f"half of them took {median(pages) * 1000:,.0f} ms at most, the longest {max(pages) * 1000:,.0f} ms"
    yield Remark(NAME, f"{len(pages):,} pages, each in a commit of its own, between which others write: {longest}")


def _file(tx: Tx) -> str:
    return publishing.file_defect(tx, fleet.report(everyone=True), By("ada", NOW)).id


def _sweep(path: Path, defect: str, installs: int, pages: list[float]) -> Contestant:
    def contend() -> Measured:
        copy = path.with_name("owed-ours.db")
        shutil.copy(path, copy)
        measured = asyncio.run(_publish(copy, defect, installs, pages))
        _see(copy, installs)
        return measured

    return contend


async def _publish(path: Path, defect: str, installs: int, pages: list[float]) -> Measured:
    """Publish and sweep as the service's own sweeper does, in pages that it fits to their time."""
    database, rulebook, size = open_database(url_of(path)), Rulebook(), PAGE
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


def _bare(path: Path, installs: int) -> Contestant:
    def contend() -> Measured:
        copy = path.with_name("owed-bare.db")
        shutil.copy(path, copy)
        connection = dbapi2.connect(copy, isolation_level=None)
        for pragma in PRAGMAS:
            connection.execute(pragma)
        measured = timed(lambda: _insert(connection, installs))
        connection.close()
        _see(copy, installs)
        return measured

    return contend


def _insert(connection: dbapi2.Connection, installs: int) -> int:
    connection.execute("BEGIN IMMEDIATE")
    for statement in (sql.bare_exposures, sql.bare_changes, sql.bare_notices, sql.bare_lines, sql.bare_deliveries):
        connection.execute(statement.sqlite, {"at": instant(NOW)})
    connection.execute("COMMIT")
    return installs


def _see(path: Path, installs: int) -> None:
    """Raise RuntimeError unless each install has its exposure and its line, and each notice its delivery."""
    connection = dbapi2.connect(path)
    counts = [connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in _TABLES]  # noqa: S608 - names of our own
    connection.close()
    exposures, changes, notices, lines, deliveries = counts
    if not (exposures == changes == lines == installs and notices == deliveries):
        raise RuntimeError(f"not the rows that were to be written: {dict(zip(_TABLES, counts, strict=True))}")
