"""A mail on its way: what a channel asks it, and whom it tells what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from notifier.channels.failures import HeldBack, LastMoment
from notifier.mails.build import Mail


class Errand(Protocol):
    """A mail that waits for a connection or is on one. Either `taken` or `failed` is called, once."""

    #: The name of the lane that it goes over; None: none.
    lane: str | None

    @property
    def mail(self) -> Mail:
        """What is to be sent."""
        ...

    @property
    def is_over(self) -> bool:
        """Whether it is known before its turn that it must not leave, so that it need not be announced."""
        ...

    def near(self) -> None:
        """Take note that its turn is near: few others wait before it."""
        ...

    def ask(self, go: Callable[[], None], otherwise: Callable[[], None]) -> None:
        """Have `go` called, now or soon, where the message may leave without more ado, and `otherwise` else.

        It is asked when and as `last_moment` is, and in its place; after `otherwise`, that is awaited all the same.
        """
        ...

    async def last_moment(self) -> None:
        """Return where the message may leave, and raise HeldBack where it must not.

        Awaited when the server has taken sender and recipient, and before any of the message or its final dot is
        written: right before, so that it should be quick.
        """
        ...

    def taken(self, reply: str) -> None:
        """Take note that the server has the mail."""
        ...

    def failed(self, error: Exception) -> None:
        """Take note of what kept it from being taken: DeliveryFailed, or what the last moment raised."""
        ...


class Report(Protocol):
    """Who hears from a channel how its mails fared, before they do themselves."""

    def taken(self, errand: Errand, reply: str) -> None:
        """Take note that a server has the mail, and tell it."""
        ...

    def failed(self, errand: Errand, error: Exception) -> None:
        """Take note of what kept a mail from being taken, and tell it."""
        ...


class Straight:
    """Tells each mail what became of it, and nobody else."""

    def taken(self, errand: Errand, reply: str) -> None:
        """Do as `Report` says."""
        errand.taken(reply)

    def failed(self, errand: Errand, error: Exception) -> None:
        """Do as `Report` says."""
        errand.failed(error)


class Awaited:
    """One mail whose sender waits for the reply."""

    def __init__(self, mail: Mail) -> None:
        loop = asyncio.get_running_loop()
        self.mail = mail
        self.lane: str | None = None
        #: The sender has gone.
        self.is_over = False
        #: Done when the server waits for the message.
        self._turn: asyncio.Future[None] = loop.create_future()
        #: What keeps the message from leaving; None: nothing.
        self._objection: asyncio.Future[Exception | None] = loop.create_future()
        self._reply: asyncio.Future[str] = loop.create_future()

    async def sent(self, last_moment: LastMoment) -> str:
        """Return the server's reply once it has the mail; raises what `failed` is told, and as the last moment does."""
        try:
            await self._turn
            objection = await _objection(last_moment)
        except BaseException:
            self.is_over = True
            self._objection.set_result(_SenderGone())
            raise
        self._objection.set_result(objection)
        return await self._reply

    def near(self) -> None:
        """Do as `Errand` says: there is nothing to prepare."""

    def ask(self, go: Callable[[], None], otherwise: Callable[[], None]) -> None:
        """Do as `Errand` says: it is for the sender to say."""
        del go
        otherwise()

    async def last_moment(self) -> None:
        """Do as `Errand` says; the sender is asked where it waits, so that nothing outlives it."""
        if not self._turn.done():
            self._turn.set_result(None)
        objection = await self._objection
        if objection is not None:
            raise objection

    def taken(self, reply: str) -> None:
        """Hand the reply to the sender."""
        if not self._reply.done():
            self._reply.set_result(reply)

    def failed(self, error: Exception) -> None:
        """Raise it in the sender, unless it has gone."""
        waited_for = self._reply if self._turn.done() else self._turn
        if not self.is_over and not waited_for.done():
            waited_for.set_exception(error)


async def _objection(last_moment: LastMoment) -> HeldBack | None:
    try:
        await last_moment()
    except HeldBack as held:
        return held
    return None


class _SenderGone(Exception):
    """Whoever sent the mail waits for it no more."""
