"""Counting an audience over HTTP, beside hand-written SQL and DuckDB on the same rows."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
from pysqlite3 import dbapi2

from bench import fleet
from bench.database import carried_out, url_of
from bench.figures import Contestant, Finding, Goal, Measured, Remark, in_turn, timed
from bench.plan import Plan
from bench.servers import Server, serve_forewarn, server

NAME = "audience"
#: Times that an audience of a condition never seen before may take of the peer's.
_UNSEEN = 15
_COLUMNS = "i.no, i.version_no, f.f_1 AS notebooks, f.f_2 AS storage_format, f.f_3 AS encrypted"
_ROWS = f"SELECT {_COLUMNS} FROM installs i JOIN footprint_1 f ON f.install_no = i.no"  # noqa: S608 - fixed text
#: The same versions, by their numbers, and the same facts; no customers, no channels, no warnings.
_COUNT = (
    "SELECT count(*) FROM {rows} WHERE version_no BETWEEN 81 AND 120"
    " AND notebooks > {least} AND storage_format IN ('v1', 'v2') AND encrypted = 1"
)


def run(plan: Plan) -> Iterator[Finding]:
    """Compare the time to count the audience of a condition that changes with each request."""
    path = plan.folder / "audience.db"
    carried_out(path, fleet.settle, plan.installs)
    conditions = count()
    peers = {"one hand-written SQL count": _sqlite(path, conditions)}
    if importlib.util.find_spec("duckdb"):
        peers = {"DuckDB, one thread": _duckdb(path, conditions), **peers}
    else:
        yield Remark(NAME, "DuckDB is not here to compare with (pip install duckdb)")
    with server(serve_forewarn, url_of(path)) as ours:
        ours.wait()
        yield Remark(NAME, _what(ours))
        told = f"{plan.installs:,} installs, a condition never seen before"
        goal = Goal("time", _UNSEEN)
        yield from in_turn(NAME, told, _over_http(ours, conditions), peers, plan.rounds, goal)


def _what(ours: Server) -> str:
    found = _ask(ours, 50)
    return f"the audience that is counted: {found['at_risk']['installs']:,} installs at risk"


def _ask(ours: Server, least: int) -> Any:  # noqa: ANN401 - JSON
    report = fleet.report(fleet.CONDITION.replace("50", str(least)))
    return ours.ask("POST", "/v1/audience", msgspec.to_builtins(report))


def _over_http(ours: Server, conditions: count[int]) -> Contestant:
    def contend() -> Measured:
        cpu = ours.cpu_seconds()
        clock = timed(lambda: bool(_ask(ours, next(conditions) % 100)))
        return Measured(1, clock.seconds, ours.cpu_seconds() - cpu)

    return contend


def _sqlite(path: Path, conditions: count[int]) -> Contestant:
    connection = dbapi2.connect(f"file:{path}?mode=ro", uri=True)

    def look() -> int:
        text = _COUNT.format(rows=f"({_ROWS})", least=next(conditions) % 100)
        return len(connection.execute(text).fetchall())

    return lambda: timed(look)


def _duckdb(path: Path, conditions: count[int]) -> Contestant:
    source = dbapi2.connect(f"file:{path}?mode=ro", uri=True)
    duckdb = importlib.import_module("duckdb").connect(config={"threads": 1})
    duckdb.execute("CREATE TABLE fleet (no INT, version_no INT, notebooks INT, storage_format TEXT, encrypted INT)")
    folder = path.with_suffix(".csv")
    with folder.open("w", encoding="utf-8") as file:
        for row in source.execute(_ROWS):
            print(*row, sep=",", file=file)
    duckdb.execute("COPY fleet FROM ? (HEADER FALSE)", [str(folder)])

    def look() -> int:
        return len(duckdb.execute(_COUNT.format(rows="fleet", least=next(conditions) % 100)).fetchall())

    return lambda: timed(look)
