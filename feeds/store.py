"""Defects in the database: an act is one change that names the state it was decided on, and an audit row."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import msgspec

from storage import Statements, Tx, instant, new_id
from storage.outcomes import Conflict, Invalid, NotFound

from . import audit
from .checking import Checked, Declared, check
from .closing import closed
from .defects import Defect, Revision, defect_of, revision_of
from .life import Act, State, step
from .signatures import spend
from .texts import refuse_reason
from .types import DefectReport
from .writing import add_revision, carry_out

sql = Statements(__package__)


def file(tx: Tx, product_no: int, checked: Checked, person: str, now: datetime) -> Defect:
    """Store a report as a draft; raise Conflict where its id is taken."""
    defect_id = checked.report.id or f"FW-{new_id(now)}"
    at = instant(now)
    no = tx.value(sql.add_defect, id=defect_id, product_no=product_no, person=person, at=at)
    if no is None:
        raise Conflict(f"There is a defect {defect_id} already; give this one another id, or none.")
    draft = Revision(1, _named(checked.report, defect_id), checked.tree, person, at)
    add_revision(tx, no, draft)
    audit.record(tx, person, "file", defect_id, {"revision": 1}, now)
    return find(tx, defect_id)


def find(tx: Tx, defect_id: str) -> Defect:
    """Return a defect; raise NotFound."""
    row = tx.one(sql.find_defect, id=defect_id)
    if row is None:
        raise NotFound("There is no such defect.")
    return defect_of(row)


def find_by_number(tx: Tx, no: int) -> Defect:
    """Return a defect by our own number; raise NotFound."""
    row = tx.one(sql.find_defect_by_number, no=no)
    if row is None:
        raise NotFound("There is no such defect.")
    return defect_of(row)


def listing(
    tx: Tx, *, product_no: int | None = None, state: State | None = None, after: int = 0, limit: int = 100
) -> tuple[Defect, ...]:
    """Return defects by number, those after the number `after`."""
    wanted = state and state.value
    rows = tx.all(sql.list_defects, product_no=product_no, state=wanted, after=after, limit=limit)
    return tuple(map(defect_of, rows))


def judged(tx: Tx, product_no: int) -> tuple[Defect, ...]:
    """Return the product's defects that verdicts count: the published and the resolved ones."""
    return tuple(map(defect_of, tx.all(sql.list_judged, product_no=product_no)))


def revisions(tx: Tx, defect: Defect) -> tuple[Revision, ...]:
    """Return every revision there ever was, oldest first."""
    return tuple(map(revision_of, tx.all(sql.list_revisions, defect_no=defect.no)))


def propose(tx: Tx, defect: Defect, checked: Checked, person: str, now: datetime) -> Defect:
    """Replace the draft, or propose a revision beside the live one; the same report again changes nothing."""
    step(defect.state, Act.REVISE)
    report = _revised(defect, checked.report)
    newest = defect.proposed_revision or defect.current
    if report == newest.report and checked.tree == newest.tree:
        return defect
    revision = Revision(defect.latest + 1, report, checked.tree, person, instant(now))
    after = replace(defect, proposed_revision=revision, latest=revision.number)
    return carry_out(tx, defect, after, Act.REVISE, (person,), now)


def publish(tx: Tx, defect: Defect, product: Declared, now: datetime) -> Defect:
    """Make the draft, or the proposed revision, the live one; raises Conflict unless enough people have signed."""
    proposed = proposal(defect)
    people = spend(tx, defect, Act.PUBLISH, {}, now, scheme=product.vocabulary.scheme)
    _refuse_outdated(proposed, product)
    at = instant(now)
    after = replace(
        defect,
        state=State.PUBLISHED,
        live_revision=replace(proposed, published_at=at),
        proposed_revision=None,
        generation=defect.generation + 1,
        published_at=defect.published_at or at,
    )
    changed = carry_out(tx, defect, after, Act.PUBLISH, people, now)
    tx.run(sql.mark_published, defect_no=defect.no, revision=proposed.number, at=at)
    return changed


def proposal(defect: Defect) -> Revision:
    """Return what publishing would make live; raise Conflict where there is nothing new."""
    step(defect.state, Act.PUBLISH)
    if defect.proposed_revision is None:
        raise Conflict(f"Nothing new is proposed for {defect.id}: its revision {defect.live} is live.")
    return defect.proposed_revision


