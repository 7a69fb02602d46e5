"""A clock that is set by hand, and ticks on at the pace of the machine's own from there."""

from __future__ import annotations

import time
from datetime import datetime, timedelta


class VirtualClock:
    """The time of the story; it never goes back."""

    def __init__(self, moment: datetime) -> None:
        self._set_to = moment
        self._set_at = time.monotonic()

    def now(self) -> datetime:
        """Return the present moment of the story."""
        return self._set_to + timedelta(seconds=time.monotonic() - self._set_at)

    def move_to(self, moment: datetime) -> None:
        """Let it be `moment` now; where that has passed already, nothing changes."""
        if moment > self.now():
            self._set_to, self._set_at = moment, time.monotonic()
