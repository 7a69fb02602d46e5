"""Mails that came back, handed in by the vendor's own mail server."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from api import reading
from api.asking import Parts
from api.endpoint import admitted, json_response
from api.keys import Role
from api.problems import Kind, Problem
from api.types import BounceTaken

MEDIA_TYPES: Final = ("message/rfc822",)

_ADMIN: Final = frozenset({Role.ADMIN})


async def take_bounce(request: web.Request, parts: Parts) -> web.Response:
    """Take a mail that came back, as it is: what was given up is recorded; the same one again counts once."""
    key_hash, _ = await admitted(request, parts, _ADMIN)
    reading.read_query(request, None)
    reading.media_type(request, MEDIA_TYPES)
    raw = await reading.read_body(request, parts.policy.body_seconds)
    if parts.doorkeeper is None:
        raise Problem(Kind.CONFLICT, "No mail is sent here, so none can come back.")
    take = parts.keys.guarded(key_hash, _ADMIN, parts.doorkeeper.take)
    taken = await parts.database.call(take, raw, parts.clock.now())
    return json_response(BounceTaken(taken.value))
