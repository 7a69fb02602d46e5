"""Durable check-ins over HTTP, beside a commit for each request, and beside the plainest answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from multiprocessing.connection import Connection

import msgspec
from aiohttp import web
from pysqlite3 import dbapi2

from bench import fleet
from bench.database import PRAGMAS, carried_out, sql, url_of
from bench.figures import Figure, Goal, in_turn
from bench.load import request
from bench.plan import Plan
from bench.servers import ADMIN_KEY, load_generator, serve_app, serve_forewarn, serve_hello, server, under_load

NAME = "check_in"
#: Times the speed of a commit for each request.
_LEAST = 4
_PATH = "/v1/installs/"


def run(plan: Plan) -> Iterator[Figure]:
    """Compare check-ins per second, of installs that are known and whose data has changed a little."""
    path, bare = plan.folder / "check-in.db", plan.folder / "check-in-bare.db"
    installs = min(plan.bodies, plan.installs)
    for each in (path, bare):
        carried_out(each, fleet.settle, installs)
    # Whoever comes again tells another number than before.
    requests = tuple(_request(no, turn) for turn in range(2) for no in range(1, installs + 1))
    with ExitStack() as stack:
        generator = stack.enter_context(load_generator())
        ours = stack.enter_context(server(serve_forewarn, url_of(path)))
        ours.wait()
        commits = stack.enter_context(server(_serve_commits, str(bare)))
        hello = stack.enter_context(server(serve_hello))
        peers = {
            "a commit for each request": under_load(generator, commits, requests, plan.connections, plan.seconds),
            "aiohttp's hello": under_load(generator, hello, (request("GET", "/"),), plan.connections, plan.seconds),
        }
        contestant = under_load(generator, ours, requests, plan.connections, plan.seconds)
        told = f"{installs:,} installs, one fact changed"
        yield from in_turn(NAME, told, contestant, peers, plan.rounds, Goal("speed", _LEAST))


def _request(no: int, turn: int) -> bytes:
    body = {
        "product": fleet.PRODUCT,
        "version": fleet.VERSIONS[no * 7 % len(fleet.VERSIONS)],
        "platform": {"os": "macos", "os_version": "14.6.1", "arch": "arm64"},
        "footprint": {"notebooks": no % 1000 + turn, "storage_format": "v3", "encrypted": False},
    }
    key = f"Bearer {ADMIN_KEY}"
    return request("PUT", f"{_PATH}{fleet.install_id(no)}", msgspec.json.encode(body), Authorization=key)


def _serve_commits(pipe: Connection, path: str) -> None:
    """Serve a peer that commits each check-in alone; it stores what has changed and checks nothing."""
    connection = dbapi2.connect(path, isolation_level=None)
    for pragma in PRAGMAS:
        connection.execute(pragma)

    async def check_in(request: web.Request) -> web.Response:
        body = await request.json()
        told = {"id": request.match_info["install"], "at": body["version"], "notebooks": body["footprint"]["notebooks"]}
        connection.execute("BEGIN IMMEDIATE")
        for statement in (sql.bare_seen, sql.bare_fact):
            connection.execute(statement.sqlite, told)
        connection.execute("COMMIT")
        return web.json_response({"install": told["id"]})

    app = web.Application()
    app.router.add_put(_PATH + "{install}", check_in)
    serve_app(pipe, app)
