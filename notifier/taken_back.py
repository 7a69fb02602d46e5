"""What became of the deliveries that a withdrawal or a narrowing took back: never sent, in doubt, sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum

from notifier.owed import Cause
from notifier.states import NoticeState
from notifier.types import TakenBackView
from storage import Row, Statements, Tx

sql = Statements(__package__, "taken_back.sql")


class Fate(StrEnum):
    """Where a delivery was when its notice was taken back; each has exactly one."""

    #: It had not left, and never will.
    NEVER_SENT = "never_sent"
    #: It had left, and no answer came: the recipient may have it.
    IN_DOUBT = "in_doubt"
    #: It was taken, or shown in the app.
    SENT = "sent"
    #: The other side refused it for good, so nobody has it.
    REFUSED = "refused"


def taken_back(tx: Tx, defect_no: int) -> TakenBackView | None:
    """Count what the defect's last withdrawal or narrowing took back; None where neither took back anything.

    A withdrawal counts from the moment it holds, a narrowing as its sweep goes over the installs.
    """
    last = tx.one(sql.last_taken_back, defect_no=defect_no)
    if last is None:
        return None
    cause, before = Cause(last["cause"]), last["notices_before"]
    fates = _fates(_deliveries(tx, defect_no, last))
    cleared = {
        row["state"]: row["deliveries"]
        for row in tx.all(
            sql.all_clears_owed, defect_no=defect_no, notices_before=before, notices_until=last["notices_until"]
        )
    }
    return TakenBackView(
        by="withdrawn" if cause is Cause.WITHDRAWN else "narrowed",
        at=last["started_at"],
        never_sent=fates[Fate.NEVER_SENT],
        in_doubt=fates[Fate.IN_DOUBT],
        sent=fates[Fate.SENT],
        refused=fates[Fate.REFUSED],
        all_clears=sum(cleared.values()),
        all_clears_sent=cleared.get(NoticeState.SENT, 0),
    )


def _deliveries(tx: Tx, defect_no: int, last: Row) -> list[Row]:
    before = last["notices_before"]
    if last["cause"] == Cause.WITHDRAWN:
        return tx.all(sql.deliveries_withdrawn, defect_no=defect_no, notices_before=before)
    changes = last["changes_before"]
    return tx.all(sql.deliveries_narrowed, defect_no=defect_no, notices_before=before, changes_before=changes)


def _fates(rows: Iterable[Row]) -> Counter[Fate]:
    counted: Counter[Fate] = Counter()
    for row in rows:
        counted[fate(NoticeState(row["state"]), has_left=bool(row["has_left"]))] += row["deliveries"]
    return counted


def fate(state: NoticeState, *, has_left: bool) -> Fate:
    """Return the fate of a delivery that is taken back; `has_left`: its last byte may have gone out."""
    if state is NoticeState.SENT:
        return Fate.SENT
    if has_left or state is NoticeState.IN_DOUBT:
        return Fate.IN_DOUBT
    return Fate.REFUSED if state is NoticeState.FAILED else Fate.NEVER_SENT
