"""What is answered without a key: health, metrics, and the document of the interface."""

from __future__ import annotations

from aiohttp import web

from api.asking import Parts
from api.endpoint import json_response, with_etag
from api.observing import METRICS
from api.openapi import DOCUMENT
from api.problems import Kind, Problem
from api.readiness import notice_counts
from api.types import Health
from storage import StorageError


async def healthz(_: web.Request, __: Parts) -> web.Response:
    """Answer as soon as the process serves."""
    return json_response(Health("ok"))


async def readyz(_: web.Request, parts: Parts) -> web.Response:
    """Answer 200 once the service can do its work, 503 before, and while the database cannot be read."""
    try:
        await parts.keys.refresh(parts.database)
    except StorageError:
        detail = "The database cannot be read."
        raise Problem(Kind.UNAVAILABLE, detail, headers={"Retry-After": "5"}) from None
    if not parts.ready():
        detail = "The rules are being loaded."
        raise Problem(Kind.UNAVAILABLE, detail, headers={"Retry-After": "1"})
    return json_response(Health("ok"))


async def metrics(request: web.Request, parts: Parts) -> web.Response:
    """Answer with the numbers of this process, and those of the database as they are now."""
    numbers = request.app[METRICS]
    counts = await parts.database.read(notice_counts)
    numbers.count_notices(counts)
    numbers.sequence.set(parts.verdicts.sequence)
    numbers.installs.set(parts.memory.fleets.installs)
    body, media_type = numbers.exposition()
    return web.Response(body=body, headers={"Content-Type": media_type})


async def openapi(request: web.Request, _: Parts) -> web.Response:
    """Answer with the OpenAPI document."""
    return with_etag(request, request.app[DOCUMENT].text)
