"""Deliveries in a worker's hands that need no database, and a defect that is paused."""

from __future__ import annotations

from notifier.delivery.claims import Claimed
from notifier.states import NoticeKind
from risk import Severity
from storage import Tx


def a_claim(no: int = 1) -> Claimed:
    """Return a warning of data loss that has never been sent."""
    return Claimed(
        notice_no=no,
        notice=f"N-{no}",
        kind=NoticeKind.WARNING,
        defect_no=1,
        recipient=no,
        no=no,
        fence=1,
        attempts=1,
        channel="email",
        address=None,
        message_id=None,
        severity=Severity.DATA_LOSS,
        generation=1,
    )


def pause(tx: Tx, defect: str, until: str) -> None:
    """Pause a defect until an instant."""
    tx.run_built(
        "INSERT INTO holds (defect_no, kind, person, reason, made_at, until)"
        " SELECT no, 'pause', 'omar', 'Wait.', '2026-01-01T12:00:00.000000Z', :until FROM defects WHERE id = :defect",
        {"until": until, "defect": defect},
    )
