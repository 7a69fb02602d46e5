"""The exposures a defect would have, counted before it is published; and those of a published one."""

from __future__ import annotations

from typing import Any

import risk
from feeds import checking
from feeds import store as defects
from feeds.checking import Checked, Declared
from feeds.defects import Defect, as_rule_input, rule_input, unsaved_rule_input
from feeds.life import State
from feeds.types import DefectReport
from installs_registry import products
from installs_registry.preferences import wanted
from installs_registry.products import KnownProduct
from notifier import lint
from notifier.matching import Matching, matching, one_of
from notifier.publications import load_product
from notifier.sweeping import is_swept
from notifier.types import AudienceView, Headcount, NotAtRisk, NotAtRiskBecause, Reachable
from risk import Exposure
from storage import Tx


def declared(product: KnownProduct) -> Declared:
    """Return what a report on this product may speak of."""
    return Declared(id=product.id, no=product.no, vocabulary=product.vocabulary)


def checked_report(tx: Tx, report: DefectReport) -> tuple[KnownProduct, Checked]:
    """Return a report with its product, checked; raises Invalid, also where the product is not known."""
    product = products.named(tx, report.product)
    return product, checking.check(report, declared(product))


def audience(tx: Tx, report: DefectReport) -> AudienceView:
    """Count whom an unsaved report would concern; changes nothing."""
    product, checked = checked_report(tx, report)
    return _count(tx, product, unsaved_rule_input(checked), report)


def audience_of(tx: Tx, defect_id: str) -> AudienceView:
    """Count whom a filed defect concerns now: what is proposed, or else what is live; raises NotFound."""
    defect = defects.find(tx, defect_id)
    product = products.find_by_number(tx, defect.product_no)
    if defect.proposed_revision is not None:
        proposed = defect.proposed_revision
        return _count(tx, product, rule_input(defect.id, proposed), proposed.report, defect)
    return _count(tx, product, as_rule_input(defect), defect.report, defect)


def _count(
    tx: Tx, product: KnownProduct, rule_input: risk.Defect, report: DefectReport, defect: Defect | None = None
) -> AudienceView:
    declared_now, sequence = load_product(tx, product.no)
    rule = risk.Rule.compile(rule_input, declared_now)
    match = matching(tx, product, rule)
    where = {**match.parameters, "product_no": product.no, "defect_no": 0 if defect is None else defect.no}
    hits = _FOUND if defect is not None and _is_found(tx, defect) else match.hits
    found = tx.built(_text(match, hits), {**where, "wanted": wanted(report.severity)})[0]
    counts = {each: Headcount(int(found[each.value]), int(found[f"{each.value}_by"])) for each in Exposure}
    not_at_risk = _not_at_risk(tx, match, int(found["candidates"]), sum(count.installs for count in counts.values()))
    return AudienceView(
        at_risk=counts[Exposure.AT_RISK],
        cannot_tell=counts[Exposure.CANNOT_TELL],
        already_upgraded=counts[Exposure.ALREADY_UPGRADED],
        repair_owed=counts[Exposure.REPAIR_OWED],
        not_at_risk=not_at_risk,
        reachable=_reachable(found),
        warnings=lint.warnings(report, declared_now, rule, counts, not_at_risk.installs),
        as_of=sequence,
    )


def _is_found(tx: Tx, defect: Defect) -> bool:
    """Tell whether the exposures that are stored are those of what is counted: check-ins keep them so once swept."""
    return defect.state is State.PUBLISHED and defect.proposed_revision is None and is_swept(tx, defect.no)


_FOUND = "SELECT install_no, state AS exposure FROM exposures WHERE defect_no = :defect_no AND state IS NOT NULL"

#: Whom the hits concern: a row for each recipient, then all of them in one. The customers are the recipients that have
#: a number above zero.
_COUNTED = """
    SELECT {sums}, coalesce(sum(candidates), 0) AS candidates,
        coalesce(sum(email), 0) AS email, coalesce(sum(webhook), 0) AS webhook, coalesce(sum(in_app), 0) AS in_app,
        coalesce(sum(CASE WHEN email + webhook + in_app = 0 THEN 1 ELSE 0 END), 0) AS nobody
    FROM (
        SELECT r.*,
            CASE WHEN c.email IS NOT NULL AND c.mail_refused_at IS NULL
                AND (pe.floor IS NULL OR replace(:wanted, pe.floor, '') <> :wanted) THEN 1 ELSE 0 END AS email,
            CASE WHEN c.webhook IS NOT NULL
                AND (pw.floor IS NULL OR replace(:wanted, pw.floor, '') <> :wanted) THEN 1 ELSE 0 END AS webhook
        FROM (
            SELECT i.recipient, {tallies}, {candidates} AS candidates,
                max(CASE WHEN i.token_hash IS NOT NULL THEN 1 ELSE 0 END) AS in_app
            FROM ({hits}) h CROSS JOIN installs i WHERE i.no = h.install_no GROUP BY i.recipient
        ) r LEFT JOIN customers c ON c.no = r.recipient
        LEFT JOIN preferences pe ON pe.customer_no = c.no AND pe.channel = 'email'
        LEFT JOIN preferences pw ON pw.customer_no = c.no AND pw.channel = 'webhook'
    ) reached"""
_TALLY = "sum(CASE WHEN h.exposure = '{exposure}' THEN 1 ELSE 0 END) AS {exposure}"
_SUM = """coalesce(sum({exposure}), 0) AS {exposure},
        coalesce(sum(CASE WHEN recipient > 0 AND {exposure} > 0 THEN 1 ELSE 0 END), 0) AS {exposure}_by"""


def _text(match: Matching, hits: str) -> str:
    return _COUNTED.format(
        sums=", ".join(_SUM.format(exposure=exposure) for exposure in Exposure),
        tallies=", ".join(_TALLY.format(exposure=exposure) for exposure in Exposure),
        candidates=_candidates(match),
        hits=hits,
    )


def _candidates(match: Matching) -> str:
    """Return how many of a recipient's hits have a version for which the condition matters: all, but for a repair."""
    if not match.repairs:
        return "count(*)"
    return f"sum(CASE WHEN {one_of('i.version_no', match.candidates)} THEN 1 ELSE 0 END)"


def _not_at_risk(tx: Tx, match: Matching, concerned: int, exposed: int) -> NotAtRisk:
    """Count the others: their version is none that the defect speaks of, or else the condition misses."""
    candidate = one_of("f.version_no", match.candidates)
    everybody = tx.built(f"SELECT count(*) AS installs FROM {match.footprints}", {})[0]["installs"]  # noqa: S608 - our own names
    candidates = tx.built(f"SELECT count(*) AS installs FROM {match.footprints} WHERE {candidate}", {})[0]["installs"]  # noqa: S608 - as above
    installs, by_condition = everybody - exposed, candidates - concerned
    return NotAtRisk(installs, NotAtRiskBecause(version=installs - by_condition, condition=by_condition))


def _reachable(row: dict[str, Any]) -> Reachable:
    return Reachable(
        email=int(row["email"]),
        web_push=0,
        webhook=int(row["webhook"]),
        in_app=int(row["in_app"]),
        nobody=int(row["nobody"]),
    )
