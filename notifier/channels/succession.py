"""Mails that follow one another on a connection by calls alone, as nearly all do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from notifier.channels.errands import Errand, Report
from notifier.channels.failures import DeliveryFailed


class Line(Protocol):
    """A connection that announces the next mail in the breath in which it sends a message."""

    def when_granted(self, granted: Callable[[], None], otherwise: Callable[[], None]) -> None:
        """Call the one once the server waits for the message that was announced last, the other where it does not."""
        ...

    def pass_on(self, errand: Errand, take: Callable[[], Errand | None]) -> Errand | None:
        """Send the message, and announce the mail that `take` gives, which is returned; raises DeliveryFailed."""
        ...

    def abandon(self) -> None:
        """Close without a word."""
        ...


class Succession:
    """Hands over one mail after the other, as the server waits for it and it may leave, and wakes nobody meanwhile."""

    def __init__(self, line: Line, first: Errand, take: Callable[[], Errand | None], report: Report) -> None:
        self._line = line
        self._take = take
        self._report = report
        #: The mail that is announced, whose turn it is; None: there is none.
        self._errand: Errand | None = first
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def over(self) -> Errand | None:
        """Return the mail that is announced, but not granted or not free to leave as usual; None where none is left."""
        self._line.when_granted(self._ask, self._end)
        await self._over
        return self._errand

    def _ask(self) -> None:
        errand = self._errand
        if errand is None:
            return
        try:
            errand.ask(self._go_on, self._end)
        except Exception as error:  # noqa: BLE001 - it is told to whoever sent the mail
            self._fail(errand, error)

    def _go_on(self) -> None:
        errand = self._errand
        if errand is None:
            return
        try:
            self._errand = self._line.pass_on(errand, self._take)
        except DeliveryFailed:
            # The connection broke before any of the message had left: it can go over another.
            self._end()
            return
        except Exception as error:  # noqa: BLE001 - it is told to whoever sent the mail
            self._fail(errand, error)
            return
        if self._errand is None:
            self._end()
        else:
            self._line.when_granted(self._ask, self._end)

    def _fail(self, errand: Errand, error: Exception) -> None:
        self._errand = None
        self._line.abandon()
        self._report.failed(errand, error)
        self._end()

    def _end(self) -> None:
        # Whoever waited may have gone.
        if not self._over.done():
            self._over.set_result(None)
