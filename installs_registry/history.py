"""What an install has been: its versions and when, and when which facts of its footprint changed."""

from __future__ import annotations

import json
from datetime import datetime

import msgspec

from storage import Statements, Tx, instant
from storage.outcomes import NotFound

sql = Statements(__package__, "care.sql")

#: Changes of a footprint that are told, the newest.
_TOLD = 1_000


class VersionHad(msgspec.Struct, frozen=True):
    """A version, and when the install came to have it."""

    version: str
    since: str


class FootprintChange(msgspec.Struct, frozen=True):
    """Which facts changed, by name, and when; values that were are not kept."""

    facts: list[str]
    at: str


class History(msgspec.Struct, frozen=True):
    """What an install has been, as far as it is kept."""

    #: Oldest first; the last is the one it has.
    versions: list[VersionHad]
    #: Newest first, a thousand at most.
    footprint_changes: list[FootprintChange]


def of(tx: Tx, install_no: int) -> History:
    """Return the history of an install."""
    versions = [VersionHad(**row) for row in tx.all(sql.versions_had, install_no=install_no)]
    rows = tx.all(sql.footprint_changes_of, install_no=install_no, limit=_TOLD)
    return History(versions, [FootprintChange(json.loads(row["facts"]), row["at"]) for row in rows])


def of_install(tx: Tx, install: str) -> History:
    """Return the history of the install with this id; raises NotFound."""
    install_no = tx.value(sql.install_no, id=install)
    if install_no is None:
        raise NotFound("There is no such install.")
    return of(tx, install_no)


def any_old_versions(tx: Tx, low: int, high: int, before: datetime) -> bool:
    """Say whether `trim_versions` would find anything among these installs."""
    return bool(tx.value(sql.any_old_versions, low=low, high=high, before=instant(before)))


def trim_versions(tx: Tx, low: int, high: int, before: datetime) -> int:
    """Drop old returns to a version that installs above `low`, up to `high`, had had before; return how many.

    The first time an install had a version stays, and the version it has: what a repair owed and the ledger need.
    """
    return tx.run(sql.trim_versions, low=low, high=high, before=instant(before))


def trim_footprint_changes(tx: Tx, before: datetime, size: int) -> int:
    """Drop the oldest changes of footprints, of the oldest `size` those from before; return how many."""
    return tx.run(sql.trim_footprint_changes, before=instant(before), size=size)
