"""Lanes: one for each provider, so that what one of them thinks of us slows down its own mail only."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from notifier.channels.email import EmailChannel
from notifier.channels.failures import Ahead, Cause, DeliveryFailed, LastMoment
from notifier.channels.smtp import MailServer
from notifier.channels.terms import TERMS, Terms
from notifier.delivery.breaker import Breaker, Rest
from notifier.delivery.exchanges import Exchanges, Resolver
from notifier.delivery.pace import Pace
from notifier.delivery.providers import Limits, Providers
from notifier.mails.build import Mail
from storage import Clock

#: The one lane of those who hand all mail to a server of theirs.
RELAY = "relay"
#: Seconds that a mail in hand waits for its turn; one whose turn is later goes back.
LONGEST_TURN = 1.0
#: Mails in hand of one lane, for each of its connections, where there are several lanes.
IN_HAND = 8
#: A mail that found its lane full comes back after this and a bit.
_COME_BACK = timedelta(seconds=2)
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
    """One provider's mail: bounded, paced, and paused where it must be."""

    def __init__(self, name: str, limits: Limits, clock: Clock, terms: Terms = TERMS) -> None:
        self.name = name
        self._limits = limits
        self._clock = clock
        self._terms = replace(terms, mails=limits.mails_per_connection)
        self._pace = Pace(limits.mails_per_second)
        self.breaker = Breaker()
        self._room = asyncio.Semaphore(limits.connections)
        self._channels: dict[MailServer, EmailChannel] = {}
        self.in_hand = 0

    @property
    def standing(self) -> Standing:
        """How it stands now."""
        return Standing(self.name, self.breaker.rest, self._pace.rate if self._pace.is_cut else None)

    async def send(
        self, mail: Mail, servers: Sequence[MailServer], last_moment: LastMoment, ahead: Ahead | None = None
    ) -> str:
        """Return the server's reply once it has the mail.

        Raises Waits, DeliveryFailed, and what the last moment raises. The servers are tried in their order until one
        answers.
        """
        self._admit()
        try:
            await self._turn()
            reply = await self._sent(mail, servers, last_moment, ahead)
        except DeliveryFailed as failure:
            self._judge(failure)
            raise
        except BaseException:
            self.breaker.untried()
            raise
        self._pace.taken(_seconds())
        if self.breaker.taken():
            _log().info("lane_open", lane=self.name)
        return reply

    async def close(self) -> None:
        """Close the connections that nobody uses."""
        await asyncio.gather(*(channel.close() for channel in self._channels.values()))

    def _admit(self) -> None:
        now = self._clock.now()
        rest = self.breaker.rest
        if not self.breaker.admits(now):
            left = self.breaker.left(now) or _COME_BACK
            raise Waits(self.name, rest.reason if rest else "a try is under way", now + left)

    async def _turn(self) -> None:
        """Wait for our turn; raises Waits where that would be long."""
        wait = self._pace.wait(_seconds())
        if wait > LONGEST_TURN:
            raise Waits(self.name, "it was asked to go slower", self._clock.now() + timedelta(seconds=wait))
        wait = self._pace.turn(_seconds())
        if wait > 0:
            await asyncio.sleep(wait)

    async def _sent(
        self, mail: Mail, servers: Sequence[MailServer], last_moment: LastMoment, ahead: Ahead | None
    ) -> str:
        *others, last = servers
        for server in others:
            try:
                return await self._over(server, mail, last_moment, ahead)
            except DeliveryFailed as failure:
                if failure.cause is not Cause.CONNECTION or failure.in_doubt:
                    raise
        return await self._over(last, mail, last_moment, ahead)

    async def _over(self, server: MailServer, mail: Mail, last_moment: LastMoment, ahead: Ahead | None) -> str:
        channel = self._channels.get(server)
        if channel is None:
            channel = EmailChannel(server, connections=self._limits.connections, terms=self._terms)
            self._channels[server] = channel
        if len(self._channels) == 1:
            # The channel itself keeps to the number of connections, and fills them without waiting for replies.
            return await channel.send(mail, last_moment, ahead)
        async with self._room:
            for other in list(self._channels):
                if other != server:
                    await self._channels[other].close()
            return await channel.send(mail, last_moment, ahead)

    def _judge(self, failure: DeliveryFailed) -> None:
        rests_on = self._limits.rests_on
        asked = timedelta(seconds=self._limits.rests_for) if rests_on and rests_on.search(failure.reply) else None
        if self.breaker.failed(failure, self._clock.now(), asked=asked):
            _log().warning("lane_paused", lane=self.name, reason=failure.reply)
        if failure.reply.startswith(_LATER) and failure.cause in {Cause.REPUTATION, Cause.CONNECTION}:
            self._pace.complained(_seconds())


