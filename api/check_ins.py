"""Check-ins, gathered: those that arrive while the last ones are being stored share the next transaction.

Each is answered once it is durable, and by itself: one that is refused takes nothing of the others along.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Final

import msgspec
import structlog
from aiohttp import web
from msgspec import UNSET, UnsetType

from api import reading
from api.access import allow
from api.asking import Parts, Route
from api.endpoint import admitted, json_response, respond
from api.handlers import installs
from api.keys import Key, Role
from api.paths import PATH_TYPES
from api.problems import Problem
from installs_registry import intake
from installs_registry.types import CheckIn
from notifier.registering import Reported, Reporter, Told, check_ins
from notifier.types import CheckInAnswer
from storage import DatabaseUnavailable, StorageError, TransactionConflict, Tx, instant
from storage.queries import Dialect

ROLES: Final = frozenset({Role.ADMIN, Role.APP})
#: Check-ins that share a transaction at most.
MOST: Final = 256
#: Transactions that store check-ins at a time: SQLite has one writer; PostgreSQL works at one while we prepare another.
ABREAST: Final[Mapping[Dialect, int]] = MappingProxyType({"sqlite": 1, "postgresql": 2})
#: Seconds to wait for company after check-ins that came together.
GATHER: Final = 0.002
#: Seconds from one time to the next that it is stored when installs were last seen.
SEEN_EVERY: Final = 10.0
#: Installs whose last check-in is stored in one transaction.
SEEN_AT_ONCE: Final = 2_000


#: What became of a check-in.
Outcome = Told | Exception


class Asked(msgspec.Struct, frozen=True):
    """A check-in that waits for its turn."""

    reported: Reported
    key_hash: str
    #: Is called with what became of it, once, when that is durable; it must not raise.
    settle: Callable[[Outcome], object]


class _Queue:
    """Check-ins that are stored batch by batch, one after another."""

    def __init__(self, settle: Callable[[Sequence[Asked]], Awaitable[None]]) -> None:
        self._settle = settle
        self._waiting: list[Asked] = []
        self._storing: asyncio.Task[None] | None = None

    def ask(self, asked: Asked) -> None:
        self._waiting.append(asked)
        if self._storing is None:
            self._storing = asyncio.create_task(self._store())

    async def _store(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                await self._settle(batch)
                if len(batch) > 1:
                    await asyncio.sleep(GATHER)
        finally:
            self._storing = None


class CheckInDesk:
    """Takes check-ins, many to a transaction; those of one install in the same queue, so that they keep their order."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._queues = [_Queue(self._settle) for _ in range(ABREAST[parts.database.dialect])]
        #: When installs were last seen that is not stored yet, instants by the installs' numbers.
        self._seen: dict[int, str] = {}

    async def take(self, reported: Reported, key_hash: str) -> CheckInAnswer:
        """Return the answer to a check-in that is durable; raises what it is refused with."""
        answer: asyncio.Future[CheckInAnswer] = asyncio.get_running_loop().create_future()
        self.ask(Asked(reported, key_hash, partial(_answer, answer)))
        return await answer

    def ask(self, asked: Asked) -> None:
        """Take a check-in that will be told what became of it."""
        self._queues[hash(asked.reported.install) % len(self._queues)].ask(asked)

    async def run(self) -> None:
        """Store now and then when installs were last seen, until cancelled; what waits then is stored by `flush`."""
        while True:
            await asyncio.sleep(SEEN_EVERY)
            try:
                await self.flush()
            except StorageError:
                structlog.get_logger("forewarn.http").exception("last_seen_not_stored")

    async def flush(self) -> None:
        """Store when installs were last seen; raises StorageError, and then that waits on."""
        while self._seen:
            page = dict(sorted(self._seen.items())[:SEEN_AT_ONCE])
            await self._parts.database.call(intake.see, page)
            for no, at in page.items():
                if self._seen.get(no) == at:
                    del self._seen[no]

    async def _settle(self, batch: Sequence[Asked]) -> None:
        """Answer each check-in of a batch."""
        now = self._parts.clock.now()
        try:
            outcomes = await self._parts.database.call(_take, self._parts, batch, now)
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait hear of it
            await self._broken(batch, error)
            return
        at = instant(now)
        for asked, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Told) and outcome.unseen is not None:
                self._seen[outcome.unseen] = at
            asked.settle(outcome)

    async def _broken(self, batch: Sequence[Asked], error: Exception) -> None:
        """Tell those who wait that nothing was stored; where one of them alone may be why, the others are taken."""
        if len(batch) == 1 or isinstance(error, DatabaseUnavailable | TransactionConflict):
            for asked in batch:
                asked.settle(error)
            return
        for asked in batch:
            await self._settle([asked])


