"""Mail to one server, for whoever waits for each reply."""

from __future__ import annotations

from notifier.channels.errands import Awaited, Straight
from notifier.channels.failures import LastMoment
from notifier.channels.pool import Pool
from notifier.channels.smtp import MailServer
from notifier.channels.terms import TERMS, Terms
from notifier.mails.build import Mail


class EmailChannel:
    """Hands mails to one server over at most `connections` connections at a time."""

    def __init__(self, server: MailServer, *, connections: int = 16, terms: Terms = TERMS) -> None:
        self._server = server
        self._pool = Pool(connections, terms, Straight())

    async def send(self, mail: Mail, last_moment: LastMoment) -> str:
        """Return the server's reply once it has the mail; raises DeliveryFailed, and what the last moment raises.

        The last moment is awaited when the server has taken sender and recipient, and before any of the message or
        its final dot is written: right before, so that it should be quick.
        """
        awaited = Awaited(mail)
        self._pool.put(self._server, (awaited,))
        return await awaited.sent(last_moment)

    async def close(self) -> None:
        """Close the connections; call it when nothing is under way."""
        await self._pool.close()
