"""Those who cannot be told, for a phone call: as pages of JSON, or the whole list streamed as a table."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from aiohttp import web

from api import reading
from api.access import allow
from api.asking import Parts
from api.endpoint import admitted, json_response
from api.keys import CONFIDED
from api.paging import number_of, numbered_page
from api.paths import PATH_TYPES
from api.types import CallListQuery
from notifier import call_list
from notifier.call_list import Entry
from notifier.sheets import csv_text
from storage import Tx

#: Entries that are read at once for a table.
_PAGE: Final = 500
#: Installs that nobody holds have numbers below 0, and a cursor has none of these.
_SHIFT: Final = 2**48


async def get_call_list(request: web.Request, parts: Parts) -> web.StreamResponse:
    """Return those who are exposed to a defect and whom nothing of ours reaches, with `format=csv` as a table."""
    key_hash, _ = await admitted(request, parts, CONFIDED)
    reading.refuse_body(await reading.read_body(request, parts.policy.body_seconds))
    defect = reading.read_path(request, PATH_TYPES)["defect"]
    query = reading.convert(reading.query_members(request), CallListQuery)

    async def read(after: int, limit: int) -> list[tuple[int, Entry]]:
        return await parts.database.read(_read, parts, key_hash, defect, after, limit, parts.clock.now())

    after = number_of(query.after)
    low = after - _SHIFT if after else call_list.BEGINNING
    if query.format == "json":
        found = await read(low, query.limit + 1)
        return json_response(numbered_page([(number + _SHIFT, entry) for number, entry in found], query.limit))
    return await _stream(request, read, low)


def _read(
    tx: Tx, parts: Parts, key_hash: str, defect: str, after: int, limit: int, now: datetime
) -> list[tuple[int, Entry]]:
    allow(parts.keys.current(tx, key_hash), CONFIDED)
    return call_list.page(tx, defect, after=after, limit=limit, now=now)


async def _stream(request: web.Request, read: call_list.Read, low: int) -> web.StreamResponse:
    found = await read(low, _PAGE)
    response = web.StreamResponse(headers={"Content-Disposition": 'attachment; filename="call-list.csv"'})
    response.content_type, response.charset = "text/csv", "utf-8"
    await response.prepare(request)
    await response.write(csv_text([call_list.HEADINGS]).encode())
    while found:
        await response.write(csv_text(line for _, entry in found for line in call_list.cells(entry)).encode())
        found = await read(found[-1][0], _PAGE)
    await response.write_eof()
    return response
