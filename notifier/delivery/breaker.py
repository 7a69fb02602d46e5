"""A lane that is paused while the other side speaks ill of ourselves: each further mail would make it worse."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from notifier.channels.failures import Cause, DeliveryFailed

#: Refusals of ourselves, with no mail taken between them, that pause a lane.
STRIKES = 3
#: The first pause, which doubles with each try that is refused, and the longest.
FIRST_REST, LONGEST_REST = timedelta(minutes=5), timedelta(hours=2)

_FOR_GOOD = re.compile(r"5\d\d\b")
#: A block list is named, or the reply says in so many words that we are on one.
_LISTED = re.compile(
    r"spamhaus|spamcop|barracudacentral|sorbs|dnsbl|\brbl\b|block[\s-]*list|black[\s-]*list|client host .{0,60}blocked",
    re.IGNORECASE,
)
#: Deferrals that are about our address for an hour and more.
_DEFERRED = re.compile(
    r"messages from \S+ (temporarily deferred|weren.t sent|will be permanently deferred)"
    r"|temporarily rate limited due to ip reputation|server busy\. please try again later from",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Rest:
    """Why a lane is paused, and until when it is not tried."""

    #: What the other side said.
    reason: str
    since: datetime
    until: datetime
    #: Of the pause, which doubles.
    length: timedelta


class Breaker:
    """Counts what one lane's other side says of ourselves."""

    def __init__(self, rest: Rest | None = None) -> None:
        #: None: the lane is open.
        self.rest = rest
        self._strikes = 0
        self._trying = False

    def admits(self, now: datetime) -> bool:
        """Return whether a mail may go now; in a paused lane, one at a time once its rest is over."""
        if self.rest is None:
            return True
        if self._trying or self.left(now):
            return False
        self._trying = True
        return True

    def left(self, now: datetime) -> timedelta:
        """Return for how long nothing is tried; a clock that was set back does not make it longer than it was."""
        if self.rest is None:
            return timedelta(0)
        return min(max(timedelta(0), self.rest.until - now), self.rest.length)

    def untried(self) -> None:
        """Take note that the mail which was to be the try has not gone out."""
        self._trying = False

    def taken(self) -> bool:
        """Take note that a mail was accepted; return whether that opens the lane again."""
        was_paused, self.rest = self.rest is not None, None
        self._strikes, self._trying = 0, False
        return was_paused

    def failed(self, failure: DeliveryFailed, now: datetime, *, asked: timedelta | None = None) -> bool:
        """Take note of a failure; return whether the lane is paused by it, anew or for longer.

        `asked` is for how long this reply is known to mean that we stay away.
        """
        was_trying, self._trying = self._trying, False
        is_ours = failure.cause is Cause.REPUTATION
        said = failure.reply
        self._strikes += is_ours and bool(_FOR_GOOD.match(said) or _LISTED.search(said))
        is_over = asked is not None or (is_ours and _DEFERRED.search(said) is not None)
        if not is_over and self._strikes < STRIKES and not (was_trying and is_ours):
            return False
        if self.rest is not None and not was_trying:
            # It was under way when the lane was paused.
            return False
        length = asked or (min(LONGEST_REST, self.rest.length * 2) if self.rest else FIRST_REST)
        since = self.rest.since if self.rest else now
        self.rest = Rest(said, since, now + length, length)
        return True
