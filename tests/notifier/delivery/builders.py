"""Deliveries in a worker's hands, for tests that need no database."""

from __future__ import annotations

from notifier.delivery.claims import Claimed
from notifier.states import NoticeKind
from risk import Severity


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
