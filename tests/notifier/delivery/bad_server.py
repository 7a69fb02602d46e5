"""A mail server that misbehaves at one point of the talk, in one way, until it is told to behave."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from enum import StrEnum
from typing import Final


class Point(StrEnum):
    """What is to be answered next."""

    CONNECT = "connection"
    EHLO = "EHLO"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    #: The whole message has arrived.
    DOT = "final dot"


class Way(StrEnum):
    """What it does instead of the usual answer."""

    STALLS = "says nothing more"
    RESETS = "resets the connection"
    CLOSES = "421 4.3.2 going down"
    ASKS_FOR_PATIENCE = "450 4.2.0 Greylisted, come back later"
    BABBLES = "\x00 HELLO? \x7f"


_USUAL: Final = {
    Point.CONNECT: "220 bad.example",
    Point.EHLO: "250 bad.example",
    Point.MAIL: "250 fine",
    Point.RCPT: "250 fine",
    Point.DATA: "354 go on",
    Point.DOT: "250 taken",
}


@dataclass
class BadServer:
    """Listens on a real socket."""

    point: Point
    way: Way
    pipelining: bool = False
    port: int = 0
    #: It does as it should from now on.
    behaves: bool = False
    #: The Message-ID of each whole message that came, whatever was answered.
    came: list[str] = field(default_factory=list)
    #: Of each that was answered as it should be.
    taken: list[str] = field(default_factory=list)
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._talk(reader, writer)
        writer.transport.abort()

    def hang_up(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        goes_on = await self._answer(Point.CONNECT, reader, writer)
        while goes_on and (line := await reader.readline()):
            verb = line.split(b":")[0].split()[0].decode()
            if verb == "QUIT":
                writer.write(b"221 bye\r\n")
                return
            if verb not in Point.__members__:
                writer.write(b"250 fine\r\n")
                continue
            goes_on = await self._answer(Point[verb], reader, writer)
            if goes_on and verb == Point.DATA and self._says(Point.DATA).startswith("354"):
                goes_on = await self._message(reader, writer)

    async def _message(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        lines = []
        while (line := await reader.readline()) != b".\r\n":
            if not line:
                return False
            lines.append(line)
        if not lines:
            writer.write(b"554 no valid recipients\r\n")
            return True
        message_id = str(message_from_bytes(b"".join(lines))["Message-ID"])
        self.came.append(message_id)
        if self._says(Point.DOT) == _USUAL[Point.DOT]:
            self.taken.append(message_id)
        return await self._answer(Point.DOT, reader, writer)

    async def _answer(self, point: Point, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer; False: the connection is at its end."""
        said = self._says(point)
        if said == Way.STALLS:
            # Until the other side has had enough.
            await reader.read()
            return False
        if said == Way.RESETS:
            return False
        if point is Point.EHLO and said == _USUAL[point] and self.pipelining:
            said = f"250-bad.example\r\n{said.partition(' ')[0]} PIPELINING"
        writer.write(said.encode() + b"\r\n")
        await writer.drain()
        return said != Way.CLOSES

    def _says(self, point: Point) -> str:
        return self.way if point is self.point and not self.behaves else _USUAL[point]
