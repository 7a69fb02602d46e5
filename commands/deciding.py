"""`forewarn defect revise|discard|reopen|object|pause|resume`: the acts on a filed defect beside publishing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from cyclopts import Parameter

from commands.acts import by, print_acted, print_defect
from commands.filing.texts import read_report
from commands.options import ANYWHERE, ONESELF, Acting, DefectId, FileOrInput, Json, Where, checked
from commands.printing import print_prose
from commands.showing import effect_lines, tell_warnings
from feeds.types import Hold, Reason
from notifier import publishing
from storage import SystemClock
from storage.outcomes import Invalid

Why = Annotated[str, Parameter(help="Why.")]
Until = Annotated[str, Parameter(help="When it runs out: 2026-11-21T18:00Z, or from now on: 90m, 4h, 2d.")]

_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
#: Digits of a length of time; more are beyond the calendar.
_LONGEST = 5


def revise(
    defect: DefectId,
    report: Annotated[FileOrInput, Parameter(help="The whole report in JSON or YAML, or - for standard input.")],
    /,
    *,
    json: Json = False,
    acting: Acting = ONESELF,
    where: Where = ANYWHERE,
) -> None:
    """Change a draft, or propose a revision beside the live one; shows what publishing it would do."""
    view = where.call(publishing.revise, defect, read_report(report), by(acting))
    tell_warnings(view.warnings)
    print_defect(view, json=json)
    if json:
        return
    for line in effect_lines(where.read(publishing.view, defect, SystemClock().now())):
        print_prose(line)


def discard(defect: DefectId, /, *, json: Json = False, acting: Acting = ONESELF, where: Where = ANYWHERE) -> None:
    """Drop a draft, or the revision that is proposed."""
    print_acted(defect, where.call(publishing.discard, defect, by(acting)), json=json)


def reopen(
    defect: DefectId,
    /,
    *,
    reason: Annotated[str, Parameter(help="Why; customers read it.")],
    json: Json = False,
    acting: Acting = ONESELF,
    where: Where = ANYWHERE,
) -> None:
    """Say that a resolved defect is not resolved: who is at risk is warned again."""
    body = checked({"reason": reason}, Reason)
    print_acted(defect, where.call(publishing.reopen, defect, body, by(acting)), json=json)


def object_(
    defect: DefectId,
    /,
    *,
    reason: Why,
    until: Until,
    json: Json = False,
    acting: Acting = ONESELF,
    where: Where = ANYWHERE,
) -> None:
    """Put your name and a reason against a defect; it stops nothing."""
    print_acted(defect, where.call(publishing.object_to, defect, _hold(reason, until), by(acting)), json=json)


def pause(
    defect: DefectId,
    /,
    *,
    reason: Why,
    until: Until,
    json: Json = False,
    acting: Acting = ONESELF,
    where: Where = ANYWHERE,
) -> None:
    """Hold back what is unsent, at once and alone; it runs out by itself."""
    print_acted(defect, where.call(publishing.pause, defect, _hold(reason, until), by(acting)), json=json)


def resume(defect: DefectId, /, *, json: Json = False, acting: Acting = ONESELF, where: Where = ANYWHERE) -> None:
    """Go on before a pause runs out. Takes two people."""
    print_acted(defect, where.call(publishing.resume, defect, by(acting)), json=json, stays="as it is")


def _hold(reason: str, until: str) -> Hold:
    return checked({"reason": reason, "until": _moment(until, SystemClock().now()).isoformat()}, Hold)


def _moment(text: str, now: datetime) -> datetime:
    """Return the moment that is named, or the one so long from now; raises Invalid."""
    number, unit = text[:-1], _UNITS.get(text[-1:])
    if unit is not None and number.isascii() and number.isdecimal() and len(number) <= _LONGEST:
        return now + int(number) * unit
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid.at("/until", "Say when it runs out: 2026-11-21T18:00Z, 90m, 4h or 2d.") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
