"""Imports: a body of any length, taken line by line in batches, while memory stays flat."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, cast

import msgspec
from aiohttp import web

from api import reading
from api.access import allow
from api.asking import Parts
from api.endpoint import admitted, bring_up_to_date, json_response
from api.keys import Role
from api.paths import PATH_TYPES
from api.pointers import fault_of
from api.types import ImportReport, LineError
from installs_registry.lines import Line, lines
from installs_registry.types import CustomerLine, InstallLine, ReleaseLine
from notifier.registering import ImportKind, Intake, import_line
from storage import Tx
from storage.outcomes import Fault, Invalid, Refusal

MEDIA_TYPES: Final = ("application/x-ndjson", "text/csv")
#: Lines of one transaction.
BATCH: Final = 500
#: Rejected lines that are told one by one.
TOLD: Final = 1000

#: What a line of each kind is.
_SHAPES: Final[Mapping[ImportKind, type[object]]] = MappingProxyType(
    {"releases": ReleaseLine, "customers": CustomerLine, "installs": InstallLine}
)
_ADMIN: Final = frozenset({Role.ADMIN})


async def take_import(request: web.Request, parts: Parts) -> web.Response:
    """Store the lines that are right, tell which are not; what was stored stays when the body breaks off."""
    key_hash, _ = await admitted(request, parts, _ADMIN)
    kind = cast("ImportKind", reading.read_path(request, PATH_TYPES)["kind"])
    reading.read_query(request, None)
    media_type = reading.media_type(request, MEDIA_TYPES)
    accepted = rejected = 0
    errors: list[LineError] = []
    stream = lines(reading.pieces(request, parts.policy.body_seconds), media_type)
    async for batch in batches(stream):
        intake = Intake(parts.rulebook, parts.clock.now(), parts.policy.allowed_networks)
        refused = await parts.database.call(_take, parts, key_hash, intake, kind, batch)
        rejected += len(refused)
        accepted += len(batch) - len(refused)
        errors.extend(refused[: TOLD - len(errors)])
    await bring_up_to_date(parts)
    return json_response(ImportReport(accepted, rejected, errors))


async def batches(stream: AsyncIterator[Line]) -> AsyncIterator[list[Line]]:
    """Yield the lines of a stream, as many at a time as one transaction takes."""
    batch: list[Line] = []
    async for line in stream:
        batch.append(line)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _take(
    tx: Tx, parts: Parts, key_hash: str, intake: Intake, kind: ImportKind, batch: Sequence[Line]
) -> list[LineError]:
    allow(parts.keys.current(tx, key_hash), _ADMIN)
    return take_batch(tx, intake, kind, batch)


def take_batch(tx: Tx, intake: Intake, kind: ImportKind, batch: Sequence[Line]) -> list[LineError]:
    """Store the lines that are right; return why the others are not."""
    taken = intake.afresh()
    errors = ((line.number, _fault(tx, taken, kind, line)) for line in batch)
    return [LineError(number, detail) for number, detail in errors if detail is not None]


def _fault(tx: Tx, intake: Intake, kind: ImportKind, line: Line) -> str | None:
    """Store a line; return why it cannot be, None where it was."""
    if line.value is None:
        return line.error or "This line could not be read."
    try:
        import_line(tx, kind, line.value, intake)
    except Invalid as error:
        return _told(error.faults)
    except Refusal as error:
        return error.detail
    except msgspec.ValidationError as error:
        return _told([fault_of(error, line.value, _SHAPES[kind])])
    return None


def _told(faults: Iterable[Fault]) -> str:
    return " ".join(f"{fault.at}: {fault.detail}" if fault.at else fault.detail for fault in faults)
