"""When a service is killed: at events outside it, so that a moment means the same on a slow machine."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.notifier.post_office import PostOffice


class Phase(IntEnum):
    """How far the story is."""

    FILING = 0
    PUBLISHING = 1
    SENDING = 2


class Event(StrEnum):
    """What happens outside the service, and may be the last thing that it lives to see."""

    CHECK_IN = "acknowledged check-in"
    MAIL = "MAIL command"
    RCPT = "RCPT command"
    #: The delivery is marked as handed over; the message has not left.
    DATA = "DATA command"
    #: The message has arrived; its answer has not left.
    MESSAGE = "whole message"


@dataclass(frozen=True, slots=True)
class Moment:
    """When the service is killed: at which event of a phase, counted from its start or from the last kill."""

    phase: Phase
    event: Event
    count: int

    def __str__(self) -> str:
        return f"{self.phase.name.lower()}, {self.event} {self.count}"


class Killer:
    """Kills the service at one moment after the other; a moment that its phase did not reach comes at its end."""

    def __init__(self, moments: Sequence[Moment]) -> None:
        self._moments = deque(moments)
        self._lock = threading.Lock()
        self._phase: Phase | None = None
        self._counts: Counter[Event] = Counter()
        self._kill: Callable[[], None] | None = None

    @property
    def moments_left(self) -> int:
        return len(self._moments)

    def arm(self, kill: Callable[[], None]) -> None:
        with self._lock:
            self._kill = kill
            self._counts.clear()

    def enter(self, phase: Phase) -> None:
        with self._lock:
            self._phase = phase
            self._counts.clear()
            self._strike_if_due()

    def happened(self, event: Event) -> None:
        with self._lock:
            self._counts[event] += 1
            self._strike_if_due()

    def _strike_if_due(self) -> None:
        if self._kill is None or self._phase is None or not self._moments:
            return
        moment = self._moments[0]
        reached = self._phase is moment.phase and self._counts[moment.event] >= moment.count
        if reached or self._phase > moment.phase:
            kill, self._kill = self._kill, None
            self._moments.popleft()
            kill()


class Observed(SMTP):
    """Tells its office of each command before it is answered."""

    event_handler: ObservedOffice

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802 - the server's name for it
        self.event_handler.killer.happened(Event.MAIL)
        await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd names it
        self.event_handler.killer.happened(Event.RCPT)
        await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd names it
        self.event_handler.killer.happened(Event.DATA)
        await super().smtp_DATA(arg)


@dataclass(kw_only=True)
class ObservedOffice(PostOffice):
    """A post office that outlives the service, and whose events may be its death."""

    killer: Killer
    protocol: type[SMTP] = Observed

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd names it
        # Taken before it is told, so that what arrived counts even if nobody lives to hear so.
        reply = await super().handle_DATA(server, session, envelope)
        self.killer.happened(Event.MESSAGE)
        return reply
