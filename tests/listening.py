"""A server of a test's own that listens on this machine while it is needed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Protocol, TypeVar


class Talker(Protocol):
    """Talks with whoever connects."""

    port: int

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk over one connection until it ends."""

    def hang_up(self) -> None:
        """End what is still open."""


Served = TypeVar("Served", bound=Talker)


@asynccontextmanager
async def listening(server: Served) -> AsyncIterator[Served]:
    """Let a server listen, and tell it its port; in the end it hangs up."""
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, limit=1 << 24)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        server.hang_up()
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                await listener.wait_closed()
