"""Those who were forgotten, as salted hashes of their ids: enough to forget them again in an older backup, and no more.

A hash keeps an id from being read; who has the list can still try out ids that follow a pattern, so it is guarded
like a backup.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from storage import Row, Statements, Tx, instant

sql = Statements(__package__, "care.sql")

#: Customers that are read at once.
_PAGE = 5_000


class Erasure(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One customer that was forgotten."""

    hash: str
    salt: str
    #: An instant.
    at: str


def note(tx: Tx, customer: str, now: datetime) -> None:
    """Remember that this customer was forgotten; all erasures of one database share a salt."""
    salt = tx.value(sql.any_salt) or secrets.token_hex(16)
    tx.run(sql.insert_erasure, hash=_hash(salt, customer), salt=salt, at=instant(now))


def listing(tx: Tx) -> Sequence[Erasure]:
    """Return all erasures, oldest first."""
    return [Erasure(**row) for row in tx.all(sql.list_erasures)]


def rewrite_owed(tx: Tx) -> bool:
    """Say whether somebody was forgotten since the database file was last written anew."""
    return bool(tx.value(sql.rewrite_owed))


def note_rewrite(tx: Tx, now: datetime) -> None:
    """Remember that the database file was written anew; `now` is from before it was begun."""
    tx.run(sql.note_rewrite, at=instant(now))


def forgotten_before(tx: Tx, erasures: Iterable[Erasure]) -> list[str]:
    """Return the ids of the customers here that `erasures`, of another copy of this database, say are forgotten.

    One that was registered again after its erasure is not among them.
    """
    times: dict[str, dict[str, str]] = {}
    for erasure in erasures:
        times.setdefault(erasure.salt, {})[erasure.hash] = erasure.at
    if not times:
        return []
    return [
        row["id"]
        for row in _customers(tx)
        if any(row["changed_at"] <= known.get(_hash(salt, row["id"]), "") for salt, known in times.items())
    ]


def _customers(tx: Tx) -> Iterator[Row]:
    after = ""
    while page := tx.all(sql.customers_after, after=after, limit=_PAGE):
        yield from page
        after = page[-1]["id"]


def _hash(salt: str, customer: str) -> str:
    return hashlib.sha256(f"{salt}\0{customer}".encode()).hexdigest()
