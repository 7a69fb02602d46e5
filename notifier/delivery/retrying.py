"""When to try again, how often, and what comes first."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from feeds.life import State
from notifier.channels.failures import DeliveryFailed
from notifier.delivery.claims import Claimed, Outcome
from notifier.states import NoticeKind, NoticeState
from risk import Severity

#: The longest pause before the second attempt, and before any.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=4)
#: The longest pause that the other side may ask for (Retry-After).
LONGEST_ASKED = timedelta(hours=24)
#: Over so long those that waited for a lane come back, so that not all come at once.
SPREAD = timedelta(seconds=1)

#: Attempts before a delivery is given up: with the pauses above, the last is tried after about a day and a half.
ATTEMPTS = {
    Severity.DATA_LOSS: 24,
    Severity.DATA_CORRUPTION: 24,
    Severity.OUTAGE: 16,
    Severity.DEGRADED: 12,
    Severity.COSMETIC: 8,
}

#: Those whose recipient may better hear twice than never, unless the vendor has set it otherwise.
REPEATED_IN_DOUBT = frozenset({Severity.DATA_LOSS, Severity.DATA_CORRUPTION})


def priority(kind: NoticeKind, severity: Severity, state: State) -> int:
    """Return a delivery's rank, the smaller first: what takes back a wrong warning, then by severity."""
    if kind is NoticeKind.ALL_CLEAR and state is State.WITHDRAWN:
        return 0
    return 1 + tuple(Severity).index(severity)


@dataclass(frozen=True, slots=True)
class Patience:
    """Decides what follows an attempt; the chance in its pauses is a parameter."""

    chance: random.Random
    #: What is sent again, under the same Message-ID, where nobody knows whether it arrived.
    repeated: Collection[Severity] = REPEATED_IN_DOUBT

    @classmethod
    def of_chance(cls, repeated: Collection[Severity] = REPEATED_IN_DOUBT) -> Patience:
        """Return one with the machine's own chance."""
        return cls(random.SystemRandom(), repeated)

    def sent(self, claimed: Claimed, reply: str, *, lane: str | None = None) -> Outcome:
        """Return that it arrived."""
        return Outcome(claimed, NoticeState.SENT, reply, handed_over=True, lane=lane)

    def failed(self, claimed: Claimed, failure: DeliveryFailed, now: datetime) -> Outcome:
        """Return what follows a failed attempt."""
        reply = f"{failure.cause}: {failure.reply}"
        if failure.in_doubt:
            # Only the first attempt is repeated at once: a server that loses each answer may have taken each copy.
            pause = self.pause(claimed.attempts) if claimed.attempts > 1 else timedelta(0)
            return self.doubtful(claimed, reply, now + pause)
        if failure.permanent or self._spent(claimed):
            return Outcome(claimed, NoticeState.FAILED, reply, due_at=now)
        asked = min(failure.retry_after or timedelta(0), LONGEST_ASKED)
        due_at = now + max(asked, self.pause(claimed.attempts))
        return Outcome(claimed, NoticeState.PENDING, reply, due_at=due_at)

    def waiting(self, claimed: Claimed, reason: str, until: datetime) -> Outcome:
        """Return that its lane did not take it until then, which costs no attempt."""
        due_at = until + SPREAD * self.chance.random()
        return Outcome(claimed, NoticeState.PENDING, reason, due_at=due_at, untried=True)

    def doubtful(self, claimed: Claimed, reply: str, due_at: datetime) -> Outcome:
        """Return what follows an attempt of which nobody knows how it ended."""
        # A repeated webhook call is dropped by its receiver, since its id stays the same.
        again = claimed.severity in self.repeated or claimed.channel == "webhook"
        after = NoticeState.PENDING if again and not self._spent(claimed) else NoticeState.IN_DOUBT
        return Outcome(claimed, after, reply, due_at=due_at, handed_over=True, doubtful=True)

    def abandoned(self, claimed: Claimed, now: datetime, *, handed_over: bool) -> Outcome:
        """Return what follows a lease that ran out: its worker has died, or does not answer."""
        reply = "the process that was sending it stopped"
        if handed_over:
            return self.doubtful(claimed, reply, now)
        after = NoticeState.FAILED if self._spent(claimed) else NoticeState.PENDING
        return Outcome(claimed, after, reply, due_at=now)

    def pause(self, attempts: int) -> timedelta:
        """Return how long to wait after so many attempts: doubling, with full jitter.

        Source: "Exponential Backoff And Jitter", Amazon Architecture Blog, 2015.
        """
        # None is known of a mail that left after the backup was made which was put back since.
        ceiling = min(LONGEST_PAUSE, FIRST_PAUSE * (1 << min(max(attempts, 1) - 1, 16)))
        return ceiling * self.chance.random()

    def _spent(self, claimed: Claimed) -> bool:
        return spent(claimed.attempts, claimed.severity)


def spent(attempts: int, severity: Severity) -> bool:
    """Return whether a delivery has been tried often enough."""
    return attempts >= ATTEMPTS[severity]
