"""The application: the route table on aiohttp, with what every answer shares."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from typing import Final

import structlog
from aiohttp import web

from api.asking import Parts, Route
from api.endpoint import endpoint
from api.observing import METRICS, Metrics, add_headers, observe
from api.openapi import DOCUMENT, document
from api.reading import BODY_LIMIT
from api.routes import ROUTES
from storage import StorageError

PARTS: Final = web.AppKey("parts", Parts)


def create_app(parts: Parts, routes: Iterable[Route] = ROUTES) -> web.Application:
    """Return the application of these parts; it keeps its keys fresh and stores its checks while it runs."""
    app = web.Application(middlewares=[observe], client_max_size=BODY_LIMIT)
    app[PARTS] = parts
    app[METRICS] = Metrics.create()
    app[DOCUMENT] = document(routes)
    for route in routes:
        if route.method == "GET":
            app.router.add_get(route.path, endpoint(route, parts))
        else:
            app.router.add_route(route.method, route.path, endpoint(route, parts))
    app.on_response_prepare.append(add_headers)
    app.cleanup_ctx.append(_background)
    return app


async def _background(app: web.Application) -> AsyncIterator[None]:
    """Run what belongs to the interface; what is waiting to be stored at the end is stored."""
    parts = app[PARTS]
    tasks = [
        asyncio.create_task(parts.keys.keep_fresh(parts.database)),
        asyncio.create_task(_store_checks(parts)),
    ]
    yield
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    await _store_the_last(parts)


async def _store_the_last(parts: Parts) -> None:
    try:
        await parts.check_log.flush()
    except StorageError:
        structlog.get_logger("forewarn.http").exception("checks_not_stored")


async def _store_checks(parts: Parts) -> None:
    while True:
        try:
            await parts.check_log.run()
        except StorageError:
            structlog.get_logger("forewarn.http").exception("checks_not_stored")
