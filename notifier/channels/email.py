"""Mail, over connections that are kept: opening one costs more than sending three mails."""

from __future__ import annotations

import asyncio

from notifier.channels.failures import Cause, DeliveryFailed, LastMoment
from notifier.channels.smtp import Connection, MailServer
from notifier.mails.build import Mail


class EmailChannel:
    """Hands mails to one server over at most `connections` connections at a time."""

    def __init__(self, server: MailServer, *, connections: int = 16) -> None:
        self._server = server
        self._slots = asyncio.Semaphore(connections)
        self._idle: list[Connection] = []
        self._local_name: str | None = None

    async def send(self, mail: Mail, last_moment: LastMoment) -> str:
        """Return the server's reply once it has the mail; raises DeliveryFailed, and what the last moment raises."""
        async with self._slots:
            connection = await self._announced(mail)
            try:
                return await connection.hand_over(mail, last_moment)
            except asyncio.CancelledError:
                connection.abandon()
                raise
            finally:
                await self._put_back(connection)

    async def close(self) -> None:
        """Close the connections that nobody uses; call it when nothing is under way."""
        idle, self._idle = self._idle, []
        await asyncio.gather(*(connection.quit() for connection in idle))

    async def _announced(self, mail: Mail) -> Connection:
        """Return a connection on which the mail's sender and recipient stand."""
        kept = self._kept()
        if kept is not None:
            try:
                return await self._addressed(kept, mail)
            except DeliveryFailed as failure:
                # The server had closed it while it was idle; that says nothing about this mail.
                if failure.cause is not Cause.CONNECTION:
                    raise
        fresh = await Connection.open(self._server, self._local_name)
        self._local_name = fresh.local_name
        return await self._addressed(fresh, mail)

    async def _addressed(self, connection: Connection, mail: Mail) -> Connection:
        try:
            await connection.address(mail)
        except asyncio.CancelledError:
            connection.abandon()
            raise
        except DeliveryFailed:
            await self._put_back(connection)
            raise
        return connection

    def _kept(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection
        return None

    async def _put_back(self, connection: Connection) -> None:
        if connection.usable:
            self._idle.append(connection)
        else:
            await connection.quit()
