"""Who decided what, when and why: an append-only chain, each row with the hash of the one before it.

Details name defects, releases and keys; never a customer's name or address, for a row can never be taken out
again. The vendor's own people stand in it by reference (`people`), so that a name can be forgotten.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from storage import Row, Statements, Tx, instant

from . import people

sql = Statements(__package__)

_PAGE = 1_000

#: The members of a detail that name people: one name, or a list of them.
_PEOPLE = ("whose", "signed_by")

#: The act that explains why a name is gone.
FORGET = "forget person"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the audit."""

    no: int
    #: RFC 3339, UTC.
    at: str
    person: str
    act: str
    #: What was acted upon: a defect's id, a key's id, the name of a rule.
    subject: str
    detail: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Broken:
    """The first row that is not as it was written."""

    no: int
    why: str


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain: it stands for every row before it."""

    #: 0 for an audit without a row.
    no: int
    #: SHA-256 of the last row, in hexadecimal; empty for an audit without a row.
    hash: str


def record(tx: Tx, person: str, act: str, subject: str, detail: Mapping[str, object], now: datetime) -> int:
    """Append a row; return its number. Appending is one at a time over all processes.

    The members `whose` and `signed_by` of the detail name people.
    """
    before = lock(tx)
    row: Row = {
        "no": before.no + 1,
        "at": instant(now),
        "person": people.reference(tx, person),
        "act": act,
        "subject": subject,
        "detail": _text(_with_people(detail, lambda name: people.reference(tx, name))),
        "previous": before.hash,
    }
    row["hash"] = digest(row)
    tx.run(sql.add_audit_row, **row)
    tx.run(sql.move_audit_head, no=row["no"], hash=row["hash"])
    return int(row["no"])


def lock(tx: Tx) -> Head:
    """Hold the head of the chain until the transaction ends, so that decisions come one after another; return it."""
    row = tx.one(sql.lock_audit_head)
    if row is None:
        raise LookupError("The audit has lost its head; nothing can be decided before it is restored from a backup.")
    return Head(row["no"], row["hash"])


def head(tx: Tx) -> Head | None:
    """Return the end of the chain, None where it is missing."""
    row = tx.one(sql.find_audit_head)
    return None if row is None else Head(row["no"], row["hash"])


def hash_of_row(tx: Tx, no: int) -> str | None:
    """Return the hash of a row, None where there is none; before the first row it is empty."""
    return "" if no == 0 else tx.value(sql.find_audit_hash, no=no)


def of(tx: Tx, subject: str) -> tuple[Entry, ...]:
    """Return all that was decided about a subject, oldest first, with the people's names."""
    return _entries(tx, tx.all(sql.list_audit_rows_of_subject, subject=subject))


def latest(tx: Tx, acts: frozenset[str], limit: int = 100) -> tuple[Entry, ...]:
    """Return the newest rows of these acts, newest first."""
    rows = [row for act in sorted(acts) for row in tx.all(sql.list_audit_rows_of_act, act=act, limit=limit)]
    return _entries(tx, sorted(rows, key=lambda row: -row["no"])[:limit])


def _entries(tx: Tx, rows: list[Row]) -> tuple[Entry, ...]:
    known = people.names(tx)

    def name(ref: str) -> str:
        return known.get(ref, ref)

    return tuple(
        Entry(**{**row, "person": name(row["person"]), "detail": _with_people(json.loads(row["detail"]), name)})
        for row in rows
    )


def verify(tx: Tx) -> Broken | None:
    """Return the first row that is not as it was written, None where the chain is whole.

    Whoever can rewrite every row from one on and the head with them is found out only by an older head (`heads`).
    """
    walked = _Walked()
    for row in _rows(tx):
        why = _complaint(row, walked.count + 1, walked.previous)
        if why is not None:
            return Broken(walked.count + 1, why)
        walked.add(row)
    end = head(tx)
    if end is None:
        return Broken(walked.count, "The head of the chain is missing.")
    if (end.no, end.hash) != (walked.count, walked.previous):
        return Broken(walked.count + 1, f"The chain ends at row {walked.count}; its head says row {end.no}.")
    return _changed_name(tx, walked)


@dataclass(slots=True)
class _Walked:
    """What the rows up to here amount to."""

    count: int = 0
    previous: str = ""
    #: By reference, the first row that names it.
    named: dict[str, int] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)

    def add(self, row: Row) -> None:
        self.count += 1
        self.previous = row["hash"]
        for ref in (row["person"], *_named_in(row["detail"])):
            if people.is_reference(ref):
                self.named.setdefault(ref, self.count)
        if row["act"] == FORGET:
            self.forgotten.add(row["subject"])


def _changed_name(tx: Tx, walked: _Walked) -> Broken | None:
    """Return the first row whose person is no longer the one that was written."""
    wrong, gone = people.exchanged(tx), people.is_forgotten(tx)
    for ref, no in sorted(walked.named.items(), key=lambda item: item[1]):
        if ref not in wrong:
            return Broken(no, f"Who acted in row {no} is missing.")
        if ref in gone and ref not in walked.forgotten:
            return Broken(no, f"Who acted in row {no} was taken out, and no row says by whom.")
        why = wrong[ref]
        if why is not None:
            return Broken(no, why)
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


def _text(detail: Mapping[str, object]) -> str:
    return json.dumps(detail, sort_keys=True, separators=(",", ":"))


def _with_people(detail: Mapping[str, object], translate: Callable[[str], str]) -> dict[str, object]:
    """Return the detail with its people translated."""
    return {name: _translated(value, translate) if name in _PEOPLE else value for name, value in detail.items()}


def _translated(value: object, translate: Callable[[str], str]) -> object:
    return [translate(str(each)) for each in value] if isinstance(value, list | tuple) else translate(str(value))


def _named_in(detail: str) -> list[str]:
    members = json.loads(detail)
    values = [members[member] for member in _PEOPLE if member in members]
    return [str(ref) for value in values for ref in (value if isinstance(value, list) else [value])]
