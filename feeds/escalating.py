"""Data-loss drafts that nobody decides: told to the approvers once, published by themselves where that is wished."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from risk import Severity
from storage import Row, Statements, Tx, instant

from . import audit, rules, store
from .defects import Defect
from .life import State
from .people import SERVICE

sql = Statements(__package__)

#: Drafts looked at in one transaction.
_BATCH = 100


def undecided(tx: Tx, now: datetime) -> tuple[Defect, ...]:
    """Return the data-loss drafts that have waited too long and were not escalated yet, oldest first."""
    hours = rules.current(tx).escalate_after_hours
    if not hours:
        return ()
    return _data_loss(tx, tx.all(sql.list_undecided, before=instant(now - timedelta(hours=hours)), limit=_BATCH))


def escalate(tx: Tx, defect: Defect, now: datetime) -> bool:
    """Record that the approvers are told; False where that was done before, by this process or another."""
    if not tx.run(sql.add_escalation, defect_no=defect.no, at=instant(now)):
        return False
    publishes_at = publishes_itself_at(tx, now)
    detail = {"filed_at": defect.filed_at, "publishes_at": instant(publishes_at) if publishes_at else None}
    audit.record(tx, SERVICE, "escalate", defect.id, {k: v for k, v in detail.items() if v}, now)
    return True


def publishes_itself_at(tx: Tx, escalated_at: datetime) -> datetime | None:
    """Return when a draft escalated at that moment is published by itself; None: never."""
    hours = rules.current(tx).publish_after_hours
    return escalated_at + timedelta(hours=hours) if hours else None


def overdue(tx: Tx, now: datetime) -> tuple[Defect, ...]:
    """Return the escalated drafts that are to be published by themselves now; none unless that is switched on."""
    hours = rules.current(tx).publish_after_hours
    if not hours:
        return ()
    return _data_loss(tx, tx.all(sql.list_overdue, before=instant(now - timedelta(hours=hours)), limit=_BATCH))


def end(tx: Tx, defect: Defect, now: datetime) -> bool:
    """Record that the time to publish it by itself has come; False where it had been done, or is a draft no more."""
    return defect.state is State.DRAFT and bool(tx.run(sql.end_escalation, defect_no=defect.no, at=instant(now)))


def _data_loss(tx: Tx, rows: Iterable[Row]) -> tuple[Defect, ...]:
    """Return those of the defects, named in these rows, that lose data."""
    found = (store.find(tx, row["id"]) for row in rows)
    return tuple(defect for defect in found if defect.report.severity is Severity.DATA_LOSS)
