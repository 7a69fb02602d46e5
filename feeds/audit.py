"""Who decided what, when and why: an append-only chain, each row with the hash of the one before it.

Details name defects, releases and the vendor's own people; never a customer's name or address, for a row can
never be taken out again.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage import Statements, instant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from storage import Row, Tx

sql = Statements(__package__)

_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the audit."""

    no: int
    #: RFC 3339, UTC.
    at: str
    person: str
    act: str
    #: What was acted upon: a defect's id, a key's id, the name of a setting.
    subject: str
    detail: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Broken:
    """The first row that is not as it was written."""

    no: int
    why: str


def record(tx: Tx, person: str, act: str, subject: str, detail: Mapping[str, object], now: datetime) -> int:
    """Append a row; return its number. Appending is one at a time over all processes."""
    head = tx.one(sql.lock_audit_head)
    if head is None:
        message = "The audit has lost its head; nothing can be decided before it is restored from a backup."
        raise LookupError(message)
    row: Row = {
        "no": head["no"] + 1,
        "at": instant(now),
        "person": person,
        "act": act,
        "subject": subject,
        "detail": json.dumps(detail, sort_keys=True, separators=(",", ":")),
        "previous": head["hash"],
    }
    row["hash"] = digest(row)
    tx.run(sql.add_audit_row, **row)
    tx.run(sql.move_audit_head, no=row["no"], hash=row["hash"])
    return int(row["no"])


def of(tx: Tx, subject: str) -> tuple[Entry, ...]:
    """Return all that was decided about a subject, oldest first."""
    rows = tx.all(sql.list_audit_rows_of_subject, subject=subject)
    return tuple(Entry(**{**row, "detail": json.loads(row["detail"])}) for row in rows)


def verify(tx: Tx) -> Broken | None:
    """Return the first row that is not as it was written, None where the chain is whole.

    Whoever can rewrite every row from one on and the head with them is not found out by this.
    """
    count, previous = 0, ""
    for row in _rows(tx):
        count += 1
        why = _complaint(row, count, previous)
        if why is not None:
            return Broken(count, why)
        previous = row["hash"]
    head = tx.one(sql.find_audit_head)
    if head is None:
        return Broken(count, "The head of the chain is missing.")
    if (head["no"], head["hash"]) != (count, previous):
        return Broken(count + 1, f"The chain ends at row {count}; its head says row {head['no']}.")
    return None


def digest(row: Row) -> str:
    """Return the SHA-256 of a row with all its columns but `hash`, in hexadecimal."""
    columns = ("no", "at", "person", "act", "subject", "detail", "previous")
    text = json.dumps([row[column] for column in columns], separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _rows(tx: Tx) -> Iterator[Row]:
    after = 0
    while page := tx.all(sql.list_audit_rows, after=after, limit=_PAGE):
        yield from page
        after = page[-1]["no"]


def _complaint(row: Row, expected: int, previous: str) -> str | None:
    if row["no"] != expected:
        return f"Row {expected} is missing; row {row['no']} comes in its place."
    if row["previous"] != previous:
        return f"Row {expected} does not follow the row before it."
    if row["hash"] != digest(row):
        return f"Row {expected} was changed after it was written."
    return None
