"""The other end of a connection, for tests that say when which bytes arrive."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.api.house import House


@dataclass
class Wire(asyncio.Transport):
    """The other end of a connection: keeps what is written to it."""

    written: bytearray = field(default_factory=bytearray)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    protocol: web.RequestHandler | None = None

    def __post_init__(self) -> None:
        super().__init__()

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        assert not self.gone.is_set()
        self.written += data
        self.news.set()

    def is_closing(self) -> bool:
        return self.gone.is_set()

    def close(self) -> None:
        self.gone.set()

    def receive(self, data: bytes) -> None:
        """Let these bytes arrive at the service."""
        assert self.protocol is not None
        self.protocol.data_received(data)

    def lose(self) -> None:
        """Let the client vanish."""
        assert self.protocol is not None
        self.gone.set()
        self.protocol.connection_lost(ConnectionResetError())

    def answers(self) -> list[tuple[bytes, dict[str, str], bytes]]:
        """Return the whole answers so far: status line, headers, body."""
        found, rest = [], bytes(self.written)
        while b"\r\n\r\n" in rest:
            head, _, rest = rest.partition(b"\r\n\r\n")
            status, *lines = head.split(b"\r\n")
            headers = dict(line.decode().split(": ", 1) for line in lines)
            length = int(headers.get("Content-Length", "0"))
            if len(rest) < length:
                break
            found.append((status, headers, rest[:length]))
            rest = rest[length:]
        return found

    async def answered(self, number: int) -> list[tuple[bytes, dict[str, str], bytes]]:
        """Wait for so many answers."""
        async with asyncio.timeout(60):
            while len(self.answers()) < number:
                await self._more()
        return self.answers()

    async def told(self, text: bytes) -> None:
        """Wait until this text has been written."""
        async with asyncio.timeout(60):
            while text not in self.written:
                await self._more()

    async def _more(self) -> None:
        self.news.clear()
        await self.news.wait()


def connect(house: House) -> Wire:
    """Return a new connection to the service."""
    runner = house.client.server.runner
    assert isinstance(runner, web.AppRunner)
    assert runner.server is not None
    protocol = runner.server()
    wire = Wire(protocol=protocol)
    protocol.connection_made(wire)
    return wire


def same(headers: dict[str, str]) -> dict[str, str]:
    """Return the headers that two answers to one request share."""
    return {name: value for name, value in headers.items() if name not in {"Date", "X-Request-Id"}}
