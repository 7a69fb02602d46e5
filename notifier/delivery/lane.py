"""One lane: a provider's mail, bounded, paced, and paused where it must be."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import inf
from time import monotonic

import structlog

from notifier.channels.errands import Errand
from notifier.channels.failures import Cause, DeliveryFailed
from notifier.channels.pool import Pool
from notifier.channels.smtp import MailServer
from notifier.channels.terms import TERMS, Terms
from notifier.delivery.breaker import Breaker, Rest
from notifier.delivery.pace import Pace
from notifier.delivery.providers import Limits
from storage import Clock

#: Seconds that a mail in hand waits for its turn; one whose turn is later goes back.
LONGEST_TURN = 1.0
#: A mail that found its lane full comes back after this and a bit.
COME_BACK = timedelta(seconds=2)
#: Replies of this class ask us to come later: we were too fast, unless it is only this one mailbox.
_LATER = "4"


class Waits(Exception):
    """The lane does not take a mail now; the text says why."""

    def __init__(self, lane: str, reason: str, until: datetime) -> None:
        super().__init__(f"the lane {lane} waits: {reason}")
        self.until = until


@dataclass(frozen=True, slots=True)
class Standing:
    """How a lane stands, as it is shown."""

    lane: str
    #: None: it is open.
    rest: Rest | None
    #: Mails per second, where the lane was slowed down; None: as they come.
    rate: float | None


class Lane:
    """One provider's mail; it hears what became of each (`notifier.channels.errands.Report`)."""

    def __init__(self, name: str, limits: Limits, clock: Clock, terms: Terms = TERMS) -> None:
        self.name = name
        self.breaker = Breaker()
        #: Mails that it was given and that have not come to their end.
        self.in_hand = 0
        self._limits = limits
        self._clock = clock
        self._pace = Pace(limits.mails_per_second)
        self._pool = Pool(limits.connections, replace(terms, mails=limits.mails_per_connection), self)
        #: The servers that a mail is to be tried at after this one.
        self._others: dict[Errand, Sequence[MailServer]] = {}

    @property
    def standing(self) -> Standing:
        """How it stands now."""
        return Standing(self.name, self.breaker.rest, self._pace.rate if self._pace.is_cut else None)

    def put(self, errands: Sequence[Errand], servers: Sequence[MailServer]) -> None:
        """Send these; each is told what became of it, Waits where the lane does not take it now.

        The servers are tried in their order until one answers.
        """
        self.in_hand += len(errands)
        for errand in errands:
            errand.lane = self.name
        if self.breaker.rest is None and self._pace.rate == inf:
            self._send(errands, servers)
            return
        at_once = []
        for errand in errands:
            try:
                wait = self._admitted()
            except Waits as waits:
                self._end(errand, waits)
                continue
            if wait > 0:
                asyncio.get_running_loop().call_later(wait, self._send, [errand], servers)
            else:
                at_once.append(errand)
        self._send(at_once, servers)

    def drain(self, error: Exception) -> None:
        """Let nothing go that waits for a connection."""
        for errand in self._pool.drain():
            self.failed(errand, error)

    def taken(self, errand: Errand, reply: str) -> None:
        """Take note that a server has a mail, and tell it."""
        self._pace.taken(monotonic())
        if self.breaker.taken():
            _log().info("lane_open", lane=self.name)
        self._left(errand)
        errand.taken(reply)

    def failed(self, errand: Errand, error: Exception) -> None:
        """Try the next server, or take note of what kept a mail from being taken, and tell it."""
        if isinstance(error, DeliveryFailed):
            others = self._others.get(errand)
            if others and error.cause is Cause.CONNECTION and not error.in_doubt:
                self._send([errand], others)
                return
            self._judge(error)
        else:
            self.breaker.untried()
        self._end(errand, error)

    async def close(self) -> None:
        """Close the connections; call it when nothing is under way."""
        await self._pool.close()

    def _admitted(self) -> float:
        """Return for how many seconds a mail has to wait for its turn; raises Waits."""
        rest = self.breaker.rest
        if rest is not None:
            now = self._clock.now()
            if not self.breaker.admits(now):
                raise Waits(self.name, rest.reason, now + (self.breaker.left(now) or COME_BACK))
        if self._pace.rate == inf:
            return 0.0
        wait = self._pace.wait(monotonic())
        if wait > LONGEST_TURN:
            self.breaker.untried()
            raise Waits(self.name, "it was asked to go slower", self._clock.now() + timedelta(seconds=wait))
        return self._pace.turn(monotonic())

    def _send(self, errands: Sequence[Errand], servers: Sequence[MailServer]) -> None:
        first, *others = servers
        if others:
            self._others.update(dict.fromkeys(errands, others))
        elif self._others:
            for errand in errands:
                self._others.pop(errand, None)
        self._pool.put(first, errands)

    def _judge(self, failure: DeliveryFailed) -> None:
        rests_on = self._limits.rests_on
        asked = timedelta(seconds=self._limits.rests_for) if rests_on and rests_on.search(failure.reply) else None
        now = self._clock.now()
        if self.breaker.failed(failure, now, asked=asked):
            _log().warning("lane_paused", lane=self.name, reason=failure.reply)
            self.drain(Waits(self.name, failure.reply, now + self.breaker.left(now)))
        if failure.reply.startswith(_LATER) and failure.cause in {Cause.REPUTATION, Cause.CONNECTION}:
            self._pace.complained(monotonic())

    def _left(self, errand: Errand) -> None:
        self.in_hand -= 1
        if self._others:
            self._others.pop(errand, None)

    def _end(self, errand: Errand, error: Exception) -> None:
        self._left(errand)
        errand.failed(error)


def _log() -> structlog.stdlib.BoundLogger:
    log: structlog.stdlib.BoundLogger = structlog.get_logger("forewarn.postman")
    return log
