"""The acts on a defect: done by feeds, published for the verdicts, and owed to the installs, all in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from feeds import holds
from feeds import store as defects
from feeds.checking import check
from feeds.deciding import Decided, Decider
from feeds.defects import Defect
from feeds.life import State
from feeds.types import DefectReport, DefectView, Hold, LintWarning, Reason, Resolution
from feeds.views import Beside
from feeds.views import view as defect_view
from installs_registry import products
from notifier import previews, revising
from notifier.audience import checked_report, declared
from notifier.effects import effect_of, upgraded_since
from notifier.linting import newer_releases
from notifier.owed import Cause
from notifier.publications import publish_defect
from notifier.sweeping import start_sweep
from notifier.types import Acted, PendingView
from storage import Tx


@dataclass(frozen=True, slots=True)
class By:
    """Who acts, and when."""

    person: str
    now: datetime


def view(tx: Tx, defect_id: str, now: datetime) -> DefectView:
    """Return a defect as it stands; raises NotFound."""
    defect = defects.find(tx, defect_id)
    counted = replace(_beside(tx, defect, newer_releases.warnings(tx, defect)), effect=effect_of(tx, defect))
    return defect_view(tx, defect, now, counted)


def listing(
    tx: Tx, *, product: str | None, state: State | None, after: int, limit: int, now: datetime
) -> list[tuple[int, DefectView]]:
    """Return defects after a number, each with its own number; raises NotFound for an unknown product."""
    product_no = products.find(tx, product).no if product is not None else None
    found = defects.listing(tx, product_no=product_no, state=state, after=after, limit=limit)
    return [(defect.no, defect_view(tx, defect, now)) for defect in found]


def file_defect(tx: Tx, report: DefectReport, by: By) -> DefectView:
    """Store a report as a draft; raises Invalid with all its faults, or Conflict where its id is taken."""
    product, checked = checked_report(tx, report)
    return _linted(tx, defects.file(tx, product.no, checked, by.person, by.now), by)


def revise(tx: Tx, defect_id: str, report: DefectReport, by: By) -> DefectView:
    """Replace a draft, or propose a revision beside the live one."""
    defect = defects.find(tx, defect_id)
    product = products.find_by_number(tx, defect.product_no)
    checked = check(report, declared(product))
    return _linted(tx, defects.propose(tx, defect, checked, by.person, by.now), by)


def _linted(tx: Tx, defect: Defect, by: By) -> DefectView:
    return _shown(tx, defect, by.now, previews.shown(tx, defect.id, by.person, by.now))


def _shown(tx: Tx, defect: Defect, now: datetime, warnings: Iterable[LintWarning] = ()) -> DefectView:
    """Return the defect without the effect of publishing it: counting that takes a reader's time, not the writer's."""
    return defect_view(tx, defect, now, _beside(tx, defect, warnings))


def _beside(tx: Tx, defect: Defect, warnings: Iterable[LintWarning]) -> Beside:
    """Return what publishing would change, and who upgraded while others held it up."""
    beside_live, scheme = defect.proposed_report, products.find_by_number(tx, defect.product_no).scheme
    return Beside(
        warnings=warnings,
        changes=revising.changes(defect.report, beside_live, scheme) if beside_live else (),
        upgraded_since=partial(upgraded_since, tx, defect),
    )


def publish(tx: Tx, defect_id: str, by: By) -> Acted:
    """Make the draft, or the proposed revision, the live one, and owe what follows."""

    def decide(decider: Decider, defect: Defect) -> Decided:
        return decider.publish(tx, defect)

    def consequence(before: Defect, after: Defect) -> tuple[Cause, bool]:
        if before.live_revision is None:
            return Cause.PUBLISHED, False
        scheme = products.find_by_number(tx, after.product_no).scheme
        return Cause.REVISED, revising.tells_otherwise(before.report, after.report, scheme)

    return _act(tx, defect_id, by, decide, consequence)


def resolve(tx: Tx, defect_id: str, resolution: Resolution, by: By) -> Acted:
    """Name the release that no longer has the defect; those who were told hear the end of it."""

    def decide(decider: Decider, defect: Defect) -> Decided:
        return decider.resolve(tx, defect, resolution.fixed_in)

    return _act(tx, defect_id, by, decide, lambda *_: (Cause.RESOLVED, False))


def withdraw(tx: Tx, defect_id: str, reason: Reason, by: By) -> Acted:
    """Take a defect back: from this moment nothing of it leaves, and those who were told hear why."""

    def decide(decider: Decider, defect: Defect) -> Decided:
        return decider.withdraw(tx, defect, reason.reason)

    return _act(tx, defect_id, by, decide, lambda *_: (Cause.WITHDRAWN, False))


def reopen(tx: Tx, defect_id: str, reason: Reason, by: By) -> Acted:
    """Publish again what was resolved too early; one person may."""

    def decide(decider: Decider, defect: Defect) -> Decided:
        return Decided(defects.reopen(tx, defect, reason.reason, decider.person, decider.now))

    return _act(tx, defect_id, by, decide, lambda *_: (Cause.REOPENED, False))


def discard(tx: Tx, defect_id: str, by: By) -> Acted:
    """Drop a draft, or what is proposed beside the live revision."""
    defect = defects.discard(tx, defects.find(tx, defect_id), by.person, by.now)
    return _done(tx, defect, by)


def object_to(tx: Tx, defect_id: str, hold: Hold, by: By) -> Acted:
    """Put an objection, by name and with a reason; it stops nothing."""
    defect = defects.find(tx, defect_id)
    holds.object_to(tx, defect, hold, by.person, by.now)
    return _done(tx, defect, by)


def pause(tx: Tx, defect_id: str, hold: Hold, by: By) -> Acted:
    """Hold back what is unsent until a time that is named."""
    defect = defects.find(tx, defect_id)
    holds.pause(tx, defect, hold, by.person, by.now)
    return _done(tx, defect, by)


def resume(tx: Tx, defect_id: str, by: By) -> Acted:
    """Go on before a pause runs out."""
    defect = defects.find(tx, defect_id)
    decided = _decider(tx, defect, by).resume(tx, defect)
    tx.notify()
    return _answer(tx, decided, by)


_Decide = Callable[[Decider, Defect], Decided]
#: Of the defect before and after: why its installs are looked at again, and whether the told hear it anew.
_Consequence = Callable[[Defect, Defect], tuple[Cause, bool]]


def _act(tx: Tx, defect_id: str, by: By, decide: _Decide, consequence: _Consequence) -> Acted:
    """Carry out an act that changes what verdicts count, alone on its product."""
    products.lock(tx, defects.find(tx, defect_id).product_no, shared=False)
    before = defects.find(tx, defect_id)
    decided = decide(_decider(tx, before, by), before)
    if decided.pending is None:
        after = decided.defect
        publish_defect(tx, after, by.now)
        cause, told_anew = consequence(before, after)
        start_sweep(tx, after, cause, by.now, told_anew=told_anew)
    return _answer(tx, decided, by)


def _decider(tx: Tx, defect: Defect, by: By) -> Decider:
    product = declared(products.find_by_number(tx, defect.product_no))
    return Decider(by.person, by.now, product)


def _answer(tx: Tx, decided: Decided, by: By) -> Acted:
    if decided.pending is not None:
        return Acted(202, PendingView(decided.defect.state, decided.pending))
    return _done(tx, decided.defect, by)


def _done(tx: Tx, defect: Defect, by: By) -> Acted:
    return Acted(200, _shown(tx, defects.find(tx, defect.id), by.now))
