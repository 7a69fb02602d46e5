"""How fast a lane may go: slower at once when it is asked to, faster again little by little."""

from __future__ import annotations

from collections import deque
from math import inf

#: What a rate is multiplied with when the other side has had too much.
DECREASE = 0.5
#: Seconds in which complaints are counted together, and after a cut none counts: they are about what was under way.
TOGETHER = 5.0
#: So many complaints, and this part of all answers, mean the lane; fewer are about single mailboxes (greylisting).
COMPLAINTS, PART = 5, 0.1
#: Mails per second that an unlimited lane is taken to have reached at least.
_LEAST_MEASURED = 10.0
#: Mails per second below which no rate falls.
LEAST_RATE = 1 / 60
#: By this part of where it was, and by a tenth of a mail at least, a rate grows in each second of success.
INCREASE, LEAST_INCREASE = 0.05, 0.1
#: Seconds over which is measured how fast an unlimited lane is.
_MEASURED = 5.0


class Pace:
    """The rate of one lane. Times are seconds on a clock that never goes back.

    Additive increase and multiplicative decrease: many senders that do so share what there is (Chiu and Jain, 1989).
    """

    def __init__(self, most: float = inf) -> None:
        self._most = most
        #: Mails per second.
        self.rate = most
        #: Where the rate was when it was cut, at which an unlimited lane is unlimited again.
        self._goal = most
        self._next_at = 0.0
        self._cut_at = -inf
        self._recent: deque[float] = deque(maxlen=512)
        self._complaints: deque[float] = deque(maxlen=512)

    @property
    def is_cut(self) -> bool:
        """Whether the lane goes slower than it might."""
        return self.rate < self._most

    def turn(self, now: float) -> float:
        """Take the next turn; return for how many seconds to wait for it."""
        if self.rate == inf:
            return 0.0
        at = max(now, self._next_at)
        self._next_at = at + 1 / self.rate
        return at - now

    def wait(self, now: float) -> float:
        """Return for how many seconds the next turn would have to wait."""
        return max(0.0, self._next_at - now)

    def taken(self, now: float) -> None:
        """Take note that a mail was accepted: a little faster from now on."""
        self._recent.append(now)
        if not self.is_cut:
            return
        # A second at this rate has as many successes, which together add the whole step.
        self.rate += max(LEAST_INCREASE, INCREASE * self._goal) / max(1.0, self.rate)
        if self.rate >= self._goal:
            self.rate = self._goal = self._most

    def complained(self, now: float) -> None:
        """Take note that the other side asked us to come later; where many do, go at half the rate from now on."""
        if now - self._cut_at < TOGETHER:
            return
        self._complaints.append(now)
        lately = _since(self._complaints, now - TOGETHER)
        if lately < COMPLAINTS or lately < PART * (lately + _since(self._recent, now - TOGETHER)):
            return
        self._complaints.clear()
        self._cut_at = now
        if self.rate == inf:
            self.rate = self._goal = self._measured(now)
        self.rate = max(LEAST_RATE, self.rate * DECREASE)
        self._next_at = now + 1 / self.rate

    def _measured(self, now: float) -> float:
        return max(_LEAST_MEASURED, _since(self._recent, now - _MEASURED) / _MEASURED)


def _since(times: deque[float], start: float) -> int:
    return sum(1 for each in times if each > start)