class Lanes:
    """All lanes of a process."""

    def __init__(
        self,
        relay: MailServer | None,
        clock: Clock,
        *,
        connections: int,
        resolver: Resolver | None = None,
        providers: Providers | None = None,
        terms: Terms = TERMS,
    ) -> None:
        self._relay = relay
        self._clock = clock
        self._connections = connections
        self._terms = terms
        self._exchanges = Exchanges(resolver) if resolver else None
        self._providers = providers or Providers.load()
        self._lanes: dict[str, Lane] = {}
        #: As `changed` last returned them.
        self._told: Mapping[str, Standing] = {}
        #: The paused lanes that were known to all processes the last time.
        self._shared: set[str] = set()

    def changed(self) -> list[Standing]:
        """Return how those lanes stand of which that has changed since the last time."""
        now = {name: lane.standing for name, lane in self._lanes.items()}
        changed = [each for name, each in now.items() if self._told.get(name, Standing(name, None, None)) != each]
        self._told = now
        return changed

    def take_over(self, rests: Mapping[str, Rest]) -> None:
        """Pause the lanes that other processes have paused, and open those that they have opened again."""
        for name, rest in rests.items():
            lane = self._lane(name, self._limits_of(name))
            if lane.breaker.rest is None or lane.breaker.rest.until < rest.until:
                lane.breaker.rest = rest
        for name in self._shared - rests.keys():
            self._lanes[name].breaker.rest = None
        self._shared = set(rests)
        self._told = {name: lane.standing for name, lane in self._lanes.items()}

    async def send(self, mail: Mail, last_moment: LastMoment, ahead: Ahead | None = None) -> tuple[str, str]:
        """Send a mail on its lane; return the lane's name and the reply. Raises as `Lane.send` does."""
        lane, servers = await self._way(mail.recipient.rpartition("@")[2].lower())
        if self._exchanges and lane.in_hand >= IN_HAND * self._limits_of(lane.name).connections:
            raise Waits(lane.name, "it is full", self._clock.now() + _COME_BACK)
        lane.in_hand += 1
        try:
            return lane.name, await lane.send(mail, servers, last_moment, ahead)
        finally:
            lane.in_hand -= 1

    async def close(self) -> None:
        """Close the connections that nobody uses; call it when nothing is under way."""
        await asyncio.gather(*(lane.close() for lane in self._lanes.values()))

    async def _way(self, domain: str) -> tuple[Lane, Sequence[MailServer]]:
        if self._relay is None:
            raise DeliveryFailed(Cause.CONNECTION, "no mail server is set")
        if self._exchanges is None:
            return self._lane(RELAY, self._limits_of(RELAY)), (self._relay,)
        hosts = await self._exchanges.of(domain)
        name, limits = self._providers.lane(domain, hosts[0])
        return self._lane(name, limits), [replace(self._relay, host=host) for host in hosts]

    def _lane(self, name: str, limits: Limits) -> Lane:
        if name not in self._lanes:
            self._lanes[name] = Lane(name, limits, self._clock, self._terms)
        return self._lanes[name]

    def _limits_of(self, name: str) -> Limits:
        if name == RELAY:
            return Limits(connections=self._connections)
        known = {provider.name: provider.limits for provider in self._providers.known}
        return known.get(name, self._providers.default)


def _seconds() -> float:
    return asyncio.get_running_loop().time()


def _log() -> structlog.stdlib.BoundLogger:
    log: structlog.stdlib.BoundLogger = structlog.get_logger("forewarn.postman")
    return log
