"""Servers to send requests to, each in a process of its own on the first core."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import uvloop
from aiohttp import web

from bench.children import PATIENCE, Child, child, tell_cpu_time
from bench.figures import Contestant, Measured
from bench.load import HOST, Order, Tally, generate
from bench.machine import pin
from commands.raw_settings import Raw
from commands.serving import logs
from commands.settings import load
from composition import serving
from storage import SystemClock

ADMIN_KEY = "the-admin-key-of-the-benchmarks-0123456789"


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs."""

    port: int
    process: Child

    def cpu_seconds(self) -> float:
        """Return the CPU that its process has used."""
        return float(self.process.ask())

    def wait(self) -> None:
        """Return once it is ready; raises TimeoutError when that takes too long."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                self.ask("GET", "/readyz")
            except urllib.error.HTTPError:
                time.sleep(0.05)
            else:
                return
        raise TimeoutError("the service was not ready in time")

    def ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """Return the JSON answer to one request; raises HTTPError where it is refused."""
        asked = urllib.request.Request(
            f"http://{HOST}:{self.port}{path}",
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {ADMIN_KEY}", "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(asked, timeout=120) as answer:  # noqa: S310 - our own address
            return json.load(answer)


@contextmanager
def server(serve: Callable[..., None], *args: object) -> Iterator[Server]:
    """Run a server inside the block."""
    with child(serve, *args) as process:
        yield Server(process.greeting(), process)


@contextmanager
def load_generator() -> Iterator[Child]:
    """Run a load generator inside the block."""
    with child(generate) as process:
        process.greeting()
        yield process


def under_load(
    generator: Child, target: Server, requests: tuple[bytes, ...], connections: int, seconds: float
) -> Contestant:
    """Return a contestant that answers these requests, each round where the last one ended.

    Raises RuntimeError when one is refused.
    """
    sent = 0

    def contend() -> Measured:
        nonlocal sent
        order = Order(target.port, requests[sent:] + requests[:sent], connections, seconds)
        cpu = target.cpu_seconds()
        tally: Tally = generator.ask(order)
        sent = (sent + tally.answers.total()) % len(requests)
        refused = {status: count for status, count in tally.answers.items() if status != b"200"}
        if refused:
            raise RuntimeError(f"not all requests were answered with 200: {refused}")
        return Measured(tally.answers.total(), tally.seconds, target.cpu_seconds() - cpu)

    return contend


def serve_hello(pipe: Connection) -> None:
    """Serve what aiohttp's documentation begins with, on asyncio's own loop."""
    serve_app(pipe, _hello(), asyncio.new_event_loop)


def serve_fast_hello(pipe: Connection) -> None:
    """Serve the same on the loop that we use."""
    serve_app(pipe, _hello())


def serve_json(pipe: Connection, answer: object) -> None:
    """Serve another answer in the same way as hello."""
    serve_app(pipe, _answering(lambda: web.json_response(answer)), asyncio.new_event_loop)


def serve_text(pipe: Connection, text: bytes) -> None:
    """Serve an answer in the same way as hello, but its text as it is."""
    serve_app(pipe, _answering(lambda: web.Response(body=text)), asyncio.new_event_loop)


def _hello() -> web.Application:
    return _answering(lambda: web.json_response({"hello": "world"}))


def _answering(answer: Callable[[], web.Response]) -> web.Application:
    async def respond(_: web.Request) -> web.Response:
        return answer()

    app = web.Application()
    app.router.add_get("/", respond)
    return app


def serve_app(
    pipe: Connection,
    app: web.Application,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop,
) -> None:
    """Serve a peer until the pipe closes, without a log of the requests."""
    pin(0)
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(_serve_app(pipe, app))


async def _serve_app(pipe: Connection, app: web.Application) -> None:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.SockSite(runner, _listener(), shutdown_timeout=1)
    await site.start()
    await _until_closed(pipe, site._sock.getsockname()[1])  # noqa: SLF001 - a site does not tell its port
    await runner.cleanup()


def serve_forewarn(pipe: Connection, database: str) -> None:
    """Serve the service as it is, its log into the void, until the pipe closes."""
    pin(0)
    # The log is written as ever; only where it goes costs nothing.
    void = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - open as long as the process
    sys.stdout = sys.stderr = void
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve_forewarn(pipe, database))


async def _serve_forewarn(pipe: Connection, database: str) -> None:
    settings = load(Raw(database=database, admin_key=ADMIN_KEY), {}, None)
    logs.configure(settings.log_level)
    listener = _listener()
    async with serving(settings, listener, clock=SystemClock()):
        await _until_closed(pipe, listener.getsockname()[1])


def _listener() -> socket.socket:
    return socket.create_server((HOST, 0), backlog=1024)


async def _until_closed(pipe: Connection, port: int) -> None:
    closed, loop = asyncio.Event(), asyncio.get_running_loop()
    pipe.send(port)
    tell_cpu_time(pipe, lambda: loop.call_soon_threadsafe(closed.set))
    await closed.wait()
