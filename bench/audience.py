"""Counting an audience over HTTP, beside DuckDB and hand-written SQL on the same rows, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import csv
import importlib
import importlib.util
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import msgspec
import psycopg
from pysqlite3 import dbapi2

from bench import fleet
from bench.children import Child
from bench.database import carried_out_at, tidy, url_of
from bench.figures import Contestant, Finding, Goal, Measured, Remark, in_turn, timed
from bench.load import HOST, Order, Tally, request
from bench.plan import Plan
from bench.servers import ADMIN_KEY, Server, load_generator, serve_forewarn, server
from tests.postgresql_server import running_server

NAME = "audience"
#: Times that an audience may take of DuckDB's: of a published defect, of a condition never seen before.
_PUBLISHED, _UNSEEN = 3, 15
#: Audiences that are counted while check-ins arrive, and the connections that these come on, one after another each.
_ASKED, _CONNECTIONS = 40, 2
#: Seconds that the service has to read ten million installs.
_PATIENCE = 900.0
_ROWS = "SELECT install_no, version_no, f_1, f_2, f_3 FROM footprint_1"
#: The four groups of an audience: all installs, those of the forty versions, at risk, cannot tell. The rest is what is
#: left of these. No customers, no channels, no warnings.
_COUNT = """SELECT count(*), count(*) FILTER (WHERE hit), count(*) FILTER (WHERE hit IS NULL),
    (SELECT count(*) FROM {rows}) FROM (
        SELECT {notebooks} > {least} AND {format} IN ('v1', 'v2') AND {encrypted} AS hit
        FROM {rows} WHERE version_no BETWEEN 81 AND 120) looked_at"""
_NAMES = {"notebooks": "f_1", "format": "f_2", "encrypted": "f_3 = 1"}

#: Counts the groups with at least so many notebooks.
_Count = Callable[[int], tuple[int, ...]]


def run(plan: Plan) -> Iterator[Finding]:
    """Compare the time to count the audience of a published defect, and of conditions that change each time."""
    yield from _on_sqlite(plan)
    with running_server() as postgresql:
        url = postgresql.url(postgresql.create())
        defect = _settled(url, plan.installs_on_postgresql)
        with psycopg.connect(url, autocommit=True) as connection:
            peers = {"one hand-written SQL count": _postgresql(connection)}
            smaller = replace(plan, installs=plan.installs_on_postgresql)
            yield from _compare(", postgresql", url, defect, peers, smaller)


def _on_sqlite(plan: Plan) -> Iterator[Finding]:
    path = plan.folder / "audience.db"
    defect = _settled(url_of(path), plan.installs)
    peers: dict[str, _Count] = {"one hand-written SQL count": _sqlite(path)}
    if importlib.util.find_spec("duckdb"):
        peers = {"DuckDB, one thread": _duckdb(path), **peers}
    else:
        yield Remark(NAME, "DuckDB is not here to compare with: `make bench` installs it (bench/requirements.lock)")
    yield from _compare("", url_of(path), defect, peers, plan)


def _settled(url: str, installs: int) -> str:
    """Write the fleet and publish the defect; return the defect's id."""
    carried_out_at(url, fleet.settle, installs)
    tidy(url)
    defect = asyncio.run(fleet.publish(url))
    tidy(url)
    return defect


def _compare(where: str, url: str, defect: str, peers: dict[str, _Count], plan: Plan) -> Iterator[Finding]:
    with server(serve_forewarn, url) as ours, load_generator() as generator:
        ours.wait()
        asking = _Asking(ours, defect)
        if url.startswith("sqlite"):
            yield Remark(NAME, _taken_into_memory(asking, plan) + where)
        yield Remark(NAME, _agreed(asking, peers) + where)
        told = f"{plan.installs:,} installs"
        for case, ask, goal in (("published", asking.published, _PUBLISHED), ("never seen", asking.unseen, _UNSEEN)):
            # Each contestant counts in conditions of its own, so that none is ever asked again.
            looks = {name: _look(peer) for name, peer in peers.items()}
            contestant = _over_http(ours, ask)
            yield from in_turn(NAME, f"{told}, {case}{where}", contestant, looks, plan.rounds, Goal("time", goal))
        yield Remark(NAME, _under_check_ins(asking, generator, plan) + where)


@dataclass(frozen=True, slots=True)
class _Asking:
    """Asks the service for audiences."""

    server: Server
    #: The id of a published defect.
    defect: str

    def published(self, _: int) -> Any:  # noqa: ANN401 - JSON
        """Return the audience of the published defect."""
        return self.server.ask("GET", f"/v1/defects/{self.defect}/audience")

    def unseen(self, least: int) -> Any:  # noqa: ANN401 - JSON
        """Return the audience of a condition that holds for installs with more notebooks than these."""
        report = fleet.report(fleet.CONDITION.replace("50", str(least)))
        return self.server.ask("POST", "/v1/audience", msgspec.to_builtins(report))


def _taken_into_memory(asking: _Asking, plan: Plan) -> str:
    """Return once audiences are counted in memory, with how long the first one took and how long that was after it."""
    first = timed(lambda: bool(asking.unseen(39)))
    cpu, read = asking.server.cpu_seconds(), timed(lambda: _held(asking.server, plan.installs))
    spent = asking.server.cpu_seconds() - cpu
    return (
        f"the first audience, counted in the file: {first.seconds * 1000:,.0f} ms; all installs in memory "
        f"{read.seconds:,.1f} s later, with {spent:,.1f} s of CPU"
    )


