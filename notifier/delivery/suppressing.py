"""Addresses that are left alone for a while, because their own server said that they are none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from installs_registry.installed import as_json
from storage import Row, Statements, Tx, instant

sql = Statements(__package__, "bounces.sql")

#: For how long after the first refusal for good; as long again for each further one, up to the longest.
FIRST_REST, LONGEST_REST = timedelta(days=30), timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Suppressed:
    """An address that is left alone."""

    address: str
    refusals: int
    #: What its server said last.
    reply: str
    #: Stored instants: when it last did, and from when on it is tried again.
    since: str
    until: str


def suppress(tx: Tx, address: str, reply: str, now: datetime) -> None:
    """Leave an address alone from now on, the longer the oftener it was refused."""
    before = tx.value(sql.refusals, address=address.lower()) or 0
    rest = min(LONGEST_REST, FIRST_REST * (int(before) + 1))
    tx.run(sql.suppress, address=address.lower(), reply=reply, now=instant(now), until=instant(now + rest))


def suppressed(tx: Tx, addresses: Collection[str], now: datetime) -> Mapping[str, Row]:
    """Return why and until when (reply, until) which of these addresses are left alone, by the address as given."""
    found = {}
    if addresses:
        listed = as_json(sorted({each.lower() for each in addresses}))
        found = {row["address"]: row for row in tx.all(sql.suppressed, addresses=listed, now=instant(now))}
    return {each: found[each.lower()] for each in addresses if each.lower() in found}


def listing(tx: Tx, now: datetime) -> list[Suppressed]:
    """Return all addresses that are left alone now."""
    return [Suppressed(**row) for row in tx.all(sql.list_suppressed, now=instant(now))]


def lift(tx: Tx, address: str) -> bool:
    """Let an address be written to again; return whether it was left alone."""
    return tx.run(sql.lift, address=address.lower()) > 0
