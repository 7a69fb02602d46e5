"""Mail, over connections that are kept: opening one costs more than sending three mails."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

import structlog

from notifier.channels.failures import Ahead, Cause, DeliveryFailed, HeldBack, LastMoment
from notifier.channels.opening import Connection, open_connection
from notifier.channels.smtp import MailServer
from notifier.channels.terms import Terms, require_sendable
from notifier.mails.build import Mail

#: Seconds for which a server's offer to take commands ahead of its replies is not taken, once it did not keep to it.
DISTRUST = 600.0
#: Mails for each connection, beside those that it carries, whose turn is near.
NEAR = 4


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """A mail for which no connection is free."""

    mail: Mail
    ahead: Ahead | None
    #: A connection on which the mail has begun; None: there is room to open one.
    called: asyncio.Future[Connection | None]


class EmailChannel:
    """Hands mails to one server over at most `connections` connections at a time."""

    def __init__(self, server: MailServer, *, connections: int = 16, terms: Terms | None = None) -> None:
        self._server = server
        self._terms = terms or Terms()
        self._most = connections
        #: So many of those that wait are told that their turn is near.
        self._near = connections * NEAR
        #: Connections that are open or being opened.
        self._open = 0
        #: Those on which a mail may begin at once.
        self._free: list[Connection] = []
        self._waiting: deque[_Waiting] = deque()
        self._farewells: set[asyncio.Task[None]] = set()
        self._local_name: str | None = None
        self._distrusted_until = 0.0

    async def send(self, mail: Mail, last_moment: LastMoment, ahead: Ahead | None = None) -> str:
        """Return the server's reply once it has the mail; raises DeliveryFailed, and what the last moment raises.

        The last moment is awaited when the server has taken sender and recipient, and before any of the message or
        its final dot is written: right before, so that it should be quick. `ahead` is called before, where the mail has
        to wait, when few others wait before it.
        """
        require_sendable(mail)
        connection = await self._accepted(mail, ahead)
        try:
            await last_moment()
        except HeldBack:
            await connection.hold_back()
            self._over(connection)
            raise
        except BaseException:
            self._abandon(connection)
            raise
        try:
            return await connection.hand_over(mail, lambda: self._over(connection))
        except DeliveryFailed:
            self._judge(connection)
            raise

    async def close(self) -> None:
        """Close the connections that nobody uses; call it when nothing is under way."""
        idle, self._free = self._free, []
        self._open -= len(idle)
        await asyncio.gather(*(connection.quit() for connection in idle), *self._farewells)

    async def _accepted(self, mail: Mail, ahead: Ahead | None) -> Connection:
        """Return a connection on which the mail's sender and recipient stand."""
        while True:
            connection = await self._begun(mail, ahead)
            try:
                await connection.accepted()
            except DeliveryFailed as failure:
                self._judge(connection)
                again = connection.was_used or connection.confused
                self._over(connection)
                # It was closed while idle, or has carried as much as it would; that says nothing about this mail.
                if failure.cause is not Cause.CONNECTION or not again:
                    raise
            except BaseException:
                self._abandon(connection)
                raise
            else:
                return connection

    async def _begun(self, mail: Mail, ahead: Ahead | None) -> Connection:
        """Return a connection on which the mail has begun."""
        while True:
            connection = self._idle()
            if connection is None and self._open < self._most:
                connection = await self._opened()
            if connection is not None:
                connection.begin(mail)
                return connection
            connection = await self._called(mail, ahead)
            if connection is not None:
                return connection

    def _idle(self) -> Connection | None:
        """Return a free connection: one whose server has answered everything, or, where no more may be opened, any."""
        usable = [each for each in self._free if each.usable]
        self._open -= len(self._free) - len(usable)
        self._free = usable
        for place in range(len(usable) - 1, -1, -1):
            if usable[place].quiet:
                return usable.pop(place)
        return usable.pop() if usable and self._open >= self._most else None

    async def _opened(self) -> Connection:
        self._open += 1
        trusted = asyncio.get_running_loop().time() >= self._distrusted_until
        try:
            connection, self._local_name = await open_connection(
                self._server, self._terms, pipelining=trusted, local_name=self._local_name
            )
        except BaseException:
            self._gone()
            raise
        return connection

    async def _called(self, mail: Mail, ahead: Ahead | None) -> Connection | None:
        """Wait for a connection, on which the mail has then begun, or for room to open one."""
        waiting = _Waiting(mail, ahead, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if ahead is not None and len(self._waiting) <= self._near:
            ahead()
        try:
            return await waiting.called
        except asyncio.CancelledError:
            if waiting.called.done() and not waiting.called.cancelled():
                self._pass_on(waiting.called.result())
            raise

    def _pass_on(self, connection: Connection | None) -> None:
        """Give back what came to somebody who had just gone."""
        if connection is not None:
            self._abandon(connection)
        else:
            self._call(None)

    def _over(self, connection: Connection) -> None:
        """Let the next mail begin on a connection whose turn is over."""
        if not connection.usable:
            self._part(connection)
        elif waiting := self._next():
            connection.begin(waiting.mail)
            waiting.called.set_result(connection)
        else:
            self._free.append(connection)

    def _abandon(self, connection: Connection) -> None:
        """Give up a connection in the midst of a mail."""
        connection.abandon()
        self._gone()

    def _part(self, connection: Connection) -> None:
        """End a connection that has carried its share, or broke."""
        farewell = asyncio.get_running_loop().create_task(self._farewell(connection))
        self._farewells.add(farewell)
        farewell.add_done_callback(self._farewells.discard)

    async def _farewell(self, connection: Connection) -> None:
        try:
            await connection.quit()
        finally:
            self._gone()

    def _gone(self) -> None:
        """Take note that one connection fewer is open."""
        self._open -= 1
        self._call(None)

    def _call(self, connection: Connection | None) -> None:
        if waiting := self._next():
            waiting.called.set_result(connection)

    def _next(self) -> _Waiting | None:
        while self._waiting:
            waiting = self._waiting.popleft()
            if len(self._waiting) >= self._near and (ahead := self._waiting[self._near - 1].ahead):
                ahead()
            if not waiting.called.done():
                return waiting
        return None

    def _judge(self, connection: Connection) -> None:
        """Speak to the server one command at a time for a while where it did not keep to what it offers."""
        if connection.confused:
            structlog.get_logger("forewarn.postman").warning("pipelining_not_kept", server=self._server.host)
            self._distrusted_until = asyncio.get_running_loop().time() + DISTRUST
