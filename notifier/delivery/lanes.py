"""Lanes: one for each provider, so that what one of them thinks of us slows down its own mail only."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from notifier.channels.errands import Awaited, Errand
from notifier.channels.failures import Cause, DeliveryFailed
from notifier.channels.smtp import MailServer
from notifier.channels.terms import TERMS, Terms
from notifier.delivery.breaker import Rest
from notifier.delivery.exchanges import Exchanges, Resolver
from notifier.delivery.lane import COME_BACK, Lane, Standing, Waits
from notifier.delivery.providers import Limits, Providers
from notifier.mails.build import Mail
from storage import Clock

#: The one lane of those who hand all mail to a server of theirs.
RELAY = "relay"
#: Mails in hand of one lane, for each of its connections, where there are several lanes.
IN_HAND = 8


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
        #: What asks the DNS for the way of mails.
        self._finding: set[asyncio.Task[None]] = set()
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

    def put(self, errands: Sequence[Errand]) -> None:
        """Send mails, each on its lane; each is told what became of it."""
        if self._relay is not None and self._exchanges is None:
            self._lane(RELAY, self._limits_of(RELAY)).put(errands, (self._relay,))
            return
        by_domain: defaultdict[str, list[Errand]] = defaultdict(list)
        for errand in errands:
            by_domain[errand.mail.recipient.rpartition("@")[2].lower()].append(errand)
        for domain, of_domain in by_domain.items():
            finding = asyncio.get_running_loop().create_task(self._find_way(domain, of_domain))
            self._finding.add(finding)
            finding.add_done_callback(self._finding.discard)

    async def send(self, mail: Mail) -> str:
        """Send one mail that depends on nobody's exposure, and return the reply; raises Waits and DeliveryFailed."""
        awaited = Awaited(mail)
        self.put([awaited])
        return await awaited.sent(_go)

    def drain(self, error: Exception) -> None:
        """Let nothing go that waits for a connection."""
        for lane in self._lanes.values():
            lane.drain(error)

    async def close(self) -> None:
        """Close the connections; call it when nothing is under way."""
        for finding in self._finding:
            finding.cancel()
        await asyncio.gather(*(lane.close() for lane in self._lanes.values()))

    async def _find_way(self, domain: str, errands: Sequence[Errand]) -> None:
        """Put mails into the lane of their domain."""
        try:
            lane, servers = await self._way(domain)
        except DeliveryFailed as failure:
            for errand in errands:
                errand.failed(failure)
            return
        room = max(0, IN_HAND * self._limits_of(lane.name).connections - lane.in_hand)
        for errand in errands[room:]:
            errand.failed(Waits(lane.name, "it is full", self._clock.now() + COME_BACK))
        lane.put(errands[:room], servers)

    async def _way(self, domain: str) -> tuple[Lane, Sequence[MailServer]]:
        if self._relay is None or self._exchanges is None:
            raise DeliveryFailed(Cause.CONNECTION, "no mail server is set")
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


async def _go() -> None:
    """Hold nothing back."""
