"""Preview drift: what has become of an audience between the preview and the publishing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

import risk
from feeds import store as defects
from feeds.defects import Defect, rule_input
from feeds.types import DefectView
from installs_registry import products
from notifier import moves, publishing
from notifier.audience import audience_of
from notifier.publications import load_product
from notifier.publishing import By
from notifier.types import Acted, DriftView, PendingView, PublishedView, PublishPendingView, ThenAndNow
from risk import Exposure, Standing
from storage import Row, Statements, Tx, parse_instant

sql = Statements(__package__)

_COUNTED = tuple(exposure.value for exposure in Exposure)


def publish(tx: Tx, defect_id: str, by: By) -> Acted:
    """Publish as `publishing.publish` does, and say how the audience has changed since its preview."""
    changed = since_preview(tx, defect_id, by.person)
    acted = publishing.publish(tx, defect_id, by)
    if isinstance(acted.view, DefectView):
        return Acted(acted.status, PublishedView(**_fields(acted.view), drift=changed))
    return Acted(acted.status, PublishPendingView(**_fields(acted.view), drift=changed))


def since_preview(tx: Tx, defect_id: str, person: str) -> DriftView | None:
    """Compare what waits to be published with its last preview, the person's own if there is one.

    None where nobody was shown one, or nothing waits. Raises NotFound.
    """
    defect = defects.find(tx, defect_id)
    if defect.proposed is None:
        return None
    then = tx.one(sql.latest_preview, defect_no=defect.no, revision=defect.proposed, person=person)
    return None if then is None else _drift(tx, defect, then)


def _drift(tx: Tx, defect: Defect, then: Row) -> DriftView:
    now = audience_of(tx, defect.id)
    counts = {name: ThenAndNow(then[name], getattr(now, name).installs) for name in _COUNTED}
    new, upgraded = _moved(tx, defect, parse_instant(then["at"]))
    return DriftView(
        person=then["person"],
        at=then["at"],
        revision=then["revision"],
        **counts,
        new=new,
        upgraded=upgraded,
        sentence=_sentence(counts, new, upgraded),
    )


def _moved(tx: Tx, defect: Defect, moment: datetime) -> tuple[int, int]:
    """Return how many installs came under the risk since, being new, and how many left it by upgrading into it."""
    declared_now, _ = load_product(tx, defect.product_no)
    rule = risk.Rule.compile(rule_input(defect.id, defect.proposed_revision or defect.current), declared_now)
    new = upgraded = 0
    product = products.find_by_number(tx, defect.product_no)
    for move in moves.since(tx, product, rule.defect.condition, moment, last_only=True):
        standing = rule.standing(move.to_version)
        if move.truth is False:
            continue
        if move.from_version is None:
            new += move.installs if standing in {Standing.EXPOSED, Standing.UNRANKED} else 0
        elif standing is Standing.AFFECTED and rule.standing(move.from_version) is not Standing.AFFECTED:
            upgraded += move.installs
    return new, upgraded


def _sentence(counts: dict[str, ThenAndNow], new: int, upgraded: int) -> str:
    """Return the change among those whom a warning would reach, in words."""
    threatened = (counts[Exposure.AT_RISK.value], counts[Exposure.CANNOT_TELL.value])
    rest = sum(count.now - count.then for count in threatened) - new + upgraded
    parts = [
        f"+{new:,} new" if new else "",
        f"−{upgraded:,} upgraded" if upgraded else "",
        f"{'+' if rest > 0 else '−'}{abs(rest):,} by other changes" if rest else "",
    ]
    return ", ".join(filter(None, parts)) or "no change"


def _fields(view: DefectView | PendingView) -> dict[str, Any]:
    return msgspec.structs.asdict(view)
