"""A mail server that offers PIPELINING, on a real socket, and keeps to it or does not, as told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from tests.listening import listening


@dataclass
class EagerServer:
    """Takes mails; what it does else is in its fields."""

    port: int = 0
    extensions: tuple[str, ...] = ("PIPELINING", "SIZE 1000000")
    #: Whole messages, dots undone, as they were accepted.
    messages: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    #: Each line that is no message, of all connections.
    commands: list[str] = field(default_factory=list)
    connections: int = 0
    #: Replies instead of the usual, by the beginning of a command or by "."; "cut" hangs up, "stall" says nothing.
    #: For ".", "ahead" answers once the next command is there and `released` is set; it does so once.
    replies: dict[str, str] = field(default_factory=dict)
    #: Takes nothing that came together with the end of a message, or with another command.
    drops_input: bool = False
    #: Mails after which a connection is closed with a 421; 0: never.
    closes_after: int = 0
    #: Set when a command has come ahead of its time.
    ahead: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    #: Set when a message has begun to be asked for.
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            writer.write(b"220 eager\r\n")
            await _Talk(self, reader, writer).run()
        writer.close()

    def say(self, text: str) -> None:
        """Say something on all connections, out of turn."""
        for writer in self._writers:
            writer.write(text.encode() + b"\r\n")

    def hang_up(self) -> None:
        for writer in self._writers:
            writer.transport.abort()


class _Talk:
    """One connection."""

    def __init__(self, server: EagerServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self._recipient: str | None = None
        self._carried = 0
        self._ahead = b""

    async def run(self) -> None:
        while line := self._ahead or await self._reader.readline():
            self._ahead = b""
            command = line.decode().strip()
            self._server.commands.append(command)
            self._drop()
            if not await self._answer(command) or command == "QUIT":
                return

    async def _answer(self, command: str) -> bool:
        """Answer a command; False: the connection is at its end."""
        verb = command.partition(" ")[0].partition(":")[0]
        if verb == "EHLO":
            return self._reply(
                "", "\r\n".join(("250-eager", *(f"250-{each}" for each in self._server.extensions), "250 OK"))
            )
        if verb == "RCPT":
            self._recipient = command.partition("<")[2].rstrip(">")
        if verb == "MAIL" and self._carried >= self._server.closes_after > 0:
            self._reply("421 4.7.0 enough on this connection", "")
            return False
        told = next((each for key, each in self._server.replies.items() if command.startswith(key)), None)
        if verb != "DATA" or (told is not None and not told.startswith("354")):
            return self._reply(told, "250 OK")
        self._server.asked.set()
        return self._reply(told, "354 go on") and await self._message()

    async def _message(self) -> bool:
        data = await self._reader.readuntil(b".\r\n") if (start := await self._reader.read(3)) != b".\r\n" else b""
        whole = start + data
        while whole != b".\r\n" and not whole.endswith(b"\r\n.\r\n"):
            whole += await self._reader.readuntil(b".\r\n")
        self._drop()
        self._carried += 1
        if self._server.replies.get(".") == "ahead":
            await self._look_ahead()
        told = self._server.replies.get(".")
        if told is None or told.startswith("250"):
            self._server.messages.append(whole.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n."))
            self._server.recipients.append(str(self._recipient))
        return self._reply(told, "250 taken")

    async def _look_ahead(self) -> None:
        del self._server.replies["."]
        self._ahead = await self._reader.readline()
        self._server.ahead.set()
        await self._server.released.wait()

    def _drop(self) -> None:
        if self._server.drops_input:
            self._reader._buffer.clear()  # type: ignore[attr-defined]  # noqa: SLF001 - what some servers do

    def _reply(self, told: str | None, usual: str) -> bool:
        if told == "cut":
            self._writer.transport.abort()
            return False
        if told != "stall":
            self._writer.write((told or usual).encode() + b"\r\n")
        return True


@asynccontextmanager
async def open_eager_server(server: EagerServer | None = None) -> AsyncIterator[EagerServer]:
    server = server or EagerServer()
    async with listening(server):
        yield server
