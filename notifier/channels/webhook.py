"""A call to an address that the customer has given: signed, and never into our own networks."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_address

import aiohttp
from aiohappyeyeballs import AddrInfoType

from installs_registry.addresses import Network, check_public_address, is_public_ip
from notifier.channels.failures import Cause, DeliveryFailed, LastMoment
from notifier.channels.signing import signed_headers

#: Seconds for the whole call, and for reaching the other side (Standard Webhooks: 15 to 30 seconds).
TIMEOUT, CONNECT_TIMEOUT = 20.0, 5.0
#: Bytes of a line and of the headers of the answer; its body is not read.
LONGEST_FIELD = 4_096

_GONE, _TOO_LARGE = 410, 413
#: What is answered by a server that is busy, and may say for how long.
_LATER = frozenset({429, 503})
#: Seconds; whoever asks for more is asked again then.
_LONGEST_WAIT = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call, ready to be made."""

    url: str
    #: The same over all attempts, so that the receiver can drop a repeated one.
    id: str
    #: Aware.
    at: datetime
    secret: str = field(repr=False)
    #: JSON.
    body: bytes


class NotPublic(OSError):
    """The host's name leads to an address that no webhook may call."""

    def __init__(self) -> None:
        super().__init__("its name leads to an address inside a network that webhooks may not call")


class WebhookChannel:
    """Posts calls."""

    def __init__(self, allowed: Sequence[Network] = ()) -> None:
        self._allowed = tuple(allowed)
        self._opened: aiohttp.ClientSession | None = None

    async def send(self, call: Call, last_moment: LastMoment) -> str:
        """Return the status line of the answer; raises DeliveryFailed, and HeldBack as the last moment does.

        A call without an answer is not in doubt: repeating it is harmless, since its id stays the same.
        """
        try:
            check_public_address(call.url, self._allowed)
        except ValueError as error:
            raise DeliveryFailed(Cause.RECIPIENT, str(error), permanent=True) from error
        await last_moment()
        try:
            return await self._post(call)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _failure(error) from error

    async def close(self) -> None:
        """End all connections; call it when nothing is under way."""
        if self._opened is not None:
            await self._opened.close()
            self._opened = None

    def _session(self) -> aiohttp.ClientSession:
        """Return the one session, made on the event loop that uses it."""
        if self._opened is None:
            self._opened = aiohttp.ClientSession(
                # A resolver would be skipped for addresses written as numbers, so the socket itself is the gate.
                connector=aiohttp.TCPConnector(socket_factory=self._public_socket, limit=32, force_close=True),
                timeout=aiohttp.ClientTimeout(total=TIMEOUT, sock_connect=CONNECT_TIMEOUT),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                max_line_size=LONGEST_FIELD,
                max_field_size=LONGEST_FIELD,
                read_bufsize=LONGEST_FIELD,
            )
        return self._opened

    async def _post(self, call: Call) -> str:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Forewarn",
            **signed_headers(call.secret, call.id, call.at, call.body),
        }
        async with self._session().post(call.url, data=call.body, headers=headers, allow_redirects=False) as answer:
            return _judged(answer.status, _asked_to_wait(answer.headers.get("Retry-After"), call.at))

    def _public_socket(self, address: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, place = address
        if not is_public_ip(ip_address(str(place[0]).partition("%")[0]), self._allowed):
            raise NotPublic
        return socket.socket(family=family, type=kind, proto=protocol)


def _judged(status: int, retry_after: timedelta | None = None) -> str:
    """Return the status as a reply; raises DeliveryFailed unless it is a success. A redirect is not followed."""
    reply = f"HTTP {status}"
    if status // 100 == 2:  # noqa: PLR2004 - the class of a status (RFC 9110)
        return reply
    if status == _GONE:
        raise DeliveryFailed(Cause.RECIPIENT, reply, permanent=True)
    if status == _TOO_LARGE:
        raise DeliveryFailed(Cause.CONTENT, reply, permanent=True)
    cause = Cause.RECIPIENT if status // 100 in {3, 4} else Cause.CONNECTION
    raise DeliveryFailed(cause, reply, retry_after=retry_after if status in _LATER else None)


def _asked_to_wait(header: str | None, now: datetime) -> timedelta | None:
    """Return how long a Retry-After asks us to wait: seconds or a date (RFC 9110, section 10.2.3)."""
    text = (header or "").strip()
    if text.isascii() and text.isdecimal():
        return timedelta(seconds=min(int(text[:10]), _LONGEST_WAIT))
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(timedelta(0), (until if until.tzinfo else until.replace(tzinfo=UTC)) - now)


def _failure(error: Exception) -> DeliveryFailed:
    inner = getattr(error, "os_error", error)
    if isinstance(inner, NotPublic):
        return DeliveryFailed(Cause.RECIPIENT, str(inner), permanent=True)
    return DeliveryFailed(Cause.CONNECTION, (str(error) or type(error).__name__)[:500])
