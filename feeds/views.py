"""A defect as it is answered."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from storage import Tx

from . import holds
from .defects import Defect
from .holds import StandingHold
from .signatures import OpenSignature, outstanding
from .types import DefectView, HoldView, LintWarning, ProposedView, SignatureView


def view(tx: Tx, defect: Defect, now: datetime, warnings: Iterable[LintWarning] = ()) -> DefectView:
    """Return the live revision, or the draft, with what stands beside it at this moment."""
    report, standing = defect.report, holds.active(tx, defect.no, now)
    return DefectView(
        id=defect.id,
        state=defect.state,
        revision=defect.current.number,
        product=report.product,
        title=report.title,
        summary=report.summary,
        severity=report.severity,
        affected=report.affected,
        upgrading_from=report.upgrading_from,
        condition=report.condition,
        remedies=report.remedies,
        references=report.references,
        filed_by=defect.filed_by,
        filed_at=defect.filed_at,
        changed_at=defect.changed_at,
        published_at=defect.published_at,
        fixed_in=defect.fixed_in,
        reason=defect.reason,
        proposed=_proposed(defect),
        pause=_hold(standing.pause) if standing.pause else None,
        objections=tuple(map(_hold, standing.objections)),
        signatures=tuple(map(_signature, outstanding(tx, defect))),
        warnings=tuple(warnings),
    )


def _proposed(defect: Defect) -> ProposedView | None:
    proposed = defect.proposed_revision
    if proposed is None or defect.live_revision is None:
        return None
    return ProposedView(proposed.number, proposed.by, proposed.at, proposed.report)


def _hold(hold: StandingHold) -> HoldView:
    return HoldView(hold.person, hold.reason, hold.made_at, hold.until)


def _signature(signature: OpenSignature) -> SignatureView:
    return SignatureView(signature.act, dict(signature.terms), signature.person, signature.signed_at)
