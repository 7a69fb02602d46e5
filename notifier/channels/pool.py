"""The connections of one lane, to however many servers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from notifier.channels.carrying import Carrier, Way
from notifier.channels.errands import Errand, Report
from notifier.channels.failures import DeliveryFailed
from notifier.channels.smtp import MailServer
from notifier.channels.terms import Terms, require_sendable

#: Seconds for which connections are awaited that are still busy when the pool is closed: to say goodbye takes one.
FAREWELL = 2.0


class Pool:
    """Hands mails over, on at most `connections` connections at a time, which are kept: opening costs three mails."""

    def __init__(self, connections: int, terms: Terms, report: Report) -> None:
        self._most = connections
        self._terms = terms
        self._report = report
        #: Those that were taken from last are behind.
        self._ways: dict[MailServer, Way] = {}
        self._idle: list[Carrier] = []
        self._busy: dict[Carrier, asyncio.Task[None]] = {}

    def put(self, server: MailServer, errands: Sequence[Errand]) -> None:
        """Hand these over to a server, in this order, as there are connections; each is told what became of it."""
        way = self._ways.get(server)
        if way is None:
            way = self._ways[server] = Way(server, self._most, self._terms, self._report)
        way.queue.put([each for each in errands if self._is_sendable(each)])
        self._idle = [each for each in self._idle if each.usable]
        while (self._idle or len(self._busy) < self._most) and (errand := way.queue.pop()):
            self._start(self._free(way), way, errand)
        way.queue.look_ahead()

    def drain(self) -> list[Errand]:
        """Return all that wait, which then do so no more."""
        return [errand for way in self._ways.values() for errand in way.queue.drain()]

    async def close(self, patience: float = FAREWELL) -> None:
        """Close the connections; call it when nothing is under way, as what still is then, is cut off."""
        if self._busy:
            _, late = await asyncio.wait(self._busy.values(), timeout=patience)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        idle, self._idle = self._idle, []
        await asyncio.gather(*(carrier.part() for carrier in idle))

    def _is_sendable(self, errand: Errand) -> bool:
        try:
            require_sendable(errand.mail)
        except DeliveryFailed as failure:
            self._report.failed(errand, failure)
            return False
        return True

    def _free(self, way: Way) -> Carrier:
        """Return one that has a connection to this server, or else a new one, or else any."""
        carrier = next((each for each in self._idle if each.goes(way)), None)
        if carrier is None:
            if len(self._idle) + len(self._busy) < self._most:
                return Carrier(way, self._report, self._other)
            carrier = self._idle[0]
        self._idle.remove(carrier)
        return carrier

    def _start(self, carrier: Carrier, way: Way, errand: Errand) -> None:
        self._busy[carrier] = asyncio.get_running_loop().create_task(self._run(carrier, way, errand))

    async def _run(self, carrier: Carrier, way: Way, errand: Errand) -> None:
        try:
            await carrier.run(way, errand)
        finally:
            del self._busy[carrier]
            self._idle.append(carrier)

    def _other(self, way: Way) -> Way | None:
        """Return a way on which mails wait, another than this where there is one; it is the last then."""
        waiting = [each for each in self._ways.values() if each.queue]
        chosen = next((each for each in waiting if each is not way), waiting[0] if waiting else None)
        if chosen is not None:
            self._ways[chosen.server] = self._ways.pop(chosen.server)
        return chosen
