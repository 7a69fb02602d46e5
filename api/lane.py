"""The lane of plain upgrade checks and check-ins: taken where they arrive, without a task or a response for each.

A check is answered at once, a check-in when it is durable. The lane has the right to one answer, 200. What it does not
know, and what is wrong or refused, it leaves to the application, which answers as if there were no lane.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from email.utils import formatdate
from functools import partial
from itertools import count
from typing import Final

import msgspec
import structlog
from aiohttp import web
from aiohttp.hdrs import AUTHORIZATION, CONTENT_TYPE, EXPECT
from aiohttp.http import HttpVersion11, RawRequestMessage
from multidict import istr

from api.access import bearer_hash
from api.asking import Parts
from api.check_ins import ROLES, Asked, CheckInDesk, Outcome
from api.handlers.installs import for_asker
from api.keys import Key
from api.known_heads import Head, KnownHeads
from api.metrics import Metrics
from api.observing import HEADERS, is_sane
from api.plain_check import PlainChecks
from api.plain_check_in import PATH as CHECK_IN_PATH
from api.plain_check_in import PREFIX, PlainCheckIns
from api.problems import Problem
from notifier.registering import Told

PATH: Final = "/v1/check"
#: Bytes that the body of a plain check may have.
LONGEST: Final = 64 * 1024
#: An answer that took longer, in seconds, has a line in the log of its own.
SLOW: Final = 0.1

#: Headers of keys whose hashes are remembered.
_REMEMBERED: Final = 1_000
_JSON: Final = frozenset({"application/json", "application/json; charset=utf-8", "application/json;charset=utf-8"})
_INSTALL_TOKEN: Final = istr("Install-Token")
_REQUEST_ID: Final = istr("X-Request-Id")
_encode: Final = msgspec.json.Encoder().encode


#: Takes the whole answer to a check-in that is durable; None: the application is to answer.
Reply = Callable[[bytes | None], object]


class Lane:
    """Answers plain upgrade checks and check-ins."""

    def __init__(
        self, parts: Parts, metrics: Metrics, desk: CheckInDesk, wall_clock: Callable[[], float] = time.time
    ) -> None:
        self._keys = parts.keys
        #: The hashes of keys in force, by the headers that they came in. Whether a key holds is asked each time.
        self._hashes: dict[str, str] = {}
        self._checks = PlainChecks(parts.verdicts)
        self._check_ins = PlainCheckIns()
        self.known_heads = KnownHeads()
        self._ask = desk.ask
        self._note = metrics.requests.note
        self._heads = _Heads(wall_clock)
        self._tally = _Tally()

    def head(self, message: RawRequestMessage) -> Head | None:
        """Return what the head of a plain check says, None for what the application is to answer."""
        headers = message.headers
        if message.path != PATH or message.method != "POST" or not _is_plain(message) or _INSTALL_TOKEN in headers:
            return None
        try:
            key_hash, _ = self._key(headers.get(AUTHORIZATION))
        except Problem:
            return None
        given = headers.get(_REQUEST_ID)
        return Head(key_hash, given if given is not None and is_sane(given) else None)

    def answer(self, head: Head, body: bytes) -> bytes | None:
        """Return the whole answer to a check that is there whole, None for what the application is to answer."""
        started = time.perf_counter()
        try:
            key = self._keys.recent(head.key_hash)
            verdict = None if key is None else self._checks.answer(key, body)
        except Exception:  # noqa: BLE001 - whatever it is, the application meets it again and answers for it
            return None
        if verdict is None:
            return None
        request_id = head.request_id or self._heads.new_id()
        seconds = time.perf_counter() - started
        self._note("POST", PATH, 200, seconds)
        self._tally.note_check(request_id, seconds)
        return self._heads.head(request_id, len(verdict)) + verdict

    def take(self, message: RawRequestMessage, body: bytes, reply: Reply) -> bool:
        """Take a check-in that is there whole; `reply` is called once, later. False: it is the application's."""
        if message.method != "PUT" or not message.path.startswith(PREFIX) or not _is_plain(message):
            return False
        started = time.perf_counter()
        headers = message.headers
        try:
            key_hash, key = self._key(headers.get(AUTHORIZATION))
            reported = None if key is None or key.role not in ROLES else self._check_ins.read(key, message, body)
        except Exception:  # noqa: BLE001 - whatever it is, the application meets it again and answers for it
            return False
        if key is None or reported is None:
            return False
        given = headers.get(_REQUEST_ID)
        self._ask(Asked(reported, key_hash, partial(self._settle, key, given, started, reply)))
        return True

    def _settle(self, key: Key, given: str | None, started: float, reply: Reply, outcome: Outcome) -> None:
        """Reply to a check-in; one that was refused has stored nothing, so the application may take it anew."""
        try:
            text = _encode(for_asker(outcome.answer, key)) if isinstance(outcome, Told) else None
        except Exception:  # noqa: BLE001 - as above, and others of the batch wait behind this one
            text = None
        if text is None:
            reply(None)
            return
        seconds = time.perf_counter() - started
        self._note("PUT", CHECK_IN_PATH, 200, seconds)
        self._tally.note_check_in(seconds)
        request_id = given if given is not None and is_sane(given) else self._heads.new_id()
        reply(self._heads.head(request_id, len(text)) + text)

    def _key(self, authorization: str | None) -> tuple[str, Key | None]:
        """Return the hash of a request's key, and the key as the last refresh had it.

        Raises Problem where the request came without one.
        """
        key_hash = self._hashes.get(authorization or "")
        if key_hash is not None:
            return key_hash, self._keys.recent(key_hash)
        key_hash = bearer_hash(authorization)
        key = self._keys.recent(key_hash)
        if key is not None and authorization is not None:
            if len(self._hashes) >= _REMEMBERED:
                self._hashes.clear()
            self._hashes[authorization] = key_hash
        return key_hash, key

    def tell(self) -> None:
        """Write one line of log for all that was answered since the last time."""
        self._tally.tell()


