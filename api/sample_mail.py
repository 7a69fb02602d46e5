"""A defect's warning, sent to oneself."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from api import reading
from api.asking import Parts
from api.endpoint import admitted, json_response
from api.keys import Role
from api.paths import PATH_TYPES
from api.problems import Kind, Problem
from api.types import SampleSent
from feeds import store as defects
from feeds.types import TestMail

_ROLES: Final = frozenset({Role.ADMIN, Role.APPROVER})


async def send_sample(request: web.Request, parts: Parts) -> web.Response:
    """Send the warning as it stands, marked as a test; answer once the mail server has it."""
    key_hash, _ = await admitted(request, parts, _ROLES)
    defect = reading.read_path(request, PATH_TYPES)["defect"]
    reading.read_query(request, None)
    body = await reading.read_body(request, parts.policy.body_seconds)
    wanted = reading.decode_body(request, body, TestMail)
    await parts.database.read(parts.keys.guarded(key_hash, _ROLES, defects.find), defect)
    if parts.send_test is None:
        raise Problem(Kind.CONFLICT, "No mail server is set up.")
    await parts.send_test(defect, wanted.to)
    return json_response(SampleSent(wanted.to, sent=True))
