"""Reading a fleet, whole or what has changed, as of the transaction that asks.

Each page comes as one row of JSON arrays, a column each: SQLite makes them while the interpreter is free for others.
Row by row, the thread would wait for the interpreter at each of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np

from installs_registry import footprints
from installs_registry.fleet.column import Cell
from installs_registry.fleet.fleet import NOWHERE, Fleet, OutOfOrder
from installs_registry.known import KnownProduct
from storage import Tx

#: Installs or customers in one page.
PAGE: Final = 5_000

_INSTALL: Final = ("i.no", "i.version_no", "i.recipient", "i.token_hash IS NOT NULL")
_CUSTOMER: Final = (
    "c.no",
    "CASE WHEN c.email IS NOT NULL AND c.mail_refused_at IS NULL THEN coalesce(pe.floor, '') END",
    "CASE WHEN c.webhook IS NOT NULL THEN coalesce(pw.floor, '') END",
)
_CUSTOMERS: Final = """customers c
    LEFT JOIN preferences pe ON pe.customer_no = c.no AND pe.channel = 'email'
    LEFT JOIN preferences pw ON pw.customer_no = c.no AND pw.channel = 'webhook'"""
_AMONG: Final = "IN (SELECT value FROM json_each(:numbers))"
_BOUNDS: Final = """SELECT coalesce((SELECT min(no) FROM fleet_changes), 1) AS first,
    coalesce((SELECT max(no) FROM fleet_changes), 0) AS last"""
_CHANGED: Final = """SELECT json_group_array(DISTINCT install_no) FILTER (WHERE install_no IS NOT NULL) AS installs,
    json_group_array(DISTINCT customer_no) FILTER (WHERE customer_no IS NOT NULL) AS customers
    FROM fleet_changes WHERE no > :position"""


def read(tx: Tx, product: KnownProduct, names: Iterable[str]) -> Fleet:
    """Return the whole fleet, with these names; takes some seconds for a million installs."""
    fleet = Fleet(product, names)
    position = tx.built(_BOUNDS, {})[0]["last"]
    wanted = tuple(fleet.columns)
    # +: in the order of the numbers, not by an index on products.
    some = f"WHERE +i.product_no = {product.no} AND i.no > :after ORDER BY i.no LIMIT {PAGE}"
    for page in _pages(tx, _arrays(*_installs(product, wanted), some)):
        fleet.put(page, wanted)
    for page in _pages(tx, _arrays(_CUSTOMER, _CUSTOMERS, f"WHERE c.no > :after ORDER BY c.no LIMIT {PAGE}")):
        fleet.put_customers(page)
    fleet.position = position
    return fleet


def sort_keys(tx: Tx, product_no: int) -> dict[int, str | None]:
    """Return the sort key of each version of the product by its number; None: its place is not declared."""
    found = tx.built(
        _arrays(("no", "sort_key"), "versions", "WHERE product_no = :product_no"), {"product_no": product_no}
    )
    numbers, keys = (_decoded(array) for array in found[0].values())
    return dict(zip(numbers, keys, strict=True))  # type: ignore[arg-type]


class TooFarBehind(Exception):
    """A fleet cannot follow: what it misses was cleared from the log, or is more than it may take up now."""


def follow(tx: Tx, product: KnownProduct, fleet: Fleet, most: int) -> bool:
    """Bring the fleet to what this transaction sees, by at most so many entries; False where it is ahead of that.

    The caller has its lock. Raises TooFarBehind.
    """
    bounds = tx.built(_BOUNDS, {})[0]
    first, last = int(bounds["first"]), int(bounds["last"])
    position = fleet.position
    if position >= last:
        return position == last
    if position < max(first - 1, last - most):
        raise TooFarBehind
    # Whatever breaks on the way leaves it half done.
    fleet.position = NOWHERE
    try:
        _take(tx, product, fleet, tx.built(_CHANGED, {"position": position})[0])
    except OutOfOrder as error:
        raise TooFarBehind from error
    fleet.position = last
    return True


def _take(tx: Tx, product: KnownProduct, fleet: Fleet, changed: Mapping[str, Any]) -> None:
    installs, customers = _decoded(changed["installs"]), _decoded(changed["customers"])
    if customers:
        found = _row(tx, _arrays(_CUSTOMER, _CUSTOMERS, f"WHERE c.no {_AMONG} ORDER BY c.no"), changed["customers"])
        gone = sorted(set(customers) - set(found[0]), key=int)  # type: ignore[arg-type]
        fleet.put_customers([gone, [None] * len(gone), [None] * len(gone)])
        fleet.put_customers(found)
    if installs:
        wanted = tuple(fleet.columns)
        some = f"WHERE +i.product_no = {product.no} AND i.no {_AMONG} ORDER BY i.no"
        found = _row(tx, _arrays(*_installs(product, wanted), some), changed["installs"])
        gone = sorted(set(installs) - set(found[0]), key=int)  # type: ignore[arg-type]
        fleet.drop(np.array(gone, np.int64))
        fleet.put(found, wanted)


def _installs(product: KnownProduct, names: Sequence[str]) -> tuple[Sequence[str], str]:
    columns = footprints.columns(product)
    tables = f"installs i LEFT JOIN versions v1 ON v1.no = i.first_version_no {footprints.joins(product)}"
    return (*_INSTALL, *(columns[name].sql for name in names)), tables


def _arrays(columns: Sequence[str], tables: str, some: str) -> str:
    """Return the SQL that gathers columns of some rows in an array each."""
    named = ", ".join(f"{column} AS a{place}" for place, column in enumerate(columns))
    arrays = ", ".join(f"json_group_array(a{place}) AS a{place}" for place in range(len(columns)))
    return f"SELECT {arrays} FROM (SELECT {named} FROM {tables} {some})"  # noqa: S608 - our own names and numbers


def _pages(tx: Tx, text: str) -> Iterator[list[list[Cell]]]:
    """Yield the pages of a table in the order of its numbers, none of them empty."""
    after: Cell = 0
    while True:
        page = [_decoded(array) for array in tx.built(text, {"after": after})[0].values()]
        if not page[0]:
            return
        yield page
        after = page[0][-1]


def _row(tx: Tx, text: str, numbers: str) -> list[list[Cell]]:
    return [_decoded(array) for array in tx.built(text, {"numbers": numbers})[0].values()]


def _decoded(array: str) -> list[Cell]:
    return msgspec.json.decode(array, type=list[Cell])