LANE = web.AppKey("lane", Lane)


def _is_plain(message: RawRequestMessage) -> bool:
    """Tell whether nothing about the head of a request is out of the ordinary."""
    headers = message.headers
    return (
        message.version == HttpVersion11
        and not (message.should_close or message.chunked or message.upgrade or message.compression)
        and headers.get(CONTENT_TYPE) in _JSON
        and EXPECT not in headers
    )


class _Heads:
    """The heads of answers, the same all through a second but for the request's id and the length."""

    def __init__(self, wall_clock: Callable[[], float]) -> None:
        self._wall_clock = wall_clock
        self._second = 0
        self._same = ""
        # Ours are told apart by a number, and those of other processes and of later starts by chance.
        self._ids = map(f"{secrets.token_hex(6)}-{{}}".format, count(1))

    def new_id(self) -> str:
        """Return the id of a request that came without one."""
        return next(self._ids)

    def head(self, request_id: str, length: int) -> bytes:
        """Return the head of an answer whose body has so many bytes."""
        now = int(self._wall_clock())
        if now != self._second:
            self._second, self._same = now, _same_head(now)
        return f"{self._same}{request_id}\r\nContent-Length: {length}\r\n\r\n".encode()


def _same_head(now: int) -> str:
    common = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
    return (
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nServer: forewarn\r\n"
        f"{common}Date: {formatdate(now, usegmt=True)}\r\nX-Request-Id: "
    )


class _Tally:
    """What the log tells of plain checks and check-ins: of each check that was slow, and how many there were."""

    def __init__(self) -> None:
        self._answered = 0
        self._slowest = 0.0
        self._check_ins = 0
        self._slowest_check_in = 0.0

    def note_check(self, request_id: str, seconds: float) -> None:
        self._answered += 1
        self._slowest = max(self._slowest, seconds)
        if seconds > SLOW:
            log = structlog.get_logger("forewarn.http")
            log.warning("slow_check", request_id=request_id, milliseconds=_milliseconds(seconds))

    def note_check_in(self, seconds: float) -> None:
        self._check_ins += 1
        self._slowest_check_in = max(self._slowest_check_in, seconds)

    def tell(self) -> None:
        told: dict[str, float] = {}
        if self._answered:
            told |= {"answered": self._answered, "slowest_milliseconds": _milliseconds(self._slowest)}
        if self._check_ins:
            slowest = _milliseconds(self._slowest_check_in)
            told |= {"check_ins": self._check_ins, "slowest_check_in_milliseconds": slowest}
        if told:
            structlog.get_logger("forewarn.http").info("checks", **told)
            self._answered, self._slowest = 0, 0.0
            self._check_ins, self._slowest_check_in = 0, 0.0


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)
