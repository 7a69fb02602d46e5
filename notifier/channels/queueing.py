"""The mails that wait for a connection to one server."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from notifier.channels.errands import Errand, Report
from notifier.channels.failures import HeldBack

#: Mails whose turn is taken to be near are those that leave in so many seconds, and no more than so many.
AHEAD, MOST_AHEAD = 0.1, 128
#: Mails for each connection whose turn is near, as long as it is not known how fast they leave.
NEAR = 4


class Queue:
    """First in, first out; those whose turn is near are told so, many at a time."""

    def __init__(self, connections: int, report: Report, seconds: Callable[[], float]) -> None:
        self._connections = connections
        self._report = report
        #: A clock that never goes back.
        self._seconds = seconds
        #: Those that have been told.
        self._near: deque[Errand] = deque()
        self._far: deque[Errand] = deque()
        self._ahead = min(NEAR * connections, MOST_AHEAD)
        #: How many have left since it was last looked ahead, and when that was; None: never.
        self._left = 0
        self._looked_at: float | None = None

    def __len__(self) -> int:
        return len(self._near) + len(self._far)

    def put(self, errands: Sequence[Errand]) -> None:
        """Let these wait behind the others; `look_ahead` is to follow."""
        self._far += errands

    def pop(self) -> Errand | None:
        """Return the next mail, None where none waits; what must not leave is passed by, and reported."""
        while self._near or self._far:
            errand = (self._near or self._far).popleft()
            self._left += 1
            if not errand.is_over:
                return errand
            self._report.failed(errand, HeldBack())
        return None

    def take(self) -> Errand | None:
        """Do as `pop`, and then look ahead."""
        errand = self.pop()
        self.look_ahead()
        return errand

    def look_ahead(self) -> None:
        """Tell as many as will leave soon, where half of those who were told have gone."""
        if not self._far or len(self._near) * 2 > self._ahead:
            return
        self._measure()
        for _ in range(min(self._ahead - len(self._near), len(self._far))):
            errand = self._far.popleft()
            self._near.append(errand)
            errand.near()

    def drain(self) -> list[Errand]:
        """Return all that wait, which then do so no more."""
        drained = [*self._near, *self._far]
        self._near.clear()
        self._far.clear()
        return drained

    def _measure(self) -> None:
        """Find out how many leave soon from how many have left since the last time."""
        now = self._seconds()
        if self._looked_at is not None and now > self._looked_at:
            soon = int(self._left * AHEAD / (now - self._looked_at))
            self._ahead = max(self._connections, min(soon, MOST_AHEAD))
        self._left, self._looked_at = 0, now
