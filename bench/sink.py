"""A mail server that takes everything at once and keeps nothing, near or far, in a process on the second core."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import cast

import uvloop

from bench.load import HOST
from bench.machine import pin

_DOT = b"\r\n.\r\n"
_REPLIES = {
    b"EHLO": b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 50000000\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 bye\r\n",
}
_TAKEN = b"250 2.0.0 taken\r\n"
#: What only mails have that answer another one, as an all-clear does; and how far its header reaches at most.
_ANSWERS, _HEADER = b"\r\nIn-Reply-To:", 8_192


@dataclass(slots=True)
class Tally:
    """What the server has taken since it began."""

    mails: int = 0
    #: Of whole messages and the commands around them.
    bytes: int = 0
    #: When the last mail was taken, by `time.perf_counter`, which all processes of a machine share on Linux.
    last: float = 0.0
    #: The same of the mails that answer no other.
    opening: int = 0
    last_opening: float = 0.0


def serve_sink(pipe: Connection, far: float) -> None:
    """Serve until the pipe closes; says its port, and that of a way to it that takes `far` seconds there and back.

    Answers each question with its tally.
    """
    pin(1)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(pipe, far))


async def _serve(pipe: Connection, far: float) -> None:
    loop, closed, tally = asyncio.get_running_loop(), asyncio.Event(), Tally()
    near = await loop.create_server(lambda: _Sink(tally), HOST, 0)
    port = near.sockets[0].getsockname()[1]
    relay = await loop.create_server(lambda: _Near(port, far / 2), HOST, 0)
    pipe.send((port, relay.sockets[0].getsockname()[1]))
    ended = (pipe, tally, lambda: loop.call_soon_threadsafe(closed.set))
    threading.Thread(target=_tell, args=ended, daemon=True).start()
    await closed.wait()


def _tell(pipe: Connection, tally: Tally, ended: Callable[[], object]) -> None:
    while True:
        try:
            pipe.recv()
            pipe.send(tally)
        except (EOFError, OSError):
            ended()
            return


class _Sink(asyncio.Protocol):
    """Talks with one client."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._in_message = False
        self._answers = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self._tally.bytes += len(data)
        data = self._rest + data if self._rest else data
        replies: list[bytes] = []
        place = 0
        if self._in_message:
            self._answers = self._answers or _ANSWERS in data[:_HEADER]
        while (end := data.find(_DOT if self._in_message else b"\r\n", place)) >= 0:
            if self._in_message:
                replies.append(_TAKEN)
                place = end + len(_DOT)
                self._in_message = False
                self._count()
            else:
                command = data[place : place + 4]
                replies.append(_REPLIES.get(command, _TAKEN))
                place = end + 2
                self._in_message = command == b"DATA"
        # What ends a message may have come in two parts.
        self._rest = data[max(place, len(data) - 4) :] if self._in_message else data[place:]
        if self._transport is not None and replies:
            self._transport.write(b"".join(replies))

    def _count(self) -> None:
        tally = self._tally
        tally.mails += 1
        tally.last = time.perf_counter()
        if not self._answers:
            tally.opening += 1
            tally.last_opening = tally.last
        self._answers = False


class _Near(asyncio.Protocol):
    """The client's end of the long way: what it says is said again at the other end, later."""

    def __init__(self, port: int, delay: float) -> None:
        self._port = port
        self._later = _Later(delay)
        self._connecting: asyncio.Task[None] | None = None
        self._far: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        near = cast("asyncio.Transport", transport)
        self._connecting = asyncio.get_running_loop().create_task(self._connect(near))

    def data_received(self, data: bytes) -> None:
        self._later(self._say, data)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._later(self._hang_up)

    def _say(self, data: bytes) -> None:
        if self._far is not None:
            self._far.write(data)

    def _hang_up(self) -> None:
        if self._far is not None:
            self._far.close()

    async def _connect(self, near: asyncio.Transport) -> None:
        transport, _ = await asyncio.get_running_loop().create_connection(
            lambda: _Far(near, self._later), HOST, self._port
        )
        self._far = transport


class _Far(asyncio.Protocol):
    """The server's end of the long way."""

    def __init__(self, near: asyncio.Transport, later: _Later) -> None:
        self._near = near
        self._later = later

    def data_received(self, data: bytes) -> None:
        self._later(self._near.write, data)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._later(self._near.close)


class _Later:
    """Calls after a delay, in the order in which it was told."""

    def __init__(self, delay: float) -> None:
        self._delay = delay

    def __call__(self, call: Callable[..., object], *args: object) -> None:
        asyncio.get_running_loop().call_later(self._delay, call, *args)