def _answer(answer: asyncio.Future[CheckInAnswer], outcome: Outcome) -> None:
    # Nobody waits any more where the client has gone.
    if answer.done():
        return
    if isinstance(outcome, Told):
        answer.set_result(outcome.answer)
    else:
        answer.set_exception(outcome)


def _take(tx: Tx, parts: Parts, batch: Sequence[Asked], now: datetime) -> list[Outcome]:
    """Take those whose keys are in force now."""
    refused = {key_hash: _refused(tx, parts, key_hash) for key_hash in {asked.key_hash for asked in batch}}
    admitted_now = [asked for asked in batch if refused[asked.key_hash] is None]
    reported = [asked.reported for asked in admitted_now]
    told = iter(check_ins(tx, reported, rulebook=parts.rulebook, now=now, links=parts.links))
    return [refused[asked.key_hash] or next(told) for asked in batch]


def _refused(tx: Tx, parts: Parts, key_hash: str) -> Problem | None:
    """Return why a key may not check in any more, None where it may."""
    try:
        allow(parts.keys.current(tx, key_hash), ROLES)
    except Problem as problem:
        return problem
    return None


class _Claim(msgspec.Struct, frozen=True):
    """As much of a check-in as tells whether it sends a claim code."""

    claim: msgspec.Raw | UnsetType = UNSET


DESK: Final = web.AppKey("check_in_desk", CheckInDesk)

#: A check-in with an `Idempotency-Key`: its answer is kept in the transaction of the write, which is then its own.
_ALONE: Final = Route(
    method="PUT",
    path="/v1/installs/{install}",
    roles=ROLES,
    work=installs.check_in,
    body=CheckIn,
    writes=True,
    tokens=True,
)


async def take_check_in(request: web.Request, parts: Parts) -> web.Response:
    """Store what an install reports of itself; answer with what its holder should know."""
    key_hash, key = await admitted(request, parts, ROLES)
    body = await reading.read_body(request, parts.policy.body_seconds)
    if not _claims(body):
        return await _take_one(request, parts, key_hash, key, body)
    with parts.attempts.counted(key.id, parts.clock.now()):
        return await _take_one(request, parts, key_hash, key, body)


def _claims(body: bytes) -> bool:
    """Tell whether a check-in sends a claim code. An escape may spell the member's name in another way."""
    if b"\\" not in body:
        return b'"claim"' in body
    try:
        return msgspec.json.decode(body, type=_Claim).claim is not UNSET
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        # It is refused before any code is looked at.
        return False


async def _take_one(request: web.Request, parts: Parts, key_hash: str, key: Key, body: bytes) -> web.Response:
    if "Idempotency-Key" in request.headers:
        return await respond(request, _ALONE, parts)
    install = reading.read_path(request, PATH_TYPES)["install"]
    reading.read_query(request, None)
    check_in = reading.decode_body(request, body, CheckIn)
    reporter = Reporter(reading.read_header(request, "Install-Token"), key.product_no)
    answer = await request.app[DESK].take(Reported(install, check_in, reporter), key_hash)
    return json_response(installs.for_asker(answer, key))
