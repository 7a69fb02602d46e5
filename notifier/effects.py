"""What publishing would do to people, counted before it is done, by the same table as the notices that follow."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import msgspec

import risk
from feeds.defects import Defect, as_rule_input, rule_input
from feeds.life import State
from feeds.types import DefectView, Effect, Told
from installs_registry import products, releases
from notifier.matching import matching
from notifier.owed import Cause, notice_owed_sql
from notifier.publications import load_index
from notifier.revising import tells_otherwise
from notifier.states import NoticeKind
from risk import Standing
from storage import Tx


def effect_of(tx: Tx, defect: Defect) -> Effect | None:
    """Count whom publishing what is proposed would owe which notice; None where nothing waits to be published."""
    proposed, live = defect.proposed_revision, defect.live_revision
    if proposed is None or defect.state not in {State.DRAFT, State.PUBLISHED}:
        return None
    product = products.find_by_number(tx, defect.product_no)
    index = load_index(tx, product.no)
    if index is None:
        return None
    cause = Cause.REVISED if live else Cause.PUBLISHED
    told_anew = live is not None and tells_otherwise(live.report, proposed.report, product.scheme)
    rule = risk.Rule.compile(rule_input(defect.id, proposed), index.product)
    match = matching(tx, product, rule)
    text = _COUNTED.format(
        hits=match.hits,
        wanted=notice_owed_sql(cause, proposed.report.severity, told_anew=told_anew),
        affected=_affected(tx, product.no, rule),
    )
    where = {**match.parameters, "defect_no": defect.no, "product_no": product.no}
    counted = {row["what"]: Told(int(row["recipients"]), int(row["installs"])) for row in tx.built(text, where)}
    return Effect(**{name: counted.get(what, Told(0, 0)) for name, what in _GROUPS.items()})


#: By the group of an effect, what the statement calls it.
_GROUPS: Final = MappingProxyType(
    {
        "newly_at_risk": NoticeKind.WARNING.value,
        "told_to_proceed": "proceeding",
        "newly_upgraded": NoticeKind.RECOVERY.value,
        "told_otherwise": NoticeKind.CORRECTION.value,
        "no_longer": NoticeKind.ALL_CLEAR.value,
        "unchanged": "unchanged",
    }
)


def coarse(view: DefectView, least: int) -> DefectView:
    """Return the defect without the effect where a group of it is so small that it would single somebody out."""
    effect = view.effect
    if effect is None:
        return view
    counts = [getattr(effect, name).recipients for name in _GROUPS]
    return msgspec.structs.replace(view, effect=None) if any(0 < count < least for count in counts) else view


def upgraded_since(tx: Tx, defect: Defect, since: str) -> int:
    """Count the installs that went to an affected version at or after an instant, and are not known to be spared."""
    product = products.find_by_number(tx, defect.product_no)
    index = load_index(tx, product.no)
    if index is None:
        return 0
    rule = risk.Rule.compile(as_rule_input(defect), index.product)
    match = matching(tx, product, rule)
    text = _UPGRADED_SINCE.format(
        exposure=match.exposure, tables=match.tables, affected=_affected(tx, product.no, rule)
    )
    where = {**match.parameters, "defect_no": defect.no, "product_no": product.no, "since": since}
    return int(tx.built(text, where)[0]["installs"])


def _affected(tx: Tx, product_no: int, rule: risk.Rule) -> str:
    """Return the numbers of the affected versions for a list in SQL."""
    rows = releases.version_rows(tx, product_no)
    # Our own row numbers, never a user's text.
    return ", ".join(str(int(row.no)) for row in rows if rule.standing(row.text) is Standing.AFFECTED) or "-1"


_UPGRADED_SINCE = """
SELECT count(*) AS installs FROM (
    SELECT {exposure} AS exposure
    FROM {tables} LEFT JOIN exposures e ON e.defect_no = :defect_no AND e.install_no = i.no
    WHERE i.product_no = :product_no AND i.no IN (
        SELECT h.install_no FROM install_versions h WHERE h.version_no IN ({affected}) AND h.since >= :since
            AND EXISTS (SELECT 1 FROM install_versions f WHERE f.install_no = h.install_no AND f.no < h.no))
) moved WHERE exposure IN ('already_upgraded', 'repair_owed')"""

# The steps are those of a sweep: each install's change and the notice it asks for; the notices that would still stand
# (what waits and no longer fits is called off); what each recipient has open since its last all-clear; who is then owed
# what. A number is doubled, with a flag in its last bit, so that one maximum finds the newest and its flag.
_COUNTED = """
WITH hits AS MATERIALIZED ({hits}), assessed AS MATERIALIZED (
    SELECT install_no, recipient, before, after, {wanted} AS wanted FROM (
        SELECT i.no AS install_no, i.recipient, e.state AS before, a.exposure AS after
        FROM hits a JOIN installs i ON i.no = a.install_no
        LEFT JOIN exposures e ON e.defect_no = :defect_no AND e.install_no = i.no
        UNION ALL
        SELECT i.no, i.recipient, e.state, NULL FROM exposures e JOIN installs i ON i.no = e.install_no
        WHERE e.defect_no = :defect_no AND e.state IS NOT NULL AND i.no NOT IN (SELECT install_no FROM hits)
    ) changing
), lines AS MATERIALIZED (
    SELECT l.notice_no,
        max(CASE WHEN a.after IN ('at_risk', 'cannot_tell') THEN 1 ELSE 0 END) AS warned,
        max(CASE WHEN a.after IN ('already_upgraded', 'repair_owed') THEN 1 ELSE 0 END) AS upgraded,
        max(CASE WHEN a.after IS NOT NULL THEN 1 ELSE 0 END) AS concerned
    FROM notices n JOIN notice_installs l ON l.notice_no = n.no LEFT JOIN assessed a ON a.install_no = l.install_no
    WHERE n.defect_no = :defect_no GROUP BY l.notice_no
), known AS MATERIALIZED (
    SELECT n.no, n.recipient, n.kind, n.state, COALESCE(f.concerned, 0) AS concerned,
        CASE WHEN EXISTS (SELECT 1 FROM deliveries d WHERE d.notice_no = n.no AND d.handed_over_at IS NOT NULL)
            THEN 1 ELSE 0 END AS left_us,
        CASE n.kind WHEN 'warning' THEN COALESCE(f.warned, 0) WHEN 'recovery' THEN COALESCE(f.upgraded, 0)
            WHEN 'correction' THEN COALESCE(f.concerned, 0) ELSE 1 - COALESCE(f.warned, 0) END AS fits
    FROM notices n LEFT JOIN lines f ON f.notice_no = n.no WHERE n.defect_no = :defect_no
), standing AS MATERIALIZED (
    SELECT no, recipient, kind,
        CASE WHEN state IN ('SENT', 'IN_DOUBT') OR left_us = 1 THEN 1 ELSE 0 END AS told,
        CASE WHEN state = 'PENDING' AND fits = 1 THEN 1 ELSE 0 END AS waits
    FROM known WHERE state <> 'CANCELLED' AND NOT (state = 'PENDING' AND fits = 0 AND left_us = 0)
), cleared AS MATERIALIZED (
    SELECT recipient, max(no) AS no FROM standing WHERE kind = 'all_clear' GROUP BY recipient
), past AS MATERIALIZED (
    SELECT s.recipient,
        max(CASE WHEN s.kind = 'warning' THEN 1 ELSE 0 END) AS warned,
        max(CASE WHEN s.kind = 'recovery' THEN 1 ELSE 0 END) AS recovering,
        max(CASE WHEN s.kind IN ('warning', 'recovery') THEN 2 * s.no + s.told ELSE 0 END) AS newest,
        max(CASE WHEN s.kind = 'correction' THEN 2 * s.no + s.waits ELSE 0 END) AS correction
    FROM standing s LEFT JOIN cleared c ON c.recipient = s.recipient
    WHERE s.no > COALESCE(c.no, 0) GROUP BY s.recipient
), concerned AS MATERIALIZED (
    SELECT recipient FROM known WHERE concerned = 1 UNION
    SELECT recipient FROM assessed WHERE wanted IN ('warning', 'recovery')
), wanting AS MATERIALIZED (
    SELECT recipient, wanted, count(*) AS installs FROM assessed WHERE wanted IS NOT NULL GROUP BY recipient, wanted
), owed AS MATERIALIZED (
    SELECT w.recipient, w.wanted, w.installs FROM wanting w LEFT JOIN past p ON p.recipient = w.recipient
    LEFT JOIN concerned c ON c.recipient = w.recipient
    WHERE CASE w.wanted
        WHEN 'warning' THEN COALESCE(p.warned, 0) = 0
        WHEN 'recovery' THEN COALESCE(p.recovering, 0) = 0
        WHEN 'correction' THEN COALESCE(p.newest, 0) % 2 = 1 AND COALESCE(p.correction, 0) % 2 = 0
        ELSE COALESCE(p.newest, 0) % 2 = 1 AND c.recipient IS NULL END
), proceeding AS MATERIALIZED (
    SELECT a.recipient, a.install_no FROM assessed a JOIN owed o ON o.recipient = a.recipient AND o.wanted = a.wanted
    WHERE a.wanted = 'warning' AND EXISTS (
        SELECT 1 FROM checks k JOIN versions v ON v.product_no = :product_no AND v.text = k.to_version
        WHERE k.install_no = a.install_no AND k.decision = 'proceed' AND v.no IN ({affected}))
), counted AS (
    SELECT wanted AS what, recipient, installs FROM owed
    UNION ALL SELECT 'proceeding', recipient, count(*) FROM proceeding GROUP BY recipient
    UNION ALL SELECT 'unchanged', a.recipient, count(*) FROM assessed a LEFT JOIN owed o ON o.recipient = a.recipient
    WHERE a.after IS NOT NULL AND o.recipient IS NULL GROUP BY a.recipient
)
SELECT what, count(*) AS recipients, sum(installs) AS installs FROM counted GROUP BY what"""
