"""`forewarn defect file|preview|publish|resolve|withdraw`: from filing to the all-clear."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from commands import watching
from commands.acts import by, print_acted, print_defect
from commands.filing.asking import terminal
from commands.filing.filing import File, Filing
from commands.filing.texts import read_report
from commands.options import ANYWHERE, ONESELF, Acting, DefectId, FileOrInput, Json, Where, checked, read_input
from commands.printing import print_json, print_prose
from commands.showing import effect_lines, show_audience, show_drift, taken_back_lines, tell_warnings
from feeds.types import DefectReport, DefectView, Reason, Resolution
from notifier import drift, previews, publishing
from notifier.progress import progress
from notifier.types import PublishedView, PublishPendingView
from storage import SystemClock


def file_(
    report: Annotated[
        FileOrInput | None,
        Parameter(help="A report in JSON or YAML, or - for standard input. Left out, you are asked at a terminal."),
    ] = None,
    /,
    *,
    edit: Annotated[bool, Parameter(negative="", help="Write the report in $EDITOR.")] = False,
    product: Annotated[str | None, Parameter(help="The product that you will be asked about.")] = None,
    json: Json = False,
    acting: Acting = ONESELF,
    where: Where = ANYWHERE,
) -> None:
    """File a defect as a draft. Nobody is warned before it is published."""
    filing = Filing(where, SystemClock(), _filer(acting, where), product)
    if report is None and not edit and sys.stdin.isatty() and sys.stdout.isatty():
        # What looks odd was shown before the last question.
        view = filing.asking(terminal())
    else:
        view = _written(report, filing, edit=edit)
        tell_warnings(view.warnings)
    print_defect(view, json=json)


def _written(report: str | None, filing: Filing, *, edit: bool) -> DefectView:
    if not edit:
        return filing.file(read_report("-" if report is None else report))
    text = None if report is None else read_input(report).decode(errors="replace")
    return filing.editing(terminal(), text)


def _filer(acting: Acting, where: Where) -> File:
    def file(report: DefectReport) -> DefectView:
        return where.call(publishing.file_defect, report, by(acting))

    return file


def preview(
    report: Annotated[FileOrInput, Parameter(help="A filed defect's id, a report in JSON or YAML, or - for input.")],
    /,
    *,
    backtest: Annotated[
        int | None,
        Parameter(validator=Number(gte=1, lte=3650), help="Test it against the upgrades of so many days too."),
    ] = None,
    json: Json = False,
    acting: Acting = ONESELF,
    where: Where = ANYWHERE,
) -> None:
    """Count whom a defect would concern; of a filed one it is remembered that you looked."""
    now, effect = SystemClock().now(), list[str]()
    if report == "-" or Path(report).exists():
        view = where.read(previews.preview, read_report(report), now, backtest)
    else:
        view = where.read(previews.preview_of, report, now, backtest)
        where.call(previews.remember, report, view, acting.person, now)
        effect = effect_lines(where.read(publishing.view, report, now))
    if json:
        print_json(view)
        return
    show_audience(view)
    for line in effect:
        print_prose(line)
    tell_warnings(view.warnings)


def publish(
    defect: DefectId,
    /,
    *,
    watch: Annotated[bool, Parameter(negative="", help="Show how the warnings go out, until the last.")] = False,
    json: Json = False,
    acting: Acting = ONESELF,
    where: Where = ANYWHERE,
) -> None:
    """Publish a draft, or the revision that is proposed: who is at risk is warned."""
    acted = where.call(drift.publish, defect, by(acting))
    print_acted(defect, acted, json=json)
    if isinstance(acted.view, PublishedView | PublishPendingView) and acted.view.drift is not None and not json:
        show_drift(acted.view.drift)
    if watch and isinstance(acted.view, DefectView):
        watching.watch(defect, where=where)


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
    body = checked({"fixed_in": fixed_in}, Resolution)
    print_acted(defect, where.call(publishing.resolve, defect, body, by(acting)), json=json)


def withdraw(
    defect: DefectId,
    /,
    *,
    reason: Annotated[str, Parameter(help="Why; customers read it.")],
    watch: Annotated[bool, Parameter(negative="", help="Show how the all-clears go out, until the last.")] = False,
    json: Json = False,
    acting: Acting = ONESELF,
    where: Where = ANYWHERE,
) -> None:
    """Take a defect back: nothing unsent leaves, and who was warned hears why. Takes two people."""
    body = checked({"reason": reason}, Reason)
    acted = where.call(publishing.withdraw, defect, body, by(acting))
    print_acted(defect, acted, json=json)
    if not isinstance(acted.view, DefectView):
        return
    if watch:
        watching.watch(defect, where=where)
    elif not json:
        for line in taken_back_lines(where.read(progress, defect, SystemClock().now()).taken_back):
            print_prose(line)
