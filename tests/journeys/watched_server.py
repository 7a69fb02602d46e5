"""A mail server that tells of each step before and after it answers, and keeps some recipients waiting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes

from tests.journeys.strikes import Step, Verb
from tests.listening import listening


@dataclass(frozen=True, slots=True)
class Taken:
    """A mail that was taken, whether or not anybody lived to hear so."""

    address: str
    message_id: str
    #: The mail that it continues.
    answers: str | None


async def _nothing(_: Step) -> None:
    """Let the step happen."""


@dataclass
class WatchedServer:
    """Takes mails; a mail counts from its final dot on."""

    port: int = 0
    pipelining: bool = True
    taken: list[Taken] = field(default_factory=list)
    #: Replies to RCPT instead of 250, by address, used up one after the other.
    refusals: dict[str, list[str]] = field(default_factory=dict)
    #: Whose RCPT, and whose final dot, is not answered until `released` is set.
    kept_at: dict[str, Verb] = field(default_factory=dict)
    #: Those that are or were kept waiting.
    kept: set[str] = field(default_factory=set)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    on_step: Callable[[Step], Awaitable[None]] = _nothing
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)

    def addresses(self) -> set[str]:
        """Return those who have got a mail that continues no other."""
        return {each.address for each in self.taken if each.answers is None}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await _Talk(self, reader, writer).run()
        writer.close()

    def hang_up(self) -> None:
        for writer in self._writers:
            writer.transport.abort()


class _Talk:
    """One connection."""

    def __init__(self, server: WatchedServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self._recipient = ""
        self._is_open = False

    async def run(self) -> None:
        await self._answer(Verb.CONNECT, "220 watched")
        while line := await self._reader.readline():
            command = line.decode().strip()
            verb = command.partition(" ")[0].partition(":")[0]
            if verb == "QUIT":
                await self._say("221 bye")
                return
            await self._obey(verb, command)

    async def _obey(self, verb: str, command: str) -> None:
        if verb == Verb.EHLO:
            await self._answer(Verb.EHLO, f"250{'-watched' if self._server.pipelining else ' watched'}")
            if self._server.pipelining:
                await self._say("250 PIPELINING")
        elif verb == Verb.MAIL:
            await self._answer(Verb.MAIL, "250 OK")
        elif verb == Verb.RCPT:
            await self._name(command.partition("<")[2].rstrip(">"))
        elif verb == Verb.DATA and not self._is_open:
            await self._answer(Verb.DATA, "503 no recipient")
        elif verb == Verb.DATA:
            await self._answer(Verb.DATA, "354 go on")
            await self._message()
        else:
            await self._say("250 OK")

    async def _name(self, address: str) -> None:
        refusals = self._server.refusals.get(address)
        told = refusals.pop(0) if refusals else "250 OK"
        self._recipient, self._is_open = address, told.startswith("250")
        await self._answer(Verb.RCPT, told)

    async def _message(self) -> None:
        content = await self._reader.readuntil(b"\r\n.\r\n")
        message = message_from_bytes(content)
        self._server.taken.append(Taken(self._recipient, message["Message-ID"], message["In-Reply-To"]))
        await self._answer(Verb.DOT, "250 taken")

    async def _answer(self, verb: Verb, reply: str) -> None:
        await self._server.on_step(Step("before", verb))
        if self._server.kept_at.get(self._recipient) is verb:
            self._server.kept.add(self._recipient)
            await self._server.released.wait()
        await self._say(reply)
        await self._server.on_step(Step("after", verb))

    async def _say(self, reply: str) -> None:
        self._writer.write(reply.encode() + b"\r\n")
        await self._writer.drain()


@asynccontextmanager
async def open_watched_server(server: WatchedServer) -> AsyncIterator[WatchedServer]:
    async with listening(server):
        try:
            yield server
        finally:
            server.released.set()
