"""Letting an outbox go that came back from a backup: what was owed before may have been sent after it was made."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from feeds import store as defects
from notifier.delivery import store
from risk import Severity
from storage import Statements, Tx, instant

sql = Statements(__package__)


def doubt_before(tx: Tx, since: datetime, now: datetime, *, repeated: Collection[Severity], domain: str) -> int:
    """Leave in doubt what was owed before `since` and waits; return how many deliveries.

    Those of a repeated severity, and all calls of webhooks, wait to be sent again under the same id. `domain` is the
    sender's, of which a Message-ID is made.
    """
    doubted: list[int] = []
    for row in tx.all(sql.waiting_before, since=instant(since)):
        again = defects.find_by_number(tx, row["defect_no"]).report.severity in repeated
        rows = tx.all(
            sql.doubt,
            defect_no=row["defect_no"],
            since=instant(since),
            now=instant(now),
            again=int(again),
            domain=domain,
        )
        doubted += [each["notice_no"] for each in rows]
    store.follow(tx, doubted)
    return len(doubted)