def resolve(tx: Tx, defect: Defect, product: Declared, fixed_in: str, now: datetime) -> Defect:
    """Name the release without the defect; its open ranges end there, in a revision of their own.

    Raises Conflict unless enough people have signed for that very release.
    """
    report = resolved_report(defect, product, fixed_in)
    people = spend(tx, defect, Act.RESOLVE, {"fixed_in": fixed_in}, now, scheme=product.vocabulary.scheme)
    after = replace(
        _with_live(defect, report, defect.tree, people[-1], now),
        state=step(defect.state, Act.RESOLVE),
        fixed_in=fixed_in,
        reason=None,
    )
    return carry_out(tx, defect, after, Act.RESOLVE, people, now)


def resolved_report(defect: Defect, product: Declared, fixed_in: str) -> DefectReport:
    """Return the live report as resolving would leave it; raise what refuses it."""
    step(defect.state, Act.RESOLVE)
    if defect.proposed is not None:
        raise Conflict(
            f"Revision {defect.proposed} of {defect.id} is proposed; publish or discard it before resolving."
        )
    return closed(defect.report, fixed_in, product.vocabulary.scheme)


def withdraw(tx: Tx, defect: Defect, product: Declared, reason: str, now: datetime) -> Defect:
    """Take the defect back: nothing is judged by it any more, and nothing unsent may leave.

    Raises Conflict unless enough people have signed for that very reason.
    """
    step(defect.state, Act.WITHDRAW)
    refuse_reason(reason)
    people = spend(tx, defect, Act.WITHDRAW, {"reason": reason}, now, scheme=product.vocabulary.scheme)
    after = replace(
        defect,
        state=step(defect.state, Act.WITHDRAW),
        proposed_revision=None,
        generation=defect.generation + 1,
        reason=reason,
    )
    return carry_out(tx, defect, after, Act.WITHDRAW, people, now)


def reopen(tx: Tx, defect: Defect, reason: str, person: str, now: datetime) -> Defect:
    """Publish again what stood before the release that did not resolve it after all."""
    state = step(defect.state, Act.REOPEN)
    refuse_reason(reason)
    [row] = tx.all(sql.find_unresolved_revision, defect_no=defect.no, revision=defect.live)
    open_again = revision_of(row)
    after = replace(
        _with_live(defect, open_again.report, open_again.tree, person, now),
        state=state,
        fixed_in=None,
        reason=reason,
    )
    return carry_out(tx, defect, after, Act.REOPEN, (person,), now)


def discard(tx: Tx, defect: Defect, person: str, now: datetime) -> Defect:
    """Drop the draft for good, or the proposed revision of a published defect."""
    state = step(defect.state, Act.DISCARD)
    if defect.proposed is None:
        raise Conflict(f"Nothing is proposed for {defect.id}; a live defect is withdrawn, not discarded.")
    kept = defect.proposed_revision if state is State.DISCARDED else None
    after = replace(defect, state=state, proposed_revision=kept)
    return carry_out(tx, defect, after, Act.DISCARD, (person,), now)


def _revised(defect: Defect, report: DefectReport) -> DefectReport:
    if report.id not in {None, defect.id}:
        raise Invalid.at("/id", f"This is defect {defect.id}; a defect keeps its id.")
    if report.product != defect.report.product:
        raise Invalid.at("/product", f"{defect.id} is a defect of {defect.report.product}, and stays one.")
    return _named(report, defect.id)


def _named(report: DefectReport, defect_id: str) -> DefectReport:
    return msgspec.structs.replace(report, id=defect_id)


def _refuse_outdated(proposed: Revision, product: Declared) -> None:
    """Refuse what the product no longer declares: its facts may have been retired since the filing."""
    try:
        check(proposed.report, product)
    except Invalid as error:
        message = f"Revision {proposed.number} no longer fits what {product.id} declares: {error.detail}"
        raise Conflict(message) from error


def _with_live(defect: Defect, report: DefectReport, tree: object | None, person: str, now: datetime) -> Defect:
    """Return the defect with a new live revision, published now."""
    at = instant(now)
    revision = Revision(defect.latest + 1, report, tree, person, at, published_at=at)
    return replace(defect, live_revision=revision, latest=revision.number, generation=defect.generation + 1)
