"""`forewarn defect`: what is known to be faulty, from filing to the all-clear."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
from cyclopts import App, Parameter

from api.json_text import decode
from commands.options import ANYWHERE, ONESELF, Acting, DefectId, FileOrInput, Json, Where, read_input
from commands.printing import print_json, print_line, print_table, tell
from feeds.life import State
from feeds.types import DefectReport, DefectView, Reason, Resolution
from notifier import audience, publishing
from notifier.publishing import By
from notifier.types import Acted, AudienceView, PendingView
from storage import SystemClock, Tx
from storage.outcomes import Invalid

T = TypeVar("T")

#: How many defects are read at once.
_PAGE = 500


def group() -> App:
    """Return the commands of this group."""
    app = App(name="defect", help="File, preview, publish, resolve, withdraw and list defects.")
    app.command(file_, name="file")
    app.command(preview)
    app.command(publish)
    app.command(resolve)
    app.command(withdraw)
    app.command(list_, name="list")
    return app


def file_(
    report: Annotated[FileOrInput, Parameter(help="A report in JSON, or - for standard input.")],
    /,
    *,
    json: Json = False,
    acting: Acting = ONESELF,
    where: Where = ANYWHERE,
) -> None:
    """File a defect as a draft. Nobody is warned before it is published."""
    view = where.call(publishing.file_defect, read_report(report), _by(acting, where))
    _tell_warnings(view.warnings)
    _print_defect(view, json=json)


def preview(
    report: Annotated[FileOrInput, Parameter(help="A filed defect's id, a report in JSON, or - for input.")],
    /,
    *,
    json: Json = False,
    where: Where = ANYWHERE,
) -> None:
    """Count whom a defect would concern; nothing is changed."""
    if report == "-" or Path(report).exists():
        view = where.read(audience.audience, read_report(report))
    else:
        view = where.read(audience.audience_of, report)
    if json:
        print_json(view)
    else:
        _print_audience(view)


def publish(defect: DefectId, /, *, json: Json = False, acting: Acting = ONESELF, where: Where = ANYWHERE) -> None:
    """Publish a draft, or the revision that is proposed: who is at risk is warned."""
    _print_acted(defect, where.call(publishing.publish, defect, _by(acting, where)), json=json)


def resolve(
    defect: DefectId,
    /,
    *,
    fixed_in: Annotated[str, Parameter(help="The first release that no longer has the defect.")],
    json: Json = False,
    acting: Acting = ONESELF,
    where: Where = ANYWHERE,
) -> None:
    """Name the release without the defect: who was warned hears that it is safe. Takes two people."""
    body = _checked(Resolution, {"fixed_in": fixed_in})
    _print_acted(defect, where.call(publishing.resolve, defect, body, _by(acting, where)), json=json)


def withdraw(
    defect: DefectId,
    /,
    *,
    reason: Annotated[str, Parameter(help="Why; customers read it.")],
    json: Json = False,
    acting: Acting = ONESELF,
    where: Where = ANYWHERE,
) -> None:
    """Take a defect back: nothing unsent leaves, and who was warned hears why. Takes two people."""
    body = _checked(Reason, {"reason": reason})
    _print_acted(defect, where.call(publishing.withdraw, defect, body, _by(acting, where)), json=json)


def list_(
    *,
    product: Annotated[str | None, Parameter(help="Only those of this product.")] = None,
    state: Annotated[State | None, Parameter(help="Only those in this state.")] = None,
    json: Json = False,
    where: Where = ANYWHERE,
) -> None:
    """List the defects, oldest first."""
    found = where.read(_all, product, state, SystemClock().now())
    if json:
        print_json(found)
    else:
        print_table(("defect", "product", "state", "severity", "title"), map(_row, found))


def read_report(name: str) -> DefectReport:
    """Return the report in a file, or from standard input for `-`.

    Raises OSError where the file cannot be read, a Problem or Invalid where it holds no report.
    """
    return decode(read_input(name), DefectReport)


def _all(tx: Tx, product: str | None, state: State | None, now: datetime) -> list[DefectView]:
    found: list[DefectView] = []
    after = 0
    while page := publishing.listing(tx, product=product, state=state, after=after, limit=_PAGE, now=now):
        found += [view for _, view in page]
        after = page[-1][0]
    return found


def _by(acting: Acting, where: Where) -> By:
    return By(acting.person, SystemClock().now(), where.settings().signatures_needed)


def _checked(wanted: type[T], value: dict[str, str]) -> T:
    try:
        return msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        raise Invalid.at("", f"{error}.") from None


def _print_acted(defect: str, acted: Acted, *, json: bool) -> None:
    if isinstance(acted.view, DefectView):
        _print_defect(acted.view, json=json)
    elif json:
        print_json(acted.view)
    else:
        print_line(_waits(defect, acted.view))


def _print_defect(view: DefectView, *, json: bool) -> None:
    if json:
        print_json(view)
        return
    proposed = f"; revision {view.proposed.revision} is proposed" if view.proposed else ""
    print_line(f"{view.id} is {view.state}, revision {view.revision}{proposed}")


def _waits(defect: str, view: PendingView) -> str:
    signed = ", ".join(view.pending.signed_by)
    return f"{defect} stays {view.state} until another person signs the same; signed so far by {signed}"


def _print_audience(view: AudienceView) -> None:
    counts = {
        "at risk": view.at_risk,
        "cannot tell": view.cannot_tell,
        "already upgraded": view.already_upgraded,
        "repair owed": view.repair_owed,
    }
    rows: list[tuple[object, ...]] = [(name, count.installs, count.customers) for name, count in counts.items()]
    because = view.not_at_risk.because
    rows.append(("not at risk", view.not_at_risk.installs, None))
    rows.append(("  because of the version", because.version, None))
    rows.append(("  because of the condition", because.condition, None))
    print_table(("", "installs", "customers"), rows)
    _tell_warnings(view.warnings)


def _tell_warnings(warnings: Iterable[object]) -> None:
    for warning in warnings:
        tell(f"look at {getattr(warning, 'at', '') or 'the report'}: {getattr(warning, 'detail', '')}")


def _row(view: DefectView) -> tuple[str, ...]:
    return (view.id, view.product, view.state, view.severity, view.title)
