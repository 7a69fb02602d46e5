"""How a lane stands, in the words of a terminal."""

from __future__ import annotations

from notifier.delivery.breaker import Rest
from notifier.delivery.lane import Standing


def how(standing: Standing) -> str:
    """Return why a lane rests and until when, and its pace where it was slowed down."""
    parts = [] if standing.rate is None else [f"slowed down to {standing.rate:.2g} mails a second"]
    return "; ".join([*parts, *([] if standing.rest is None else [_resting(standing.rest)])])


def _resting(rest: Rest) -> str:
    minutes = rest.length.total_seconds() / 60
    return (
        f"paused since {rest.since:%Y-%m-%d %H:%M}, next try {rest.until:%Y-%m-%d %H:%M} UTC"
        f" after {minutes:.0f} minutes: {rest.reason}"
    )
