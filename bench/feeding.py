"""Mails through the channel of the outbox, and nothing else: so many in hand, and more once half of them are taken."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from itertools import islice

from bench.load import HOST
from notifier.channels.errands import Straight
from notifier.channels.pool import Pool
from notifier.channels.smtp import MailServer
from notifier.channels.terms import Terms
from notifier.mails.build import Mail


async def feed(mails: Iterator[Mail], port: int, connections: int, in_hand: int, terms: Terms) -> int:
    """Send all mails of an iterator to the server at a port; return how many it has taken."""
    pool = Pool(connections, terms, Straight())
    feed = _Feed(mails, pool, MailServer(host=HOST, port=port, starttls=False), in_hand)
    feed.fill()
    await feed.ended
    await pool.close()
    return feed.taken


class _Feed:
    """What is in hand."""

    def __init__(self, mails: Iterator[Mail], pool: Pool, server: MailServer, in_hand: int) -> None:
        self.taken = 0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._mails = mails
        self._pool = pool
        self._server = server
        self._most = in_hand
        self._in_hand = 0

    def fill(self) -> None:
        """Take up as many as there is room for; end where none is left."""
        errands = [_Finished(mail, self) for mail in islice(self._mails, self._most - self._in_hand)]
        self._in_hand += len(errands)
        self._pool.put(self._server, errands)
        if not self._in_hand and not self.ended.done():
            self.ended.set_result(None)

    def count(self) -> None:
        self.taken += 1
        self._in_hand -= 1
        if self._in_hand * 2 <= self._most:
            self.fill()

    def fail(self, error: Exception) -> None:
        if not self.ended.done():
            self.ended.set_exception(error)


class _Finished:
    """A mail that nothing holds back."""

    __slots__ = ("_feed", "lane", "mail")

    is_over = False

    def __init__(self, mail: Mail, feed: _Feed) -> None:
        self.mail = mail
        self.lane: str | None = None
        self._feed = feed

    def near(self) -> None:
        """Prepare nothing."""

    def ask(self, go: Callable[[], None], otherwise: Callable[[], None]) -> None:
        """Hold nothing back."""
        del otherwise
        go()

    async def last_moment(self) -> None:
        """Hold nothing back."""

    def taken(self, reply: str) -> None:
        del reply
        self._feed.count()

    def failed(self, error: Exception) -> None:
        self._feed.fail(error)
