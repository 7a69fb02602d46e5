"""The audience of a filed defect: counted on a reader, then remembered for whoever may file.

The count may take a while on many installs, so it does not stand in the way of writes; what was shown is one small
row, which publishing is later compared with.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from api import reading
from api.asking import Parts
from api.endpoint import admitted, json_response
from api.keys import Role
from api.paths import PATH_TYPES
from api.types import AudienceQuery
from notifier import previews

_FILES: Final = frozenset({Role.ADMIN, Role.APPROVER, Role.REPORTER})
_READS: Final = _FILES | {Role.VIEWER}


async def get_audience(request: web.Request, parts: Parts) -> web.Response:
    """Count the exposures that a filed defect has or would have."""
    key_hash, key = await admitted(request, parts, _READS)
    reading.refuse_body(await reading.read_body(request, parts.policy.body_seconds))
    defect = reading.read_path(request, PATH_TYPES)["defect"]
    query = reading.convert(reading.query_members(request), AudienceQuery)
    now = parts.clock.now()
    count = parts.keys.guarded(key_hash, _READS, previews.preview_of)
    view = await parts.database.read(count, defect, now, query.backtest or None, parts.memory)
    if key.role not in _FILES:
        return json_response(previews.coarse(view, parts.policy.small_audience))
    await parts.database.call(previews.remember, defect, view, key.person, now)
    return json_response(view)
