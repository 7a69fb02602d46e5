"""Objections and pauses: put by name and with a reason, running out by themselves.

An objection stops nothing. A pause holds back what is unsent until it runs out, or until people resume. No pause is
longer than the vendor's rules say, and a warning of lost or damaged data is paused for that long in its whole life,
however many pauses there are: whoever pauses it again and again stops it no longer than once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from risk import Severity
from storage import Statements, Tx, instant, parse_instant
from storage.outcomes import Conflict, Invalid

from . import audit, rules
from .checking import Declared
from .defects import Defect
from .life import Act, step
from .signatures import spend
from .texts import refuse_reason
from .types import Hold

sql = Statements(__package__)

Kind = Literal["objection", "pause"]

#: Their warnings are paused once, not again and again.
GRAVE = frozenset({Severity.DATA_LOSS, Severity.DATA_CORRUPTION})


@dataclass(frozen=True, slots=True)
class StandingHold:
    """An objection or a pause that has not run out; times are RFC 3339 in UTC."""

    no: int
    kind: Kind
    person: str
    reason: str
    made_at: str
    until: str


@dataclass(frozen=True, slots=True)
class Holds:
    """What stands against a defect at a moment; each ordered by when it runs out."""

    objections: tuple[StandingHold, ...]
    pauses: tuple[StandingHold, ...]

    @property
    def pause(self) -> StandingHold | None:
        """The pause that runs out last; None where nothing is held back."""
        return self.pauses[-1] if self.pauses else None


def object_to(tx: Tx, defect: Defect, hold: Hold, person: str, now: datetime) -> Holds:
    """Put an objection; return what stands. Raises Invalid for a time that is past."""
    return _put(tx, defect, Act.OBJECT, "objection", hold, person, now)


def pause(tx: Tx, defect: Defect, hold: Hold, person: str, now: datetime) -> Holds:
    """Hold back what is unsent; return what stands. Raises Invalid for a time that is past, or too far."""
    step(defect.state, Act.PAUSE)
    _refuse_too_long(tx, defect, _expiry(hold.until, now), now)
    return _put(tx, defect, Act.PAUSE, "pause", hold, person, now)


def pauses(tx: Tx, defect: Defect, now: datetime) -> dict[str, object]:
    """Return the terms of going on, which pauses it ends; raises Conflict where nothing pauses the defect."""
    return _ending(_standing_pauses(tx, defect, now))


def resume(tx: Tx, defect: Defect, product: Declared, now: datetime) -> Holds:
    """End the pauses that stand before their time; return what still stands.

    Raises Conflict where there is none, or unless enough people have signed for ending just these.
    """
    step(defect.state, Act.RESUME)
    standing = _standing_pauses(tx, defect, now)
    people = spend(tx, defect, Act.RESUME, _ending(standing), now, scheme=product.vocabulary.scheme)
    tx.many(sql.end_pause, [{"no": each.no, "at": instant(now)} for each in standing])
    audit.record(tx, people[-1], Act.RESUME.value, defect.id, {"signed_by": list(people)}, now)
    return active(tx, defect.no, now)


def latest_end(tx: Tx, defect: Defect, now: datetime) -> datetime:
    """Return until when the defect may be paused at most, as of now; what is past: not at all any more."""
    longest = timedelta(hours=rules.current(tx).longest_pause_hours)
    if defect.report.severity not in GRAVE:
        return now + longest
    stretches = _paused(tx, defect)
    left = longest - sum((stop - start for start, stop in stretches), timedelta())
    return max(now, *(stop for _, stop in stretches), now) + max(left, timedelta())


def active(tx: Tx, defect_no: int, now: datetime) -> Holds:
    """Return the objections and pauses that stand at this moment."""
    rows = tx.all(sql.list_active_holds, defect_no=defect_no, at=instant(now))
    standing = tuple(StandingHold(**row) for row in rows)
    return Holds(
        objections=tuple(hold for hold in standing if hold.kind == "objection"),
        pauses=tuple(hold for hold in standing if hold.kind == "pause"),
    )


def _standing_pauses(tx: Tx, defect: Defect, now: datetime) -> tuple[StandingHold, ...]:
    standing = active(tx, defect.no, now).pauses
    if not standing:
        raise Conflict(f"Nothing pauses {defect.id}.")
    return standing


def _ending(standing: tuple[StandingHold, ...]) -> dict[str, object]:
    return {"pauses": sorted(each.no for each in standing)}


def _put(tx: Tx, defect: Defect, act: Act, kind: Kind, hold: Hold, person: str, now: datetime) -> Holds:
    step(defect.state, act)
    refuse_reason(hold.reason)
    until = _expiry(hold.until, now)
    tx.run(
        sql.add_hold,
        defect_no=defect.no,
        kind=kind,
        person=person,
        reason=hold.reason,
        at=instant(now),
        until=until,
    )
    audit.record(tx, person, act.value, defect.id, {"reason": hold.reason, "until": until}, now)
    return active(tx, defect.no, now)


def _expiry(until: datetime, now: datetime) -> str:
    """Return the expiry as stored; the last and the first day of the calendar have no UTC in some zones."""
    try:
        text = instant(until)
    except OverflowError:
        raise Invalid.at("/until", "This moment is out of the calendar.") from None
    if text <= instant(now):
        raise Invalid.at("/until", "This moment is past; name one to come.")
    return text


def _refuse_too_long(tx: Tx, defect: Defect, until: str, now: datetime) -> None:
    latest = latest_end(tx, defect, now)
    if until <= instant(latest):
        return
    hours = rules.current(tx).longest_pause_hours
    if defect.report.severity not in GRAVE:
        raise Invalid.at("/until", f"A pause lasts {hours} hours at most: until {instant(latest)}.")
    end = f"until {instant(latest)} at most" if latest > now else "they are used up"
    raise Invalid.at("/until", f"A {defect.report.severity} warning is paused {hours} hours in all: {end}.")


def _paused(tx: Tx, defect: Defect) -> list[tuple[datetime, datetime]]:
    """Return the stretches of time for which the defect was, is or will be paused; none overlaps another."""
    merged: list[tuple[datetime, datetime]] = []
    for row in tx.all(sql.list_pauses, defect_no=defect.no):
        start, stop = parse_instant(row["made_at"]), parse_instant(row["ended_at"] or row["until"])
        if merged and start <= merged[-1][1]:
            start, stop = merged[-1][0], max(stop, merged.pop()[1])
        merged.append((start, stop))
    return merged
