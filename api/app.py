"""The application: the route table on aiohttp, with what every answer shares."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from typing import Final

import structlog
from aiohttp import web

from api.asking import Parts, Route
from api.check_ins import DESK, CheckInDesk
from api.endpoint import endpoint
from api.lane import LANE, Lane
from api.metrics import Metrics
from api.observing import METRICS, add_headers, observe
from api.openapi import DOCUMENT, Described
from api.reading import BODY_LIMIT
from api.routes import ROUTES
from api.watching import WATCHING
from notifier.progress import Watching
from storage import StorageError

PARTS: Final = web.AppKey("parts", Parts)

#: Seconds from one line of log about plain checks to the next.
_TELL_EVERY: Final = 1.0


def create_app(parts: Parts, routes: Iterable[Route] = ROUTES) -> web.Application:
    """Return the application of these parts; it keeps its keys fresh and stores its checks while it runs."""
    app = web.Application(middlewares=[observe], client_max_size=BODY_LIMIT)
    app[PARTS] = parts
    app[METRICS] = Metrics.create()
    app[DESK] = CheckInDesk(parts)
    app[LANE] = Lane(parts, app[METRICS], app[DESK])
    app[WATCHING] = Watching(parts.database, parts.clock)
    app[DOCUMENT] = Described(routes)
    for route in routes:
        if route.method == "GET":
            app.router.add_get(route.path, endpoint(route, parts))
        else:
            app.router.add_route(route.method, route.path, endpoint(route, parts))
    app.on_response_prepare.append(add_headers)
    app.cleanup_ctx.append(_background)
    app.on_shutdown.append(_end_streams)
    return app


async def _end_streams(app: web.Application) -> None:
    """Let those who follow a progress go, so that nobody waits for them."""
    app[WATCHING].close()


async def _background(app: web.Application) -> AsyncIterator[None]:
    """Run what belongs to the interface; what is waiting to be stored at the end is stored."""
    parts = app[PARTS]
    tasks = [
        asyncio.create_task(parts.keys.keep_fresh(parts.database)),
        asyncio.create_task(_store_checks(parts)),
        asyncio.create_task(app[DESK].run()),
        asyncio.create_task(_tell_of_checks(app[LANE])),
    ]
    yield
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    app[LANE].tell()
    await _store_the_last(parts, app[DESK])


async def _store_the_last(parts: Parts, desk: CheckInDesk) -> None:
    try:
        await parts.check_log.flush()
        await desk.flush()
    except StorageError:
        structlog.get_logger("forewarn.http").exception("checks_not_stored")


async def _store_checks(parts: Parts) -> None:
    while True:
        try:
            await parts.check_log.run()
        except StorageError:
            structlog.get_logger("forewarn.http").exception("checks_not_stored")


async def _tell_of_checks(lane: Lane) -> None:
    while True:
        await asyncio.sleep(_TELL_EVERY)
        lane.tell()
