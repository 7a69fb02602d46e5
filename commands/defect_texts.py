"""`forewarn defect list|show`: the defects, and each as it stands, with what was said of it before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated

from cyclopts import Parameter

from commands.options import ANYWHERE, DefectId, Json, Where
from commands.printing import minute, print_json, print_prose, tell
from commands.tables import print_table
from feeds.life import State
from feeds.types import DefectReport, DefectView
from notifier import publishing, revisions
from notifier.delivery.describing import affected_words
from notifier.revisions import RevisionView
from storage import SystemClock, Tx

#: How many defects are read at once.
_PAGE = 500


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


def show(
    defect: DefectId,
    /,
    *,
    revisions: Annotated[bool, Parameter(negative="", help="All that was ever said of it, the newest first.")] = False,
    json: Json = False,
    where: Where = ANYWHERE,
) -> None:
    """Show a defect: what stands, what is proposed; with --revisions each wording, and what it changed."""
    if revisions:
        _show_revisions(defect, where, json=json)
        return
    view = where.read(publishing.view, defect, SystemClock().now())
    if json:
        print_json(view)
        return
    _print_all(_standing_lines(view))
    for warning in view.warnings:
        tell(f"look at {warning.at or 'the report'}: {warning.detail}")


def _all(tx: Tx, product: str | None, state: State | None, now: datetime) -> list[DefectView]:
    found: list[DefectView] = []
    after = 0
    while page := publishing.listing(tx, product=product, state=state, after=after, limit=_PAGE, now=now):
        found += [view for _, view in page]
        after = page[-1][0]
    return found


def _row(view: DefectView) -> tuple[str, ...]:
    return (view.id, view.product, view.state, view.severity, view.title)


def _show_revisions(defect: str, where: Where, *, json: bool) -> None:
    found = where.read(revisions.of, defect)
    if json:
        print_json(found)
        return
    for view in reversed(found):
        _print_all(_revision_lines(view))


def _standing_lines(view: DefectView) -> Iterator[str]:
    yield f"{view.id} is {view.state}, revision {view.revision}; filed by {view.filed_by} at {minute(view.filed_at)}"
    if view.reason:
        yield f"  because: {view.reason}"
    yield from text_lines(_report_of(view))
    if view.proposed:
        yield f"revision {view.proposed.revision} is proposed by {view.proposed.by}"
        yield from (f"  {change}" for change in view.changes)


def _revision_lines(view: RevisionView) -> Iterator[str]:
    published = f", published at {minute(view.published_at)}" if view.published_at else ""
    yield f"revision {view.revision}: {view.state}, by {view.by} at {minute(view.at)}{published}"
    yield from (f"  changed: {change}" for change in view.changes)
    yield from text_lines(view.report)


def text_lines(report: DefectReport) -> Iterator[str]:
    """Yield a report as people read it, a line for each thing it says."""
    yield f"  {report.severity}: {report.title}"
    yield from (f"  {line}" for line in report.summary.splitlines() if line.strip())
    yield f"  affected: {affected_words(report.affected)}"
    if report.upgrading_from:
        yield f"  upgrading from: {affected_words(report.upgrading_from)}"
    yield f"  condition: {report.condition or 'none, everyone is meant'}"
    for offer in report.remedies:
        yield "  remedy: " + " ".join(filter(None, (offer.kind, offer.version, offer.text, offer.url)))
    yield from (f"  reference: {each.url}" for each in report.references)


def _report_of(view: DefectView) -> DefectReport:
    return DefectReport(**{name: getattr(view, name) for name in DefectReport.__struct_fields__})


def _print_all(lines: Iterable[str]) -> None:
    for line in lines:
        print_prose(line)
