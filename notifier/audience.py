"""The exposures a defect would have, counted before it is published."""

from __future__ import annotations

from typing import Any

import risk
from feeds import checking
from feeds import store as defects
from feeds.checking import Checked, Declared
from feeds.defects import as_rule_input, rule_input, unsaved_rule_input
from feeds.types import DefectReport
from installs_registry import products
from installs_registry.products import KnownProduct
from notifier import lint
from notifier.exposures import Matching, matching
from notifier.publications import load_index
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
        return _count(tx, product, rule_input(defect.id, proposed), proposed.report, defect.no)
    return _count(tx, product, as_rule_input(defect), defect.report, defect.no)


def _count(
    tx: Tx, product: KnownProduct, defect: risk.Defect, report: DefectReport, defect_no: int = 0
) -> AudienceView:
    index = load_index(tx, product.no)
    if index is None:
        raise LookupError(product.id)
    rule = risk.Rule.compile(defect, index.product)
    match = matching(tx, product, rule)
    where = {**match.parameters, "product_no": product.no, "defect_no": defect_no}
    rows = {row["exposure"]: row for row in tx.built(_BY_EXPOSURE.format(**_parts(match)), where)}
    none = rows.pop(None, {"installs": 0, "by_condition": 0})
    reached = tx.built(_REACHED.format(**_parts(match)), where)[0]
    counts = {exposure: _headcount(rows, exposure) for exposure in Exposure}
    return AudienceView(
        at_risk=counts[Exposure.AT_RISK],
        cannot_tell=counts[Exposure.CANNOT_TELL],
        already_upgraded=counts[Exposure.ALREADY_UPGRADED],
        repair_owed=counts[Exposure.REPAIR_OWED],
        not_at_risk=_not_at_risk(none),
        reachable=_reachable(reached),
        warnings=lint.warnings(report, index.product, rule, counts, none["installs"]),
        as_of=index.sequence,
    )


def _parts(match: Matching) -> dict[str, str]:
    return {
        "exposure": match.exposure,
        "version": match.version,
        "tables": match.tables + " LEFT JOIN exposures e ON e.defect_no = :defect_no AND e.install_no = i.no",
    }


_BY_EXPOSURE = """
    SELECT exposure, count(*) AS installs, count(DISTINCT customer_no) AS customers, sum(by_condition) AS by_condition
    FROM (
        SELECT i.customer_no, {exposure} AS exposure, CASE WHEN {version} THEN 1 ELSE 0 END AS by_condition
        FROM {tables} WHERE i.product_no = :product_no
    ) assessed GROUP BY exposure"""

_REACHED = """
    SELECT coalesce(sum(email), 0) AS email, coalesce(sum(webhook), 0) AS webhook, coalesce(sum(in_app), 0) AS in_app,
        coalesce(sum(CASE WHEN email + webhook + in_app = 0 THEN 1 ELSE 0 END), 0) AS nobody
    FROM (
        SELECT recipient,
            max(CASE WHEN c.email IS NOT NULL AND c.mail_refused_at IS NULL THEN 1 ELSE 0 END) AS email,
            max(CASE WHEN c.webhook IS NOT NULL THEN 1 ELSE 0 END) AS webhook,
            max(CASE WHEN token_hash IS NOT NULL THEN 1 ELSE 0 END) AS in_app
        FROM (
            SELECT i.recipient, i.customer_no, i.token_hash, {exposure} AS exposure
            FROM {tables} WHERE i.product_no = :product_no
        ) assessed LEFT JOIN customers c ON c.no = assessed.customer_no
        WHERE exposure IS NOT NULL GROUP BY recipient
    ) reached"""


def _headcount(rows: dict[str, dict[str, Any]], exposure: Exposure) -> Headcount:
    row = rows.get(exposure.value)
    return Headcount(0, 0) if row is None else Headcount(int(row["installs"]), int(row["customers"]))


def _not_at_risk(row: dict[str, Any]) -> NotAtRisk:
    by_condition = int(row["by_condition"] or 0)
    installs = int(row["installs"])
    return NotAtRisk(installs, NotAtRiskBecause(version=installs - by_condition, condition=by_condition))


def _reachable(row: dict[str, Any]) -> Reachable:
    return Reachable(
        email=int(row["email"]),
        web_push=0,
        webhook=int(row["webhook"]),
        in_app=int(row["in_app"]),
        nobody=int(row["nobody"]),
    )
