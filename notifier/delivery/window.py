"""How many deliveries one process takes into its hands at a time."""

from __future__ import annotations

from math import inf

#: Deliveries in hand, for each connection to the mail server: half leave while the next are claimed and written.
USUAL, MOST = 16, 32
#: While mails leave quickly, there are in hand as many as leave in so many seconds.
ABREAST = 0.25


class Window:
    """Small as a rule, so that other processes have work too; larger while that costs nobody time, as less is spent."""

    def __init__(self, connections: int) -> None:
        self._usual, self._most = connections * USUAL, connections * MOST
        #: How many may be in hand.
        self.size = self._usual
        #: When it was filled the last time, by a clock that never goes back.
        self._filled_at = -inf

    def room(self, in_hand: int) -> int:
        """Return how many may be claimed beside those in hand; none until half of it has gone."""
        room = self.size - in_hand
        return room if room >= self.size // 2 else 0

    def filled(self, claimed: int, now: float) -> None:
        """Take note that so many were claimed now, in seconds; nearly as many have left since the last time."""
        if claimed:
            passed = now - self._filled_at
            leaving = int(claimed * ABREAST / passed) if passed > 0 else self._most
            self.size = max(self._usual, min(leaving, self._most))
            self._filled_at = now
