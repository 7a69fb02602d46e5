"""What is told of lanes: how they stand, for people and for the other processes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from notifier.delivery.breaker import Rest
from notifier.delivery.lane import Standing
from storage import Statements, Tx, instant, parse_instant

sql = Statements(__package__, "lanes.sql")


def standings(tx: Tx) -> list[Standing]:
    """Return the lanes that are paused or slower than they might be, by name."""
    return [
        Standing(row["name"], _rest(row["reason"], row["since"], row["until"], row["length_seconds"]), row["rate"])
        for row in tx.all(sql.told_lanes)
    ]


def rests(tx: Tx) -> Mapping[str, Rest]:
    """Return the lanes that are paused, by name."""
    return {each.lane: each.rest for each in standings(tx) if each.rest is not None}


@dataclass(frozen=True, slots=True)
class Held:
    """No mail leaves on any lane, and why."""

    reason: str
    #: A stored instant.
    since: str


def held(tx: Tx) -> Held | None:
    """Return why no mail leaves, None where it does."""
    row = tx.one(sql.mail_held)
    return None if row is None else Held(row["reason"], row["since"])


def tell(tx: Tx, changed: Iterable[Standing], now: datetime) -> None:
    """Write down how lanes stand; one that is open and as fast as it might be is forgotten."""
    for each in changed:
        if each.rest is None and each.rate is None:
            tx.run(sql.forget_lane, name=each.lane)
        else:
            tx.run(sql.tell_lane, name=each.lane, rate=each.rate, now=instant(now), **_columns(each.rest))


def _columns(rest: Rest | None) -> dict[str, object]:
    return {
        "reason": rest.reason if rest else None,
        "since": instant(rest.since) if rest else None,
        "until": instant(rest.until) if rest else None,
        "length_seconds": int(rest.length.total_seconds()) if rest else None,
    }


def _rest(reason: str | None, since: str | None, until: str | None, length: int | None) -> Rest | None:
    if reason is None or since is None or until is None or length is None:
        return None
    return Rest(reason, parse_instant(since), parse_instant(until), timedelta(seconds=length))
