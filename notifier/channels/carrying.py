"""One connection at a time, and the mails that it carries one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from notifier.channels.errands import Errand, Report
from notifier.channels.failures import Cause, DeliveryFailed, HeldBack
from notifier.channels.opening import Connection, open_connection
from notifier.channels.queueing import Queue
from notifier.channels.smtp import MailServer
from notifier.channels.terms import Terms

#: Seconds for which a server's offer to take commands ahead of its replies is not taken, once it did not keep to it.
DISTRUST = 600.0


class Way:
    """The way to one server: the mails that wait for it, and how it is spoken to."""

    def __init__(self, server: MailServer, connections: int, terms: Terms, report: Report) -> None:
        self.queue = Queue(connections, report, asyncio.get_running_loop().time)
        self._terms = terms
        self._report = report
        self.server = server
        self._local_name: str | None = None
        self._distrusted_until = 0.0

    async def open(self) -> Connection:
        """Return a new connection; raises DeliveryFailed."""
        trusted = asyncio.get_running_loop().time() >= self._distrusted_until
        connection, self._local_name = await open_connection(
            self.server, self._terms, self._report, pipelining=trusted, local_name=self._local_name
        )
        return connection

    def judge(self, connection: Connection) -> None:
        """Speak to the server one command at a time for a while where it did not keep to what it offers."""
        if connection.confused:
            structlog.get_logger("forewarn.postman").warning("pipelining_not_kept", server=self.server.host)
            self._distrusted_until = asyncio.get_running_loop().time() + DISTRUST


class Carrier:
    """Carries mails for as long as some wait, and keeps its connection for the next time."""

    def __init__(self, way: Way, report: Report, other: Callable[[Way], Way | None]) -> None:
        self._way = way
        self._report = report
        #: Returns a way on which mails wait, another than this where there is one; None where there is none.
        self._other = other
        self._connection: Connection | None = None
        #: A mail has been announced on the connection, behind the one before.
        self._is_announced = False

    @property
    def usable(self) -> bool:
        """Whether another mail may begin on its connection."""
        return self._connection is not None and self._connection.usable

    def goes(self, way: Way) -> bool:
        """Return whether its connection leads there."""
        return self._way is way

    async def run(self, way: Way, errand: Errand) -> None:
        """Carry a mail, and then whatever waits, here or on another way."""
        await self._turn_to(way)
        current: Errand | None = errand
        while current is not None:
            current = await self._carried(current) or await self._next()

    async def part(self) -> None:
        """End the connection, if there is one."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        self._way.judge(connection)
        try:
            await connection.quit()
        except Exception:  # noqa: BLE001 - a goodbye that fails must not keep the mails behind it from leaving
            structlog.get_logger("forewarn.postman").exception("goodbye_failed", server=self._way.server.host)
        finally:
            connection.abandon()

    async def _carried(self, errand: Errand) -> Errand | None:
        """See a mail through to where its reply is waited for; return the one that was announced behind it."""
        try:
            following = await self._handed_over(errand)
        except DeliveryFailed as failure:
            self._report.failed(errand, failure)
        except asyncio.CancelledError:
            # What had left is in doubt, and the lease of what had not runs out.
            self._abandon()
            raise
        except Exception as error:  # noqa: BLE001 - it is told to whoever sent the mail
            self._abandon()
            self._report.failed(errand, error)
        else:
            self._is_announced = following is not None
            return following
        return None

    async def _handed_over(self, errand: Errand) -> Errand | None:
        connection = await self._accepted(errand)
        try:
            await errand.last_moment()
        except HeldBack as held:
            await connection.hold_back()
            self._report.failed(errand, held)
            return None
        return await connection.hand_over(errand, self._way.queue.take)

    async def _accepted(self, errand: Errand) -> Connection:
        """Return a connection on which the mail's sender and recipient stand; raises DeliveryFailed."""
        while True:
            connection = await self._begun(errand)
            try:
                await connection.accepted()
            except DeliveryFailed as failure:
                again = connection.was_used or connection.confused
                # It was closed while idle, or has carried as much as it would; that says nothing about this mail.
                if failure.cause is not Cause.CONNECTION or not again:
                    raise
            else:
                return connection

    async def _begun(self, errand: Errand) -> Connection:
        """Return a connection on which the mail has begun."""
        connection, is_announced = self._connection, self._is_announced
        self._is_announced = False
        if connection is not None and is_announced:
            return connection
        if connection is None or not connection.usable:
            await self.part()
            connection = self._connection = await self._way.open()
        connection.begin(errand.mail)
        return connection

    async def _next(self) -> Errand | None:
        """Return the next mail to begin with, once all before it are answered; None where none waits."""
        if self._connection is not None:
            await self._connection.answered()
        if self.usable:
            errand = self._way.queue.take()
            if errand is not None:
                return errand
        else:
            await self.part()
        while other := self._other(self._way):
            await self._turn_to(other)
            errand = other.queue.take()
            if errand is not None:
                return errand
        return None

    async def _turn_to(self, way: Way) -> None:
        if self._way is not way:
            await self.part()
            self._way = way

    def _abandon(self) -> None:
        if self._connection is not None:
            self._connection.abandon()
