"""One connection to a mail server: an SMTP transaction with a stop before the message leaves."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPResponse,
    SMTPResponseException,
)

from notifier.channels.failures import Cause, DeliveryFailed, HeldBack, LastMoment
from notifier.channels.replies import Judgement, judge, judge_sender
from notifier.mails.build import Mail

#: Seconds for the answer to a command, and to the whole message.
COMMAND_TIMEOUT, MESSAGE_TIMEOUT = 30.0, 120.0
#: Mails after which a connection is given up: the large providers close it at about as many.
MAILS_PER_CONNECTION = 100

_GO_AHEAD, _ACCEPTED, _CLOSING = 354, 250, 421
_LINE_START_DOT = re.compile(rb"(?m)^\.")
_STARTTLS = {"always": True, "never": False, "offered": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where mail is handed over."""

    host: str
    port: int
    #: TLS from the first byte.
    tls: bool = False
    #: True: STARTTLS or nothing; False: never; None: where the server offers it.
    starttls: bool | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str) -> Self:
        """Return the server of smtp://USER:PASSWORD@HOST:PORT?starttls=always|never|offered or smtps://….

        Where a password is sent, STARTTLS is asked for unless the URL says otherwise. Raises ValueError.
        """
        parts = urlsplit(url)
        wish = parse_qs(parts.query, strict_parsing=bool(parts.query)).pop("starttls", [None])[-1]
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or (wish and wish not in _STARTTLS):
            raise ValueError(
                "a mail server is smtp://HOST:PORT or smtps://HOST:PORT, ?starttls=always, never or offered"
            )
        tls = parts.scheme == "smtps"
        return cls(
            host=parts.hostname,
            port=parts.port or (465 if tls else 25),
            tls=tls,
            starttls=False if tls else _STARTTLS[wish] if wish else (True if parts.username else None),
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )


class Connection:
    """A connection that is greeted, secured and signed in; it carries one mail at a time."""

    def __init__(self, client: SMTP) -> None:
        self._client = client
        self._carried = 0

    @classmethod
    async def open(cls, server: MailServer, local_name: str | None = None) -> Connection:
        """Return a new connection; raises DeliveryFailed."""
        client = SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.tls,
            start_tls=server.starttls,
            username=server.user,
            password=server.password,
            local_hostname=local_name,
            timeout=COMMAND_TIMEOUT,
        )
        await _answered(client.connect, judge_sender)
        return cls(client)

    @property
    def local_name(self) -> str | None:
        """The name that we greet with; finding it out takes a DNS query."""
        return self._client.local_hostname

    @property
    def usable(self) -> bool:
        """Whether another mail may go over it."""
        return self._client.is_connected and self._carried < MAILS_PER_CONNECTION

    async def address(self, mail: Mail) -> None:
        """Name sender and recipient; raises DeliveryFailed."""
        await _answered(lambda: self._client.mail(mail.sender), judge_sender)
        try:
            await _answered(lambda: self._client.rcpt(mail.recipient), judge)
        except DeliveryFailed:
            await self.reset()
            raise

    async def hand_over(self, mail: Mail, last_moment: LastMoment) -> str:
        """Send the message that `address` announced, unless the last moment holds it back; return the server's reply.

        Raises DeliveryFailed, and HeldBack as the last moment does.
        """
        try:
            await last_moment()
        except HeldBack:
            await self.reset()
            raise
        except BaseException:
            # Half a transaction: the next mail must not follow on it.
            self.abandon()
            raise
        begun = await _answered(lambda: self._client.execute_command(b"DATA"), judge_sender)
        if begun.code != _GO_AHEAD:
            await self.reset()
            raise _refused(begun, judge_sender)
        self._carried += 1
        return await self._message(mail.content)

    async def _message(self, content: bytes) -> str:
        """Send the message with its final dot; from here, a lost answer leaves it in doubt."""
        protocol = self._client.protocol
        if protocol is None:
            raise DeliveryFailed(Cause.CONNECTION, "the connection broke before the message")
        try:
            protocol.write(_LINE_START_DOT.sub(b"..", content) + b".\r\n")
            reply = await protocol.read_response(timeout=MESSAGE_TIMEOUT)
        except (SMTPException, OSError) as error:
            self.abandon()
            raise DeliveryFailed(Cause.CONNECTION, _one_line(str(error)), in_doubt=True) from error
        if reply.code == _CLOSING:
            self.abandon()
        if reply.code != _ACCEPTED:
            raise _refused(reply, judge)
        return _one_line(f"{reply.code} {reply.message}")

    async def reset(self) -> None:
        """Take back what `address` announced; a connection that cannot is given up."""
        if not self._client.is_connected:
            return
        try:
            await self._client.rset()
        except (SMTPException, OSError):
            self.abandon()

    async def quit(self) -> None:
        """Say goodbye."""
        if not self._client.is_connected:
            return
        try:
            await self._client.quit(timeout=1)
        except (SMTPException, OSError):
            self.abandon()

    def abandon(self) -> None:
        """Close without a word."""
        self._client.close()


async def _answered(
    command: Callable[[], Awaitable[SMTPResponse]], judged: Callable[[int, str], Judgement]
) -> SMTPResponse:
    """Return the reply to a command; raises DeliveryFailed for a refusal or a broken connection."""
    try:
        return await command()
    except SMTPResponseException as error:
        raise _refused(SMTPResponse(error.code, error.message), judged) from error
    except (SMTPException, OSError) as error:
        raise DeliveryFailed(Cause.CONNECTION, _one_line(str(error) or type(error).__name__)) from error


def _refused(reply: SMTPResponse, judged: Callable[[int, str], Judgement]) -> DeliveryFailed:
    text = _one_line(f"{reply.code} {reply.message}")
    if reply.code == _CLOSING and judged is judge_sender:
        return DeliveryFailed(Cause.CONNECTION, text)
    judgement = judged(reply.code, reply.message)
    return DeliveryFailed(judgement.cause, text, permanent=judgement.permanent)


def _one_line(text: str) -> str:
    """Return what a server said, fit for a log and a page: on one line, without control characters, not too long."""
    printable = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(printable.split())[:500]
