"""An import whose lines are the body of a request."""

from __future__ import annotations

from typing import Final, cast

from aiohttp import web

from api import reading
from api.access import allow
from api.asking import Parts
from api.endpoint import admitted, bring_up_to_date, json_response
from api.imports import MEDIA_TYPES, Import, Tally, taken
from api.keys import Role
from api.paths import PATH_TYPES
from api.problems import Kind, Problem
from api.types import ImportQuery
from installs_registry.columns import Columns
from notifier.importing import ImportKind, Intake

_ADMIN: Final = frozenset({Role.ADMIN})


async def take_import(request: web.Request, parts: Parts) -> web.Response:
    """Store the lines that are right, tell which are not; what was stored stays when the body breaks off."""
    key_hash, _ = await admitted(request, parts, _ADMIN)
    kind = cast("ImportKind", reading.read_path(request, PATH_TYPES)["kind"])
    query = cast("ImportQuery", reading.read_query(request, ImportQuery))
    if "Idempotency-Key" in request.headers:
        raise Problem(Kind.MALFORMED, "An import takes no Idempotency-Key: to send its lines again changes nothing.")
    how = Import(
        kind,
        reading.media_type(request, MEDIA_TYPES),
        Columns.of(kind),
        all_or_nothing=query.all_or_nothing,
        dry_run=query.dry_run,
        allowed=lambda tx: allow(parts.keys.current(tx, key_hash), _ADMIN),
    )
    intake = Intake(parts.rulebook, parts.clock, parts.policy.allowed_networks)
    tally = Tally()
    async for _ in taken(parts.database, reading.pieces(request, parts.policy.body_seconds), how, intake, tally):
        pass
    await bring_up_to_date(parts)
    return json_response(tally.report(how))
