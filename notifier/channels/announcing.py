"""Announcing a mail to a server that takes commands ahead of its replies."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress

from notifier.channels.terms import END, Terms, dotted
from notifier.channels.wire import Expected
from notifier.mails.build import Mail

#: Commands of one group: MAIL, RCPT, DATA.
COMMANDS = 3
#: What a server says to a group that it takes whole.
_GRANTED = re.compile(rb"250(?: [^\r\n]*)?\r?\n25[012](?: [^\r\n]*)?\r?\n354(?: [^\r\n]*)?\r?\n")


class Announcement(Expected):
    """A mail's group of commands, and what is answered to it."""

    __slots__ = ("_granted", "_otherwise", "is_granted", "message", "words")

    count = COMMANDS
    usual: re.Pattern[bytes] | None = _GRANTED
    #: What is said before it.
    before = ""

    def __init__(self, mail: Mail, terms: Terms) -> None:
        super().__init__(terms.command_timeout)
        #: The message with its final dot: it is put together already here, since its size is announced.
        self.message = dotted(mail)
        size = len(self.message) - len(END) if mail.is_even else mail.size
        self.words = (
            f"{self.before}MAIL FROM:<{mail.sender}>{terms.announced(size)}\r\nRCPT TO:<{mail.recipient}>\r\nDATA\r\n"
        ).encode("ascii")
        #: Whether the server waits for the message, as usual; None: it has not answered yet.
        self.is_granted: bool | None = None
        self._granted: Callable[[], None] | None = None
        self._otherwise: Callable[[], None] | None = None

    def when_answered(self, granted: Callable[[], None], otherwise: Callable[[], None]) -> None:
        """Call one of the two once it is answered: the first where all is granted as usual."""
        if self.is_granted is None:
            self._granted, self._otherwise = granted, otherwise
        else:
            (granted if self.is_granted else otherwise)()

    async def answered(self) -> None:
        """Return once it is answered."""
        if self.is_granted is not None:
            return
        answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            # Whoever waited may have gone.
            with suppress(asyncio.InvalidStateError):
                answered.set_result(None)

        self.when_answered(wake, wake)
        await answered

    def said(self, words: bytes) -> Callable[[], None] | None:
        """Take it that all is granted."""
        del words
        self.is_granted = True
        return self._granted

    def ended(self) -> None:
        """Take it that something else was said, or too little."""
        self.is_granted = False
        if self._otherwise is not None:
            self._otherwise()


class AnnouncementAfterReset(Announcement):
    """The same where a transaction was left half way."""

    __slots__ = ()

    count = COMMANDS + 1
    usual = None
    before = "RSET\r\n"
