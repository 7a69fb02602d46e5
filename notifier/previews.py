"""The preview: whom a report would concern, with all that looks odd about it, and what it would have done before.

Whoever was shown the audience of a filed defect is remembered with the counts; `drift` tells at publishing what has
changed since.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

import risk
from feeds import store as defects
from feeds.defects import Defect, Revision, rule_input, unsaved_rule_input
from feeds.people import spelling
from feeds.types import DefectReport, LintWarning
from installs_registry import products
from installs_registry.known import KnownProduct
from notifier.audience import Memory, audience, audience_of, checked_report
from notifier.backtest import backtest
from notifier.linting import newer_releases, values
from notifier.publications import load_product
from notifier.types import AudienceView, BacktestView, Headcount, NotAtRisk, NotAtRiskBecause
from storage import Statements, Tx, instant

sql = Statements(__package__)


def preview(
    tx: Tx, report: DefectReport, now: datetime, days: int | None = None, memory: Memory | None = None
) -> AudienceView:
    """Count whom an unsaved report would concern; changes nothing. Raises Invalid.

    With `days`, the upgrades of so many days are tested against it too.
    """
    view = audience(tx, report, memory)
    product, checked = checked_report(tx, report)
    tested = _tested(tx, product, unsaved_rule_input(checked), days, now)
    return _with(view, list(values.never_seen(tx, product, report.condition)), tested)


def preview_of(
    tx: Tx, defect_id: str, now: datetime, days: int | None = None, memory: Memory | None = None
) -> AudienceView:
    """Count whom a filed defect concerns now: what is proposed, or else what is live; raises NotFound."""
    view = audience_of(tx, defect_id, memory)
    defect = defects.find(tx, defect_id)
    product, looked_at = products.find_by_number(tx, defect.product_no), _looked_at(defect)
    odd = [
        *values.never_seen(tx, product, looked_at.report.condition),
        *newer_releases.warnings(tx, defect),
    ]
    return _with(view, odd, _tested(tx, product, rule_input(defect.id, looked_at), days, now))


def remember(tx: Tx, defect_id: str, view: AudienceView, person: str, now: datetime) -> None:
    """Store that somebody was shown the audience of what waits to be published; of what is live, nothing is kept."""
    defect = defects.find(tx, defect_id)
    if defect.proposed is None:
        return
    tx.run(
        sql.add_preview,
        defect_no=defect.no,
        revision=defect.proposed,
        person=person,
        at=instant(now),
        at_risk=view.at_risk.installs,
        cannot_tell=view.cannot_tell.installs,
        already_upgraded=view.already_upgraded.installs,
        repair_owed=view.repair_owed.installs,
        customers=view.at_risk.customers,
        as_of=view.as_of,
    )


def shown(tx: Tx, defect_id: str, person: str, now: datetime) -> list[LintWarning]:
    """Preview a defect just filed or revised, remember it, and return what looks odd about it."""
    view = preview_of(tx, defect_id, now)
    remember(tx, defect_id, view, person, now)
    return view.warnings


def forget(tx: Tx, person: str) -> None:
    """Forget what a person of the vendor's own was shown."""
    for row in tx.all(sql.people_of_previews):
        if spelling(row["person"]) == spelling(person):
            tx.run(sql.forget_previews, person=row["person"])


def coarse(view: AudienceView, least: int) -> AudienceView:
    """Return the view for whoever may not see customers: a count below `least` is kept back, zero is not.

    The installs that hear nothing are then rounded, or they would give it away.
    """
    names = ("at_risk", "cannot_tell", "already_upgraded", "repair_owed")
    counts = {name: _coarse(getattr(view, name), least) for name in names}
    if all(counts[name] is getattr(view, name) for name in names):
        return view
    because = view.not_at_risk.because
    version, condition = (count - count % least for count in (because.version, because.condition))
    return msgspec.structs.replace(
        view,
        **counts,
        not_at_risk=NotAtRisk(version + condition, NotAtRiskBecause(version, condition)),
        reachable=msgspec.structs.replace(
            view.reachable,
            **{name: count - count % least for name, count in msgspec.structs.asdict(view.reachable).items()},
        ),
    )


def _coarse(count: Headcount, least: int) -> Headcount:
    if not 0 < count.customers < least and not 0 < count.installs < least:
        return count
    most = least - 1
    return Headcount(max(count.installs, most) if count.installs >= least else most, most, least)


def _looked_at(defect: Defect) -> Revision:
    return defect.proposed_revision or defect.current


def _tested(tx: Tx, product: KnownProduct, defect: risk.Defect, days: int | None, now: datetime) -> BacktestView | None:
    if days is None:
        return None
    declared_now, _ = load_product(tx, product.no)
    return backtest(tx, product, risk.Rule.compile(defect, declared_now), days, now)


def _with(view: AudienceView, odd: list[LintWarning], tested: BacktestView | None) -> AudienceView:
    warnings = [*view.warnings, *odd]
    return msgspec.structs.replace(view, warnings=warnings, backtest=msgspec.UNSET if tested is None else tested)
