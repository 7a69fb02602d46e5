"""How far a defect's deliveries are: asked once, or followed as a stream of events."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from typing import Final

import msgspec
from aiohttp import web
from aiohttp_sse import EventSourceResponse

from api import reading
from api.access import allow
from api.asking import Parts
from api.endpoint import admitted, json_response
from api.keys import Role
from api.negotiating import preferred
from api.paths import PATH_TYPES
from api.problems import Kind, Problem
from notifier.progress import Watching, mark, progress
from notifier.types import ProgressView
from storage import Tx

WATCHING: Final = web.AppKey("watching", Watching)

_READS: Final = frozenset(Role) - {Role.APP}
#: Streams of one process at once; each holds a connection.
MOST: Final = 500
#: Seconds between signs of life where nothing changes.
HEARTBEAT: Final = 15.0
#: Milliseconds after which a browser connects again.
_RETRY: Final = 3_000


async def get_progress(request: web.Request, parts: Parts) -> web.StreamResponse:
    """Return how far the deliveries have come; with `Accept: text/event-stream` follow them."""
    if preferred(request, ("application/json", "text/event-stream")) == "text/event-stream":
        return await follow_progress(request, parts)
    key_hash, defect = await _asked(request, parts)
    return json_response(await parts.database.read(_progress, parts, key_hash, defect))


async def follow_progress(request: web.Request, parts: Parts) -> web.StreamResponse:
    """Follow the deliveries as a stream of events until nothing is left to send.

    Each event is whole, so a client that connects again with Last-Event-ID misses nothing: it is sent what is new, or
    204 where it has seen the last.
    """
    key_hash, defect = await _asked(request, parts)
    view = await parts.database.read(_progress, parts, key_hash, defect)
    seen = request.headers.get("Last-Event-ID")
    if view.done and mark(view) == seen:
        return web.Response(status=204)
    watching = request.app[WATCHING]
    if watching.followers >= MOST:
        raise Problem(Kind.TOO_MANY_REQUESTS, f"{MOST} streams are open here; ask for the progress itself.")
    return await _stream(request, _Stream(parts, watching, key_hash, defect, seen))


async def _asked(request: web.Request, parts: Parts) -> tuple[str, str]:
    key_hash, _ = await admitted(request, parts, _READS)
    reading.refuse_body(await reading.read_body(request, parts.policy.body_seconds))
    reading.read_query(request, None)
    return key_hash, reading.read_path(request, PATH_TYPES)["defect"]


def _progress(tx: Tx, parts: Parts, key_hash: str, defect: str) -> ProgressView:
    allow(parts.keys.current(tx, key_hash), _READS)
    return progress(tx, defect, parts.clock.now())


class _Stream:
    """What is sent to one client."""

    def __init__(self, parts: Parts, watching: Watching, key_hash: str, defect: str, seen: str | None) -> None:
        self._parts = parts
        self._watching = watching
        self._key_hash = key_hash
        self._defect = defect
        #: The id of the last event that the client has.
        self._seen = seen

    async def send(self, events: EventSourceResponse) -> None:
        """Send what is new until the end, or until the key is no longer in force."""
        known = self._seen
        async with aclosing(self._watching.follow(self._defect)) as views:
            async for view in views:
                if await self._parts.keys.admit(self._parts.database, self._key_hash) is None:
                    return
                if view.done or mark(view) != known:
                    await events.send(
                        msgspec.json.encode(view).decode(),
                        id=mark(view),
                        event="done" if view.done else "progress",
                        retry=_RETRY,
                    )
                known = None


async def _stream(request: web.Request, stream: _Stream) -> web.StreamResponse:
    events = EventSourceResponse(ping_interval=HEARTBEAT)
    events.headers["Cache-Control"] = "no-store"
    await events.prepare(request)
    async with events:
        sending = asyncio.create_task(stream.send(events))
        sending.add_done_callback(lambda _: events.stop_streaming())
        try:
            # Ends with the sending, or when a sign of life finds that the client has gone.
            await events.wait()
        finally:
            sending.cancel()
            with suppress(asyncio.CancelledError, ConnectionError, TimeoutError):
                await sending
    return events
