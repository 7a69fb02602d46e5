"""A real SMTP server on this machine that delivers nothing: it keeps the mails for whoever wants to look."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from aiosmtpd.smtp import SMTP, Envelope, Session

from console.mail_box import CaughtMail
from storage import Clock

_HOST: Final = "127.0.0.1"
_MOST_BYTES: Final = 1024 * 1024
_FINAL_DOT: Final = b".\r\n"
_END: Final = b"\r\n" + _FINAL_DOT
_STUFFED: Final = re.compile(rb"^\.", re.MULTILINE)


class Catcher:
    """The mails caught so far, oldest first: a MailBox for the pages."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._mails: list[CaughtMail] = []
        #: smtp://HOST:PORT; set while the catcher listens.
        self.url = ""

    def mails(self) -> Sequence[CaughtMail]:
        """Return all mails caught so far; mail number n stands at place n - 1."""
        return tuple(self._mails)

    def since(self, count: int) -> Sequence[CaughtMail]:
        """Return the mails caught after the first `count`."""
        return tuple(self._mails[count:])

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802 - aiosmtpd's own
        """Keep a mail; called once it is complete."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        now = self._clock.now()
        for recipient in envelope.rcpt_tos:
            self._mails.append(
                CaughtMail(number=len(self._mails) + 1, caught_at=now, recipient=recipient, content=content)
            )
        return "250 caught"

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Take mails on a free port until the block ends."""
        server = await asyncio.get_running_loop().create_server(self._protocol, _HOST, 0)
        host, port = server.sockets[0].getsockname()[:2]
        self.url = f"smtp://{host}:{port}"
        try:
            yield
        finally:
            server.close()

    def _protocol(self) -> SMTP:
        # A hostname of its own: aiosmtpd would else ask the DNS for one, once a connection.
        return _WholeMails(self, hostname="catcher.localhost", enable_SMTPUTF8=True)


class _WholeMails(SMTP):
    """aiosmtpd's server, which takes a mail in one piece: its own way, line by line, takes longer than sending."""

    line_length_limit = _MOST_BYTES

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's own
        """Take a mail up to its final dot; what must be refused, aiosmtpd refuses."""
        envelope = self.envelope
        if arg or envelope is None or not envelope.rcpt_tos:
            await super().smtp_DATA(arg)
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        received = await self._reader.readuntil(_END)
        # RFC 5321, section 4.5.2: a dot that begins a line was doubled.
        envelope.content = _STUFFED.sub(b"", received.removesuffix(_FINAL_DOT))
        await self.push(await self._call_handler_hook("DATA"))
        self._set_post_data_state()  # type: ignore[no-untyped-call]  # aiosmtpd leaves it untyped
