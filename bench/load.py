"""The load generator: keep-alive connections that each send the next request once they have the answer."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from multiprocessing.connection import Connection
from typing import cast

import uvloop

from bench.machine import pin

HOST = "127.0.0.1"
_HEAD_END = b"\r\n\r\n"
_LENGTH = b"\r\nContent-Length: "


@dataclass(frozen=True, slots=True)
class Order:
    """What to send."""

    port: int
    #: Whole requests, sent in turn.
    requests: tuple[bytes, ...]
    connections: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Tally:
    """What came back."""

    #: Answers by status.
    answers: Counter[bytes]
    seconds: float


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """Return a request as it goes over the wire; `_` in the name of a header stands for `-`."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}"]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + _HEAD_END + body


def generate(pipe: Connection) -> None:
    """Carry out orders that come over the pipe, on the second core, until it closes."""
    pin(1)
    pipe.send("ready")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        while True:
            try:
                order = pipe.recv()
            except EOFError:
                return
            pipe.send(runner.run(carry_out(order)))


async def carry_out(order: Order) -> Tally:
    """Send for as long as the order says; raises ConnectionError when the server hangs up."""
    loop = asyncio.get_running_loop()
    requests = cycle(order.requests)
    talks = [_Talk(requests, loop.create_future()) for _ in range(order.connections)]
    for talk in talks:
        await loop.create_connection(lambda talk=talk: talk, HOST, order.port)  # type: ignore[misc]
    started = time.perf_counter()
    for talk in talks:
        talk.start()
    await asyncio.wait([talk.broken for talk in talks], timeout=order.seconds)
    seconds = time.perf_counter() - started
    answers: Counter[bytes] = Counter()
    for talk in talks:
        answers += talk.answers
        talk.stop()
    return Tally(answers, seconds)


class _Talk(asyncio.Protocol):
    """One connection."""

    def __init__(self, requests: Iterator[bytes], broken: asyncio.Future[None]) -> None:
        self.answers: Counter[bytes] = Counter()
        #: Done, with an error, when the server hangs up.
        self.broken = broken
        self._requests = requests
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None and not self.broken.done():
            self.broken.set_exception(exc or ConnectionError("the server hung up"))

    def data_received(self, data: bytes) -> None:
        self._received += data
        if _is_whole(self._received):
            self.answers[self._received[9:12]] += 1
            self._received = b""
            self.start()

    def start(self) -> None:
        """Send the next request."""
        if self._transport is not None:
            self._transport.write(next(self._requests))

    def stop(self) -> None:
        """Hang up; raises ConnectionError when the server has done so before."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()
        if self.broken.done():
            self.broken.result()


def _is_whole(answer: bytes) -> bool:
    """Tell whether an answer is there with its whole body; all of ours and of the peers' say their length."""
    head = answer.find(_HEAD_END)
    if head < 0:
        return False
    begin = answer.find(_LENGTH, 0, head)
    if begin < 0:
        return True
    length = int(answer[begin + len(_LENGTH) : answer.find(b"\r", begin + 2)])
    return len(answer) >= head + len(_HEAD_END) + length
