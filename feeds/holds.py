"""Objections and pauses: put by name and with a reason, running out by themselves.

An objection stops nothing. A pause holds back what is unsent until it runs out, or until people resume.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from storage import Statements, Tx, instant
from storage.outcomes import Conflict, Invalid

from . import audit
from .defects import Defect
from .life import Act, step
from .signatures import Signed, require
from .texts import refuse_reason
from .types import Hold

sql = Statements(__package__)

Kind = Literal["objection", "pause"]


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
    """Hold back what is unsent; return what stands. Raises Invalid for a time that is past."""
    return _put(tx, defect, Act.PAUSE, "pause", hold, person, now)


def resume(tx: Tx, defect: Defect, signed: Signed, now: datetime) -> Holds:
    """End every pause before its time; return what still stands. Raises Conflict where there is none."""
    require(signed, defect, Act.RESUME)
    if tx.run(sql.end_pauses, defect_no=defect.no, at=instant(now)) == 0:
        raise Conflict(f"Nothing pauses {defect.id}.")
    audit.record(tx, signed.person, Act.RESUME.value, defect.id, {"signed_by": list(signed.signed_by)}, now)
    return active(tx, defect.no, now)


def active(tx: Tx, defect_no: int, now: datetime) -> Holds:
    """Return the objections and pauses that stand at this moment."""
    rows = tx.all(sql.list_active_holds, defect_no=defect_no, at=instant(now))
    standing = tuple(StandingHold(**row) for row in rows)
    return Holds(
        objections=tuple(hold for hold in standing if hold.kind == "objection"),
        pauses=tuple(hold for hold in standing if hold.kind == "pause"),
    )


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
