"""The bytes between us and a mail server that takes commands ahead of its replies (RFC 2920).

Replies are matched to commands strictly: in order, as many as were asked for, and none that nobody asked for. A server
that keeps to anything else is hung up on, since what its next reply is about could only be guessed.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, cast

from aiosmtplib import SMTPResponse

from notifier.channels.replies import CLOSING

#: Bytes of replies that may wait to be read; a server that says more without ending a reply is hung up on.
LONGEST_REPLY = 32_768

_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])([^\r\n]*))?\r?\n")


class Usual(NamedTuple):
    """What is nearly always answered, so that it is read at one go."""

    #: Whole lines, one for each reply.
    words: re.Pattern[bytes]
    #: Called with them.
    said: Callable[[bytes], None]


@dataclass(slots=True, eq=False)
class Expected:
    """Replies that are to come for what is written."""

    count: int
    #: Seconds from when the replies before them have come.
    patience: float
    #: Called with them, unless they are as usual. There are fewer where the connection broke or the server closed it
    #: with a 421.
    ended: Callable[[list[SMTPResponse]], None]
    usual: Usual | None = None
    replies: list[SMTPResponse] = field(default_factory=list)


class Wire(asyncio.Protocol):
    """One connection; it takes over a transport on which no command is open."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._expected: deque[Expected] = deque()
        self._buffer = b""
        #: The lines that have come of a reply of several.
        self._begun: list[bytes] = []
        self._deadline = 0.0
        self._watch: asyncio.TimerHandle | None = None
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

    def say(self, data: Iterable[bytes], *expected: Expected) -> None:
        """Write `data`, the replies to which are expected in this order."""
        if self.broken is not None or self._transport.is_closing():
            self.hang_up(self.broken or "the connection is closed")
            for each in expected:
                each.ended(each.replies)
            return
        if not self._expected:
            self._wait(expected[0].patience)
        self._expected += expected
        self._transport.writelines(data)

    def hang_up(self, reason: str, *, confused: bool = False) -> None:
        """Close at once; who still waits gets the replies that have come."""
        if self.broken is None:
            self.broken, self.confused = reason, confused
            self._transport.abort()
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        while self._expected:
            expected = self._expected.popleft()
            expected.ended(expected.replies)
        self._be_quiet()

    def data_received(self, data: bytes) -> None:
        """Take what the server says."""
        buffer = self._buffer + data if self._buffer else data
        place = self._usual(buffer, 0)
        while self.broken is None and (line := _LINE.match(buffer, place)):
            place = line.end()
            self._line(line)
            place = self._usual(buffer, place)
        self._buffer = buffer[place:]
        if self.broken is None and (b"\n" in self._buffer or len(self._buffer) > LONGEST_REPLY):
            self.hang_up("the server said what is no reply", confused=True)

    def eof_received(self) -> bool:
        """Take it that the server has closed."""
        self.hang_up("the server closed the connection")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Take it that the connection is gone."""
        self.hang_up(str(exc) if exc else "the connection was lost")

    def _usual(self, buffer: bytes, place: int) -> int:
        """Take the usual replies, where these are next; return the place behind them."""
        if self._begun or not self._expected:
            return place
        expected = self._expected[0]
        if expected.usual is None or expected.replies or not (found := expected.usual.words.match(buffer, place)):
            return place
        self._pass_over()
        expected.usual.said(found[0])
        self._be_quiet()
        return self._usual(buffer, found.end())

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
            self._pass_over()
            expected.ended(expected.replies)
            self._be_quiet()

    def _pass_over(self) -> None:
        """Wait for the replies behind the next ones, which have come."""
        self._expected.popleft()
        if self._expected:
            self._wait(self._expected[0].patience)

    def _be_quiet(self) -> None:
        if self._quieted is not None and not self._expected and not self._quieted.done():
            self._quieted.set_result(None)

    def _wait(self, patience: float) -> None:
        """Begin to wait for the replies that are next; one timer serves for all of a connection's waits."""
        self._deadline = self._loop.time() + patience
        if self._watch is None or self._watch.when() > self._deadline:
            self._look_again()

    def _look_again(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        self._watch = self._loop.call_at(self._deadline, self._look)

    def _look(self) -> None:
        self._watch = None
        if not self._expected:
            return
        if self._loop.time() < self._deadline:
            self._look_again()
        else:
            # A group of commands without an answer is what a server does that drops what it has not asked for.
            self.hang_up("the server did not answer in time", confused=self._expected[0].count > 1)


def take_over(transport: asyncio.BaseTransport) -> Wire:
    """Return the wire on a transport that somebody else has opened, greeted, secured and signed in on."""
    return Wire(cast("asyncio.Transport", transport))
