"""What became of a defect's exposures: in numbers, as an effectiveness check, and line by line as a streamed table."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Final

from aiohttp import web

from api import reading
from api.access import allow
from api.asking import Parts
from api.endpoint import admitted, json_response
from api.keys import Role
from api.negotiating import preferred
from api.paths import PATH_TYPES
from api.types import LedgerQuery
from feeds import store as defects
from notifier import funnel, ledger
from notifier.sheets import csv_text
from notifier.types import FunnelView, LedgerView
from storage import Tx

_READS: Final = frozenset(Role) - {Role.APP}
#: Those who may know which install is which customer's.
CONFIDED: Final = frozenset({Role.ADMIN, Role.APPROVER})
#: Exposures that are read at once for a table.
_PAGE: Final = 2_000

#: Reads something of a defect in a transaction: (transaction, defect's id, moment).
_Read = Callable[[Tx, str, datetime], LedgerView | FunnelView]


async def get_ledger(request: web.Request, parts: Parts) -> web.StreamResponse:
    """Return what became of each exposure, in numbers; with `format=csv` line by line."""
    key_hash, defect, form = await _asked(request, parts)
    if form == "json":
        return json_response(await _read(parts, key_hash, defect, lambda tx, name, _: ledger.ledger(tx, name)))
    return await _stream(request, "ledger", _lines(parts, key_hash, defect))


async def get_funnel(request: web.Request, parts: Parts) -> web.StreamResponse:
    """Return the effectiveness check: how many were notified, responded, acted, could not be reached."""
    key_hash, defect, form = await _asked(request, parts)
    view = await _read(parts, key_hash, defect, funnel.funnel)
    if form == "json" or not isinstance(view, FunnelView):
        return json_response(view)
    return await _stream(request, "funnel", _once(csv_text([funnel.HEADINGS, *funnel.cells(view)])))


async def _asked(request: web.Request, parts: Parts) -> tuple[str, str, str]:
    """Return the hash of the key, the defect's id, and json or csv."""
    key_hash, _ = await admitted(request, parts, _READS)
    reading.refuse_body(await reading.read_body(request, parts.policy.body_seconds))
    defect = reading.read_path(request, PATH_TYPES)["defect"]
    query = reading.convert(reading.query_members(request), LedgerQuery)
    wanted = preferred(request, ("application/json", "text/csv"))
    return key_hash, defect, query.format or ("csv" if wanted == "text/csv" else "json")


async def _read(parts: Parts, key_hash: str, defect: str, work: _Read) -> LedgerView | FunnelView:
    def read(tx: Tx) -> LedgerView | FunnelView:
        allow(parts.keys.current(tx, key_hash), _READS)
        return work(tx, defect, parts.clock.now())

    return await parts.database.read(read)


async def _lines(parts: Parts, key_hash: str, defect: str) -> AsyncIterator[str]:
    """Yield the table in pieces; the first read comes before the first piece, so that a refusal is an answer."""
    text, high = await parts.database.read(_page, parts, key_hash, defect, ledger.BEGINNING)
    yield csv_text([ledger.HEADINGS]) + text
    while high is not None:
        text, high = await parts.database.read(_page, parts, key_hash, defect, high)
        if text:
            yield text


def _page(tx: Tx, parts: Parts, key_hash: str, defect: str, after: int) -> tuple[str, int | None]:
    key = allow(parts.keys.current(tx, key_hash), _READS)
    found = ledger.lines(tx, defect, after=after, size=_PAGE)
    if found is None:
        return "", None
    published_at, named = defects.find(tx, defect).published_at, key.role in CONFIDED
    return csv_text(ledger.cells(line, published_at, named=named) for line in found.lines), found.high


async def _once(text: str) -> AsyncIterator[str]:
    yield text


async def _stream(request: web.Request, name: str, pieces: AsyncIterator[str]) -> web.StreamResponse:
    first = await anext(pieces)
    response = web.StreamResponse(headers={"Content-Disposition": f'attachment; filename="{name}.csv"'})
    response.content_type, response.charset = "text/csv", "utf-8"
    await response.prepare(request)
    await response.write(first.encode())
    async for piece in pieces:
        await response.write(piece.encode())
    await response.write_eof()
    return response
