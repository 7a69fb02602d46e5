"""Leases: deliveries are claimed, kept for as long as somebody has them in hand, and taken up from the dead."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from feeds import store as defects
from installs_registry.installed import as_json
from notifier.delivery import waiting
from notifier.delivery.claims import Claimed
from notifier.delivery.retrying import Patience
from notifier.delivery.store import settle
from notifier.delivery.waiting import Due
from risk import Severity
from storage import Statements, StorageError, Tx, instant

sql = Statements(__package__, "leases.sql")

#: How long a claim lasts unless it is renewed or set otherwise; a dead process's work is taken up soon after.
LEASE = timedelta(seconds=45)


def claim(tx: Tx, worker: str, now: datetime, *, most: int, mail: bool, lease: timedelta = LEASE) -> list[Claimed]:
    """Lease up to `most` deliveries that are due, the gravest and oldest first; without `mail`, mail waits."""
    rows = waiting.due(tx, now, most, mail=mail)
    if not rows:
        return []
    claimed = _claimed(tx, rows)
    numbers = as_json([each.no for each in claimed])
    if tx.run(sql.claim, numbers=numbers, worker=worker, until=instant(now + lease)) != len(claimed):
        raise StorageError("what was due and held was another's all the same")
    tx.run(sql.follow_claim, numbers=as_json(sorted({each.notice_no for each in claimed})))
    return claimed


def renew(tx: Tx, held: Sequence[Claimed], now: datetime, *, lease: timedelta = LEASE) -> int:
    """Prolong the leases of what is still in a worker's hands and has not run out; return how many.

    What could not be recorded is in nobody's hands any more: its lease runs out although its process lives.
    """
    terms = {"now": instant(now), "until": instant(now + lease)}
    return tx.at_once(sql.renew, [{"no": each.no, "fence": each.fence, **terms} for each in held])


def expire(tx: Tx, patience: Patience, now: datetime) -> int:
    """Take up what workers have left behind; return how many deliveries.

    What had not been handed over waits again; what had is in doubt, and sent again where hearing twice is better
    than never. Notices that a sweep passed by while they were being sent are brought to their defect's generation.
    """
    rows = tx.tuples(sql.expired, now=instant(now))
    handed_over = {row[0]: bool(row[-1]) for row in rows}
    claimed = _claimed(tx, msgspec.convert([row[:-1] for row in rows], list[Due]))
    outcomes = [patience.abandoned(each, now, handed_over=handed_over[each.no]) for each in claimed]
    if outcomes:
        settle(tx, outcomes, now)
    waiting.catch_up(tx, now)
    return len(outcomes)


def _claimed(tx: Tx, rows: Sequence[Due]) -> list[Claimed]:
    severities = {no: _severity(tx, no) for no in {row.defect_no for row in rows}}
    return [
        Claimed(
            notice_no=row.notice_no,
            notice=row.notice,
            kind=row.kind,
            defect_no=row.defect_no,
            recipient=row.recipient,
            no=row.no,
            generation=row.generation,
            fence=row.fence,
            attempts=row.attempts,
            channel=row.channel,
            address=row.address,
            message_id=row.message_id,
            severity=severities[row.defect_no],
        )
        for row in rows
    ]


def _severity(tx: Tx, defect_no: int) -> Severity:
    return defects.find_by_number(tx, defect_no).report.severity
