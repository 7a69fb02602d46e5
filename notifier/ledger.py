"""What became of each exposure of a defect, computed from what was recorded, and how far its deliveries are."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import risk
from feeds import store as defects
from feeds.defects import Defect, as_rule_input
from installs_registry import products, releases
from notifier.publications import load_index
from notifier.states import NoticeState
from notifier.types import LedgerView, ProgressView
from risk import Standing
from storage import Statements, Tx, instant

sql = Statements(__package__)

#: Over how long the present rate of sending is measured.
RATE_OVER = timedelta(seconds=60)


def progress(tx: Tx, defect_id: str, now: datetime) -> ProgressView:
    """Count the deliveries of a defect by state; raises NotFound."""
    defect = defects.find(tx, defect_id)
    by_state = dict.fromkeys(NoticeState, 0)
    by_channel: dict[str, int] = {}
    for row in tx.all(sql.count_deliveries, defect_no=defect.no):
        by_state[NoticeState(row["state"])] += row["deliveries"]
        by_channel[row["channel"]] = by_channel.get(row["channel"], 0) + row["deliveries"]
    lately = tx.value(sql.sent_since, defect_no=defect.no, since=instant(now - RATE_OVER))
    rate = lately / RATE_OVER.total_seconds()
    pending = by_state[NoticeState.PENDING]
    return ProgressView(
        total=sum(by_state.values()),
        pending=pending,
        sending=by_state[NoticeState.SENDING],
        sent=by_state[NoticeState.SENT],
        failed=by_state[NoticeState.FAILED],
        cancelled=by_state[NoticeState.CANCELLED],
        in_doubt=by_state[NoticeState.IN_DOUBT],
        by_channel=by_channel,
        per_second=round(rate, 3),
        seconds_left=round(pending / rate, 1) if pending and rate else None,
    )


def ledger(tx: Tx, defect_id: str) -> LedgerView:
    """Tell who was warned before installing, who after, who never; raises NotFound."""
    defect = defects.find(tx, defect_id)
    counts = _outcomes(tx, defect)
    delivered = tx.one(sql.delivered, defect_no=defect.no) or {}
    return LedgerView(
        filed_at=defect.filed_at,
        published_at=defect.published_at,
        first_delivered_at=delivered.get("first_at"),
        delivered_p50_seconds=_percentile(tx, defect, delivered["notices"], 50),
        delivered_p95_seconds=_percentile(tx, defect, delivered["notices"], 95),
        accepted_risk=tx.value(sql.count_accepted_risks, defect_no=defect.no),
        in_doubt=tx.value(sql.count_in_doubt, defect_no=defect.no),
        **{name: int(count or 0) for name, count in counts.items()},
    )


def _percentile(tx: Tx, defect: Defect, notices: int, percent: int) -> float | None:
    """Return the seconds within which that share of the notices was delivered (nearest rank), None without any."""
    if not notices:
        return None
    rank = -(-notices * percent // 100)
    seconds = tx.value(sql.delivery_seconds_at_rank, defect_no=defect.no, skip=rank - 1)
    return round(float(seconds), 3)


def _outcomes(tx: Tx, defect: Defect) -> dict[str, Any]:
    affected = ", ".join(str(no) for no in _affected_versions(tx, defect)) or "-1"
    return tx.built(_OUTCOMES.format(affected=affected), {"defect_no": defect.no})[0]


def _affected_versions(tx: Tx, defect: Defect) -> list[int]:
    product = products.find_by_number(tx, defect.product_no)
    index = load_index(tx, product.no)
    if index is None:
        return []
    rule = risk.Rule.compile(as_rule_input(defect), index.product)
    rows = releases.version_rows(tx, product.no)
    return [row.no for row in rows if rule.standing(row.text) is Standing.AFFECTED]


# `told_at`: when its holder was told, by a notice that names it; one that joined later was covered from then on. Told
# by the answer to the very check-in that reports the affected version is told too late.
# `installed_at`: when it first had an affected version. `moved_at`: when it last changed its version.
# Materialized, since SQLite would look for `told_at` again at each of its places.
_OUTCOMES = """
    WITH told AS MATERIALIZED (
        SELECT l.install_no, min(CASE WHEN l.joined_at > coalesce(n.sent_at, d.handed_over_at) THEN l.joined_at
                ELSE coalesce(n.sent_at, d.handed_over_at) END) AS told_at
        FROM notices n JOIN notice_installs l ON l.notice_no = n.no
        LEFT JOIN deliveries d ON d.notice_no = n.no AND d.handed_over_at IS NOT NULL
        WHERE n.defect_no = :defect_no AND n.kind IN ('warning', 'recovery') AND n.state IN ('SENT', 'IN_DOUBT')
        GROUP BY l.install_no
    ), outcomes AS MATERIALIZED (
        SELECT i.no, t.told_at,
            (SELECT min(h.since) FROM install_versions h
                WHERE h.install_no = i.no AND h.version_no IN ({affected})) AS installed_at,
            (SELECT max(h.since) FROM install_versions h WHERE h.install_no = i.no) AS moved_at,
            CASE WHEN i.version_no IN ({affected}) THEN 1 ELSE 0 END AS affected_now,
            CASE WHEN e.state IS NOT NULL THEN 1 ELSE 0 END AS exposed_now,
            CASE WHEN i.token_hash IS NOT NULL OR c.webhook IS NOT NULL
                OR (c.email IS NOT NULL AND c.mail_refused_at IS NULL) THEN 1 ELSE 0 END AS ways
        FROM exposures e JOIN installs i ON i.no = e.install_no LEFT JOIN customers c ON c.no = i.customer_no
        LEFT JOIN told t ON t.install_no = i.no
        WHERE e.defect_no = :defect_no
    )
    SELECT count(*) AS exposed,
        sum(CASE WHEN told_at IS NOT NULL AND (installed_at IS NULL OR told_at < installed_at) THEN 1 ELSE 0 END)
            AS warned_before_install,
        sum(CASE WHEN told_at >= installed_at THEN 1 ELSE 0 END) AS warned_after_install,
        sum(CASE WHEN told_at IS NULL AND installed_at IS NOT NULL THEN 1 ELSE 0 END) AS installed_unwarned,
        sum(CASE WHEN told_at IS NOT NULL AND installed_at IS NULL AND moved_at <= told_at THEN 1 ELSE 0 END)
            AS held_back,
        sum(CASE WHEN (installed_at IS NULL OR told_at < installed_at) AND moved_at > told_at AND affected_now = 0
            THEN 1 ELSE 0 END) AS moved_to_safe,
        sum(CASE WHEN told_at IS NULL AND exposed_now = 1 AND ways = 0 THEN 1 ELSE 0 END) AS unreachable
    FROM outcomes"""
