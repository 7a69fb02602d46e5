"""Time as a parameter: a clock object, and instants as text that sorts by time on both databases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol

#: Characters of an instant: 2026-11-21T23:59:59.123456Z
INSTANT_LENGTH = 27


class Clock(Protocol):
    """Tells the time; the application has one, tests set theirs."""

    def now(self) -> datetime:
        """Return the present moment in UTC, with its time zone."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        return datetime.now(UTC)


def instant(moment: datetime) -> str:
    """Return `moment` as fixed-width UTC text with microseconds.

    Raises ValueError for a moment without a time zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone")
    # Nearly all are of our own clock, whose zone this is already.
    there = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return there.isoformat(timespec="microseconds")[: INSTANT_LENGTH - 1] + "Z"


def parse_instant(text: str) -> datetime:
    """Return the moment that `instant` wrote, in UTC.

    Raises ValueError for any other text, so that what is stored has one form and sorts.
    """
    if len(text) != INSTANT_LENGTH or not text.endswith("Z") or not text.isascii():
        raise ValueError(f"{text!r} is no instant of the form 2026-11-21T23:59:59.123456Z")
    moment = datetime.fromisoformat(text)
    if instant(moment) != text:
        raise ValueError(f"{text!r} is no instant of the form 2026-11-21T23:59:59.123456Z")
    return moment
