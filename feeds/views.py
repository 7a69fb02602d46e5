"""A defect as it is answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from storage import Tx

from . import holds
from .defects import Defect
from .holds import StandingHold
from .signatures import OpenSignature, outstanding
from .types import DefectView, Effect, HoldView, LintWarning, ProposedView, SignatureView


@dataclass(frozen=True, slots=True)
class Beside:
    """What those who know the installs say of a defect."""

    warnings: Iterable[LintWarning] = ()
    changes: tuple[str, ...] = ()
    effect: Effect | None = None
    #: Installs that have taken an affected version since a moment, which is given as an instant.
    upgraded_since: Callable[[str], int] | None = None


NOTHING: Final = Beside()


def view(tx: Tx, defect: Defect, now: datetime, beside: Beside = NOTHING) -> DefectView:
    """Return the live revision, or the draft, with what stands beside it at this moment."""
    report, standing = defect.report, holds.active(tx, defect.no, now)

    def hold(each: StandingHold) -> HoldView:
        upgraded = beside.upgraded_since(each.made_at) if beside.upgraded_since else None
        return HoldView(each.person, each.reason, each.made_at, each.until, upgraded)

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
        changes=beside.changes,
        effect=beside.effect,
        pause=hold(standing.pause) if standing.pause else None,
        objections=tuple(map(hold, standing.objections)),
        signatures=tuple(map(_signature, outstanding(tx, defect))),
        warnings=tuple(beside.warnings),
    )


def _proposed(defect: Defect) -> ProposedView | None:
    proposed = defect.proposed_revision
    if proposed is None or defect.live_revision is None:
        return None
    return ProposedView(proposed.number, proposed.by, proposed.at, proposed.report)


def _signature(signature: OpenSignature) -> SignatureView:
    return SignatureView(signature.act, dict(signature.terms), signature.person, signature.signed_at)
