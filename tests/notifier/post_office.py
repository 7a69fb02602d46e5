"""A real mail server on a real socket, which refuses, stalls and breaks as told, and the postman that meets it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.smtp import SMTP, Envelope, Session

from notifier.delivery.settings import DeliverySettings
from notifier.delivery.worker import Postman
from tests.notifier.stage import Stage

SECRET = "a secret of the tests, long enough to be one"  # noqa: S105 - not a secret


@dataclass
class PostOffice:
    """Takes mails; what a recipient is in `refusals` for is answered with that reply."""

    port: int = 0
    received: list[Envelope] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    #: What is answered to the whole message instead of 250, by recipient; "cut" closes the connection.
    verdicts: dict[str, str] = field(default_factory=dict)
    #: Called before a message is answered.
    on_message: Callable[[], Any] | None = None
    connections: int = 0
    #: Speaks with one client.
    protocol: type[SMTP] = SMTP
    _transports: list[asyncio.Transport] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - the server's name for it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session, options
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd names it
        del session
        if self.on_message:
            result = self.on_message()
            if asyncio.iscoroutine(result):
                await result
        reply = self.verdicts.get(envelope.rcpt_tos[0], "250 taken")
        if reply == "cut":
            cast("asyncio.Transport", server.transport).abort()
        elif reply.startswith("250"):
            self.received.append(envelope)
        return reply

    def mails(self) -> list[EmailMessage]:
        """Return what was taken, oldest first."""
        return [message_from_bytes(content, policy=policy.default) for content in self.contents()]

    def contents(self) -> list[bytes]:
        return [each.content for each in self.received if isinstance(each.content, bytes)]

    def recipients(self) -> list[str]:
        return sorted(address for each in self.received for address in each.rcpt_tos)

    def hang_up(self) -> None:
        """Close every connection, as a server does with idle ones."""
        for transport in self._transports:
            transport.abort()

    def server(self) -> SMTP:
        self.connections += 1
        made = self.protocol(self, hostname="post.example", ident="tests", loop=asyncio.get_running_loop())
        connected = made.connection_made

        def connection_made(transport: Any) -> None:
            self._transports.append(transport)
            connected(transport)

        made.connection_made = connection_made  # type: ignore[method-assign]
        return made


def message_id(taken: Envelope) -> str:
    """Return the Message-ID of a mail as it was taken."""
    assert isinstance(taken.content, bytes)
    return str(message_from_bytes(taken.content)["Message-ID"])


@asynccontextmanager
async def open_post_office(office: PostOffice | None = None) -> AsyncIterator[PostOffice]:
    office = office or PostOffice()
    server = await asyncio.get_running_loop().create_server(office.server, "127.0.0.1", 0)
    office.port = server.sockets[0].getsockname()[1]
    try:
        yield office
    finally:
        server.close()
        office.hang_up()
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                await server.wait_closed()


@dataclass
class StageClock:
    """Tells the stage's time."""

    stage: Stage

    def now(self) -> datetime:
        return self.stage.now


class NoChance(random.Random):
    """Takes the longest pause each time."""

    def random(self) -> float:
        return 1.0


def a_postman(stage: Stage, office: PostOffice | None, **settings: Any) -> Postman:
    """Return a postman of the stage's vendor; without an office, none for mail."""
    values = {
        "smtp": f"smtp://127.0.0.1:{office.port}?starttls=never" if office else None,
        "mail_from": "Notes Ltd <warnings@notes.example>",
        "public_url": "https://warn.notes.example",
        "secret": SECRET,
        "connections": 4,
        **settings,
    }
    return Postman(stage.database, StageClock(stage), DeliverySettings(**values), stage.rulebook, chance=NoChance())