def _held(ours: Server, installs: int) -> int:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        with urllib.request.urlopen(f"http://{HOST}:{ours.port}/metrics") as answer:
            lines = dict(line.split(" ", 1) for line in answer.read().decode().splitlines() if line[0] != "#")
        if float(lines["forewarn_installs_in_memory"]) >= installs:
            return installs
        time.sleep(0.05)
    raise TimeoutError("the installs were not in memory in time")


def _agreed(asking: _Asking, peers: dict[str, _Count]) -> str:
    """Say what is counted; raises RuntimeError where somebody counts otherwise."""
    expected = asking.unseen(50)
    groups = _groups(expected)
    found = {"published": _groups(asking.published(50)), **{name: peer(50) for name, peer in peers.items()}}
    if any(each != groups for each in found.values()):
        raise RuntimeError(f"not the same audience: {groups}, but {found}")
    at_risk = expected["at_risk"]
    return (
        f"the audience that is counted: {at_risk['installs']:,} installs at risk, of {at_risk['customers']:,} customers"
    )


def _groups(view: Any) -> tuple[int, ...]:  # noqa: ANN401 - JSON
    at_risk, cannot_tell = view["at_risk"]["installs"], view["cannot_tell"]["installs"]
    not_at_risk = view["not_at_risk"]
    looked_at = at_risk + cannot_tell + not_at_risk["because"]["condition"]
    return looked_at, at_risk, cannot_tell, at_risk + cannot_tell + not_at_risk["installs"]


def _over_http(ours: Server, ask: Callable[[int], object]) -> Contestant:
    conditions = count()

    def contend() -> Measured:
        cpu = ours.cpu_seconds()
        clock = timed(lambda: ask(_least(next(conditions))) is not None)
        return Measured(1, clock.seconds, ours.cpu_seconds() - cpu)

    return contend


def _least(turn: int) -> int:
    """Return another number of notebooks each turn, of which about as many installs have more."""
    return 40 + turn % 20


def _look(peer: _Count) -> Contestant:
    conditions = count()
    return lambda: timed(lambda: bool(peer(_least(next(conditions)))))


def _sqlite(path: Path) -> _Count:
    connection = dbapi2.connect(f"file:{path}?mode=ro", uri=True)
    text = _COUNT.replace("{least}", ":least").format(rows="footprint_1", **_NAMES)
    return lambda least: tuple(connection.execute(text, {"least": least}).fetchone())


def _postgresql(connection: psycopg.Connection[tuple[int, ...]]) -> _Count:
    names = {**_NAMES, "encrypted": "f_3"}
    text = _COUNT.replace("{least}", "%(least)s").format(rows="footprint_1", **names).encode()
    return lambda least: connection.execute(text, {"least": least}).fetchone() or ()


def _duckdb(path: Path) -> _Count:
    connection = importlib.import_module("duckdb").connect(config={"threads": 1})
    connection.execute("CREATE TABLE fleet (install_no INT, version_no INT, f_1 INT, f_2 TEXT, f_3 INT)")
    rows = path.with_suffix(".csv")
    with closing(dbapi2.connect(f"file:{path}?mode=ro", uri=True)) as source, rows.open("w", encoding="utf-8") as file:
        csv.writer(file).writerows(source.execute(f"{_ROWS} ORDER BY install_no"))
    connection.execute("COPY fleet FROM ? (HEADER FALSE)", [str(rows)])
    text = _COUNT.replace("{least}", "$least").format(rows="fleet", **_NAMES)
    return lambda least: tuple(connection.execute(text, {"least": least}).fetchone())


def _under_check_ins(asking: _Asking, generator: Child, plan: Plan) -> str:
    """Say how long an audience takes while check-ins arrive and its condition changes with each request."""
    seconds = _ASKED * 0.1 if plan.installs > _ASKED * 100 else 0.1
    taken: list[float] = []
    tallies: list[Tally] = []
    order = Order(asking.server.port, _check_ins(plan.installs), _CONNECTIONS, seconds)
    arriving = threading.Thread(target=lambda: tallies.append(generator.ask(order)))
    arriving.start()
    for turn in count():
        started = time.perf_counter()
        asking.unseen(_least(turn))
        taken.append(time.perf_counter() - started)
        if not arriving.is_alive() and len(taken) > 1:
            break
    arriving.join()
    rate = tallies[0].answers[b"200"] / tallies[0].seconds
    told = f"median {median(taken) * 1000:,.0f} ms, p95 {quantiles(taken, n=20)[-1] * 1000:,.0f} ms"
    return f"never seen, beside {rate:,.0f} check-ins a second, {len(taken)} audiences one after another: {told}"


def _check_ins(installs: int) -> tuple[bytes, ...]:
    key = f"Bearer {ADMIN_KEY}"
    bodies = ((no, {"notebooks": no % 997, "storage_format": "v3"}) for no in range(1, min(installs, 5_000) + 1))
    return tuple(
        request(
            "PUT",
            f"/v1/installs/{fleet.install_id(no)}",
            msgspec.json.encode({"product": fleet.PRODUCT, "version": fleet.version_of(no), "footprint": footprint}),
            Authorization=key,
        )
        for no, footprint in bodies
    )
