"""Durable check-ins over HTTP, beside a commit for each request, and beside the plainest answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Final

import msgspec
import psycopg
from aiohttp import web
from pysqlite3 import dbapi2

from bench import fleet
from bench.children import Child
from bench.database import NOW, PRAGMAS, carried_out_at, sql, tidy, url_of
from bench.figures import Contestant, Figure, Goal, in_turn
from bench.load import request
from bench.plan import Plan
from bench.servers import (
    ADMIN_KEY,
    Server,
    load_generator,
    serve_app,
    serve_forewarn,
    serve_hello,
    server,
    under_load,
)
from feeds.types import AffectedEntry, DefectReport
from installs_registry.types import CheckIn
from notifier import publishing
from notifier.publications import Rulebook
from notifier.publishing import By
from notifier.registering import VENDOR, Reported, check_ins
from notifier.sweeping import sweep_page
from storage import Tx
from tests.postgresql_server import running_server

NAME = "check_in"
#: Times the speed of a commit for each request.
_LEAST = 4
#: Defects that are published; four concern each version.
DEFECTS: Final = 20
_PATH = "/v1/installs/"
#: Notebooks that an install has more of, from one turn to the next.
_STEP = 5


def run(plan: Plan) -> Iterator[Figure]:
    """Compare check-ins per second: of installs whose data has changed a little, and of those that say nothing new."""
    installs = min(plan.bodies, plan.installs)
    paths = plan.folder / "check-in.db", plan.folder / "check-in-bare.db"
    ours, bare = map(url_of, paths)
    with ExitStack() as stack:
        peers = _Peers(stack.enter_context(load_generator()), stack.enter_context(server(serve_hello)), plan)
        yield from _compare("", ours, bare, installs, peers)
        postgresql = stack.enter_context(running_server(durable=True))
        ours, bare = (postgresql.url(postgresql.create()) for _ in paths)
        yield from _compare(", postgresql", ours, bare, installs, peers)


@dataclass(frozen=True, slots=True)
class _Peers:
    """What a run on either database shares."""

    generator: Child
    hello: Server
    plan: Plan

    def under(self, target: Server, requests: tuple[bytes, ...]) -> Contestant:
        """Return a contestant that answers these requests."""
        return under_load(self.generator, target, requests, self.plan.connections, self.plan.seconds)


def _compare(where: str, url: str, bare: str, installs: int, peers: _Peers) -> Iterator[Figure]:
    carried_out_at(url, settle, installs)
    carried_out_at(bare, fleet.settle, installs)
    tidy(url)
    tidy(bare)
    with server(serve_forewarn, url) as ours, server(_serve_commits, bare) as commits:
        ours.wait()
        for told, requests in _cases(installs).items():
            others = {
                "a commit for each request": peers.under(commits, requests),
                "aiohttp's hello": peers.under(peers.hello, (request("GET", "/"),)),
            }
            contestant = peers.under(ours, requests)
            yield from in_turn(NAME, told + where, contestant, others, peers.plan.rounds, Goal("speed", _LEAST))


def _cases(installs: int) -> dict[str, tuple[bytes, ...]]:
    """Return the requests of each case; whoever comes again with a change tells another number than before."""
    half = installs // 2
    changed = tuple(_request(no, turn) for turn in (1, 2) for no in range(1, half + 1))
    repeated = tuple(_request(no, 0) for no in range(half + 1, installs + 1))
    return {
        f"{half:,} installs, one fact changed, {DEFECTS} defects": changed,
        f"{installs - half:,} installs, nothing new": repeated,
    }


def settle(tx: Tx, installs: int) -> None:
    """Write a fleet with open defects; each install has checked in once, and about one in twelve is at risk."""
    fleet.settle(tx, installs)
    rulebook, by = Rulebook(), By("ada", NOW)
    for number in range(DEFECTS):
        publishing.publish(tx, publishing.file_defect(tx, _report(number), by).id, by)
    while sweep_page(tx, rulebook, NOW, installs):
        pass
    bodies = [(fleet.install_id(no), msgspec.convert(_body(no, 0), CheckIn)) for no in range(1, installs + 1)]
    reported = [Reported(install, body, VENDOR) for install, body in bodies]
    check_ins(tx, reported, rulebook=rulebook, now=NOW)


def _report(number: int) -> DefectReport:
    """Return one of the reports, each of another fifth of the versions and other facts."""
    first = number % 5 * 2 + 1
    entering = AffectedEntry(introduced=f"{first}.0.0", fixed=f"{first + 2}.0.0")
    condition = f"notebooks > {40 + number} && storage_format == 'v{number // 4 + 1}' && encrypted"
    return msgspec.structs.replace(fleet.report(condition), upgrading_from=(entering,))


def _body(no: int, turn: int) -> dict[str, object]:
    return {
        "product": fleet.PRODUCT,
        "version": fleet.version_of(no),
        "platform": {"os": "macos", "os_version": "14.6.1", "arch": "arm64"},
        "footprint": {
            "notebooks": no * 31 % 100 + turn * _STEP,
            "storage_format": f"v{no % 5 + 1}",
            "encrypted": no % 4 == 0,
        },
    }


def _request(no: int, turn: int) -> bytes:
    key = f"Bearer {ADMIN_KEY}"
    return request("PUT", f"{_PATH}{fleet.install_id(no)}", msgspec.json.encode(_body(no, turn)), Authorization=key)


def _serve_commits(pipe: Connection, url: str) -> None:
    """Serve a peer that commits each check-in alone; it stores what has changed and checks nothing."""
    store = _store_in_sqlite(url) if url.startswith("sqlite") else _store_in_postgresql(url)

    async def check_in(request: web.Request) -> web.Response:
        body = await request.json()
        told = {"id": request.match_info["install"], "at": body["version"], "notebooks": body["footprint"]["notebooks"]}
        store(told)
        return web.json_response({"install": told["id"]})

    app = web.Application()
    app.router.add_put(_PATH + "{install}", check_in)
    serve_app(pipe, app)


def _store_in_sqlite(url: str) -> Callable[[dict[str, Any]], None]:
    connection = dbapi2.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    for pragma in PRAGMAS:
        connection.execute(pragma)

    def store(told: dict[str, Any]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        for statement in _STATEMENTS:
            connection.execute(statement.sqlite, told)
        connection.execute("COMMIT")

    return store


def _store_in_postgresql(url: str) -> Callable[[dict[str, Any]], None]:
    connection = psycopg.connect(url)

    def store(told: dict[str, Any]) -> None:
        for statement in _STATEMENTS:
            connection.execute(statement.postgresql.encode(), told)
        connection.commit()

    return store


_STATEMENTS = (sql.bare_seen, sql.bare_fact)
