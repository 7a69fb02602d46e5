"""The bytes between us and a mail server that takes commands ahead of its replies (RFC 2920).

Replies are matched to commands strictly: in order, as many as were asked for, and none that nobody asked for. A server
that keeps to anything else is hung up on, since what its next reply is about could only be guessed.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable
from math import inf
from typing import cast

from aiosmtplib import SMTPResponse

from notifier.channels.replies import CLOSING

#: Bytes of replies that may wait to be read; a server that says more without ending a reply is hung up on.
LONGEST_REPLY = 32_768

_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])([^\r\n]*))?\r?\n")


class Expected:
    """Replies that are to come for what is written."""

    __slots__ = ("patience", "replies")

    #: How many.
    count = 1
    #: What is nearly always answered, so that it is read at one go: whole lines, one for each reply; None: nothing is.
    usual: re.Pattern[bytes] | None = None

    def __init__(self, patience: float) -> None:
        #: Seconds from when the replies before them have come.
        self.patience = patience
        self.replies: list[SMTPResponse] = []

    def said(self, words: bytes) -> Callable[[], None] | None:
        """Take the replies, where they are the usual ones.

        Returns what is to be called once all that has come is read, so that nothing of it passes for an answer to
        what is said then.
        """

    def ended(self) -> None:
        """Take them otherwise: there are fewer where the connection broke or the server closed it with a 421."""


class Wire(asyncio.Protocol):
    """One connection; it takes over a transport on which no command is open."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._seconds = self._loop.time
        self._expected: deque[Expected] = deque()
        self._buffer = b""
        #: The lines that have come of a reply of several.
        self._begun: list[bytes] = []
        self._deadline = 0.0
        #: Looks whether it is past, and when.
        self._watch: asyncio.TimerHandle | None = None
        self._watched_at = inf
        #: The usual replies as they were last, which many servers never change.
        self._last: dict[type[Expected], bytes] = {}
        #: Called once all that has come is read.
        self._afterwards: Callable[[], None] | None = None
        #: Done when no reply is outstanding; None: nobody waits for that.
        self._quieted: asyncio.Future[None] | None = None
        #: Why nothing more can be said; None: all is well.
        self.broken: str | None = None
        #: The server did not keep to the order of commands and replies, or fell silent in the midst of it.
        self.confused = False
        transport.set_protocol(self)

    @property
    def quiet(self) -> bool:
        """Whether no reply is outstanding."""
        return not self._expected

    async def quieted(self) -> None:
        """Return once no reply is outstanding, or the connection has broken."""
        if self._expected:
            self._quieted = self._loop.create_future()
            await self._quieted

    def say(self, data: bytes, *expected: Expected) -> None:
        """Write `data`, the replies to which are expected in this order."""
        if self.broken is not None or self._transport.is_closing():
            self.hang_up(self.broken or "the connection is closed")
            for each in expected:
                each.ended()
            return
        if not self._expected:
            self._wait(expected[0].patience)
        self._expected += expected
        self._transport.write(data)

    def hang_up(self, reason: str, *, confused: bool = False) -> None:
        """Close at once; who still waits gets the replies that have come."""
        if self.broken is None:
            self.broken, self.confused = reason, confused
            self._transport.abort()
        if self._watch is not None:
            self._watch.cancel()
            self._watch, self._watched_at = None, inf
        while self._expected:
            self._expected.popleft().ended()
        self._be_quiet()

    def data_received(self, data: bytes) -> None:
        """Take what the server says."""
        buffer = self._buffer + data if self._buffer else data
        awaited = self._expected[0] if self._expected else None
        place = self._usual(buffer, 0)
        if place < len(buffer):
            place = self._lines(buffer, place)
        self._buffer = buffer[place:]
        if self._buffer and self.broken is None and (b"\n" in self._buffer or len(self._buffer) > LONGEST_REPLY):
            self.hang_up("the server said what is no reply", confused=True)
        if self._expected and self._expected[0] is not awaited:
            self._wait(self._expected[0].patience)
        if self._afterwards is not None:
            call, self._afterwards = self._afterwards, None
            call()

    def eof_received(self) -> bool:
        """Take it that the server has closed."""
        self.hang_up("the server closed the connection")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Take it that the connection is gone."""
        self.hang_up(str(exc) if exc else "the connection was lost")

    def _usual(self, buffer: bytes, place: int) -> int:
        """Take the usual replies, where these are next; return the place behind them."""
        while self._expected and not self._begun:
            words = self._words(self._expected[0], buffer, place)
            if words is None:
                break
            self._afterwards = self._expected.popleft().said(words) or self._afterwards
            place += len(words)
        self._be_quiet()
        return place

    def _words(self, expected: Expected, buffer: bytes, place: int) -> bytes | None:
        """Return the usual replies, where it is they that are next."""
        if expected.usual is None or expected.replies:
            return None
        last = self._last.get(type(expected))
        if last is not None and buffer.startswith(last, place):
            return last
        found = expected.usual.match(buffer, place)
        if found is None:
            return None
        self._last[type(expected)] = found[0]
        return found[0]

    def _lines(self, buffer: bytes, place: int) -> int:
        """Take replies line by line; return the place behind them."""
        while self.broken is None and (line := _LINE.match(buffer, place)):
            self._line(line)
            place = self._usual(buffer, line.end())
        return place

    def _line(self, line: re.Match[bytes]) -> None:
        code, mark, text = line.groups(default=b"")
        self._begun.append(text)
        if mark == b"-":
            if sum(map(len, self._begun)) > LONGEST_REPLY:
                self.hang_up("a reply of the server does not end", confused=True)
            return
        said = b"\n".join(self._begun) if len(self._begun) > 1 else text
        self._begun.clear()
        self._reply(SMTPResponse(int(code), said.decode("utf-8", "replace")))

    def _reply(self, reply: SMTPResponse) -> None:
        if not self._expected:
            self.hang_up(f"out of turn the server said {reply.code} {reply.message}", confused=reply.code != CLOSING)
            return
        expected = self._expected[0]
        expected.replies.append(reply)
        if reply.code == CLOSING:
            self.hang_up(f"the server closed with {reply.code} {reply.message}")
        elif len(expected.replies) == expected.count:
            self._expected.popleft()
            expected.ended()
            self._be_quiet()

    def _be_quiet(self) -> None:
        if self._quieted is not None and not self._expected and not self._quieted.done():
            self._quieted.set_result(None)

    def _wait(self, patience: float) -> None:
        """Begin to wait for the replies that are next; one timer serves for all of a connection's waits."""
        self._deadline = self._seconds() + patience
        if self._watched_at > self._deadline:
            self._look_again()

    def _look_again(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        self._watch, self._watched_at = self._loop.call_at(self._deadline, self._look), self._deadline

    def _look(self) -> None:
        self._watch, self._watched_at = None, inf
        if not self._expected:
            return
        if self._seconds() < self._deadline:
            self._look_again()
        else:
            # A group of commands without an answer is what a server does that drops what it has not asked for.
            self.hang_up("the server did not answer in time", confused=self._expected[0].count > 1)


def take_over(transport: asyncio.BaseTransport) -> Wire:
    """Return the wire on a transport that somebody else has opened, greeted, secured and signed in on."""
    return Wire(cast("asyncio.Transport", transport))
