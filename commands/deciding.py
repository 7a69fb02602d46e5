"""`forewarn defect revise|discard|reopen|object|pause|resume`: the acts on a filed defect beside publishing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar

import msgspec
from cyclopts import App, Parameter

from commands.filing.texts import read_report
from commands.options import ANYWHERE, ONESELF, Acting, DefectId, FileOrInput, Json, Where
from commands.printing import print_json, print_line
from commands.showing import tell_warnings
from feeds.types import DefectView, Effect, Hold, Reason
from notifier import publishing
from notifier.publishing import By
from notifier.types import Acted
from storage import SystemClock, parse_instant
from storage.outcomes import Invalid

T = TypeVar("T")

Why = Annotated[str, Parameter(help="Why.")]
Until = Annotated[str, Parameter(help="When it runs out: 2026-11-21T18:00Z, or from now on: 90m, 4h, 2d.")]

_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
#: Digits of a length of time; more are beyond the calendar.
_LONGEST = 5


def add_to(app: App) -> None:
    """Add the commands to those of `forewarn defect`."""
    for command in (revise, discard, reopen, pause, resume):
        app.command(command)
    app.command(object_, name="object")


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
    view = where.call(publishing.revise, defect, read_report(report), _by(acting))
    tell_warnings(view.warnings)
    if json:
        print_json(view)
        return
    _print_state(view)
    for line in effect_lines(where.read(publishing.view, defect, SystemClock().now())):
        print_line(line)


def discard(defect: DefectId, /, *, json: Json = False, acting: Acting = ONESELF, where: Where = ANYWHERE) -> None:
    """Drop a draft, or the revision that is proposed."""
    _print_acted(defect, where.call(publishing.discard, defect, _by(acting)), json=json)


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
    body = _checked(Reason, {"reason": reason})
    _print_acted(defect, where.call(publishing.reopen, defect, body, _by(acting)), json=json)


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
    _print_acted(defect, where.call(publishing.object_to, defect, _hold(reason, until), _by(acting)), json=json)


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
    _print_acted(defect, where.call(publishing.pause, defect, _hold(reason, until), _by(acting)), json=json)


def resume(defect: DefectId, /, *, json: Json = False, acting: Acting = ONESELF, where: Where = ANYWHERE) -> None:
    """Go on before a pause runs out. Takes two people."""
    _print_acted(defect, where.call(publishing.resume, defect, _by(acting)), json=json)


def effect_lines(view: DefectView) -> list[str]:
    """Return what publishing would change and whom it would tell, a line each; none where nothing waits."""
    lines = [f"  {change}" for change in view.changes]
    return lines if view.effect is None else [*lines, *_told_lines(view.effect)]


def _told_lines(effect: Effect) -> list[str]:
    groups = (
        (effect.newly_at_risk, "newly at risk: warned"),
        (effect.told_to_proceed, "of them, had asked and were told to proceed"),
        (effect.newly_upgraded, "have upgraded already: told how to recover"),
        (effect.told_otherwise, "told before, different now: told the correction"),
        (effect.no_longer, "told before, no longer concerned: told the all-clear"),
        (effect.unchanged, "concerned as before: told nothing"),
    )
    return [f"  {told.recipients:>7,} ({told.installs:,} installs) {words}" for told, words in groups]


def _by(acting: Acting) -> By:
    return By(acting.person, SystemClock().now())


def _hold(reason: str, until: str) -> Hold:
    return _checked(Hold, {"reason": reason, "until": _moment(until, SystemClock().now()).isoformat()})


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


def _checked(wanted: type[T], value: dict[str, str]) -> T:
    try:
        return msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        raise Invalid.at("", f"{error}.") from None


def _print_acted(defect: str, acted: Acted, *, json: bool) -> None:
    if json:
        print_json(acted.view)
    elif isinstance(acted.view, DefectView):
        _print_state(acted.view)
    else:
        signed = ", ".join(acted.view.pending.signed_by)
        print_line(f"{defect} stays as it is until another person signs the same; signed so far by {signed}")


def _print_state(view: DefectView) -> None:
    proposed = f"; revision {view.proposed.revision} is proposed" if view.proposed else ""
    print_line(f"{view.id} is {view.state}, revision {view.revision}{proposed}")
    if view.pause is not None:
        print_line(f"  paused until {_minute(view.pause.until)} by {view.pause.person}: {view.pause.reason}")
    for each in view.objections:
        upgraded = f"; {each.upgraded_meanwhile:,} installs have upgraded since" if each.upgraded_meanwhile else ""
        print_line(f"  {each.person} objects until {_minute(each.until)}: {each.reason}{upgraded}")


def _minute(at: str) -> str:
    return f"{parse_instant(at):%Y-%m-%d %H:%M} UTC"
