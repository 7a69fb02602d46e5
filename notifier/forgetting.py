"""Forgetting: a customer who asks for it, and what is thrown away because of its age."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from feeds import store as defects
from installs_registry import customers, dropping, products
from notifier import notices, owing, sweeping
from notifier.exposures import Change, Span
from notifier.notices import Wanted
from notifier.owed import Cause
from notifier.owing import Matter
from notifier.tokens import Links
from risk import Exposure
from storage import Row, Statements, Tx, instant

sql = Statements(__package__, "care.sql")

#: More notices than anybody can have.
_ALL: Final = 2**62


def erase_customer(tx: Tx, customer: str, now: datetime) -> None:
    """Forget a customer, and what it was owed, told and reached at; raises NotFound.

    Its installs are held by nobody known from now on: the app itself warns of what they are exposed to. What was
    deleted is overwritten in the database file before this is acknowledged.
    """
    customer_no = customers.number(tx, customer)
    held = _hold_installs(tx, customer_no)
    exposed = tx.all(sql.exposed_installs_of, recipient=customer_no)
    tx.run(sql.erase_suppressions, recipient=customer_no)
    customers.erase(tx, customer, now)
    for statement in (sql.erase_deliveries, sql.erase_lines, sql.erase_notices):
        tx.run(statement, recipient=customer_no)
    tx.run(sql.erase_acceptor, customer=customer)
    for row in exposed:
        _owe_in_app(tx, row, now)
    for product_no, install_nos in held.items():
        sweeping.sweep_moved(tx, product_no, [-no for no in install_nos], now)
    tx.scrub()


def _hold_installs(tx: Tx, customer_no: int) -> Mapping[int, Sequence[int]]:
    """Hold a customer, its installs and their products against all others; return the installs by product."""
    tx.all(sql.lock_erased, recipient=customer_no)
    held: dict[int, list[int]] = defaultdict(list)
    for row in tx.all(sql.hold_installs_of, recipient=customer_no):
        held[row["product_no"]].append(row["no"])
    for product_no in sorted(held):
        products.lock(tx, product_no, shared=True)
    return held


def _owe_in_app(tx: Tx, exposed: Row, now: datetime) -> None:
    """Owe an install itself what its holder can no longer be told."""
    matter = Matter(defects.find(tx, exposed["defect"]), Cause.CHECK_IN, instant(now))
    change = Change(exposed["install_no"], -exposed["install_no"], None, Exposure(exposed["state"]))
    owing.record(tx, matter, Span.one(change.recipient), [change], now)


def export_customer(tx: Tx, customer: str, links: Links | None = None) -> dict[str, Any]:
    """Return all that is held on a customer; raises NotFound."""
    customer_no = customers.number(tx, customer)
    told = notices.listing(tx, Wanted(customer=customer), after=0, limit=_ALL, links=links)
    return {
        **customers.export(tx, customer),
        "notices": [notice for _, notice in told],
        "deliveries": tx.all(sql.deliveries_to, recipient=customer_no),
        "bounces": tx.all(sql.bounces_of, recipient=customer_no),
        "suppressions": tx.all(sql.suppressions_of, recipient=customer_no),
        "checks": tx.all(sql.checks_of, recipient=customer_no),
        "accepted_risks": tx.all(sql.accepted_risks_of, recipient=customer_no, customer=customer),
    }


def forget_acceptor(tx: Tx, is_theirs: Callable[[str], bool], instead: str) -> None:
    """Put `instead` in place of each spelling of a person's name under the risks that were accepted."""
    for row in tx.all(sql.acceptors):
        if is_theirs(row["person"]):
            tx.run(sql.forget_acceptor, person=row["person"], instead=instead)


def end_of_installs(tx: Tx, low: int, size: int) -> int | None:
    """Return the number of the last of the `size` installs above `low`, None where there are no more."""
    end = tx.value(sql.end_of_installs, low=low, size=size)
    return None if end is None else int(end)


def any_unseen(tx: Tx, low: int, high: int, before: datetime) -> bool:
    """Say whether any of the installs above `low`, up to `high`, has not been seen since `before`."""
    return bool(tx.value(sql.any_unseen, low=low, high=high, before=instant(before)))


def drop_unseen(tx: Tx, low: int, high: int, before: datetime) -> int:
    """Forget the installs above `low`, up to `high`, that have not been seen since `before`; return how many.

    All that is known of them goes: footprint, history, exposures, checks, and their lines in notices.
    """
    found = tx.all(sql.unseen_installs, low=low, high=high, before=instant(before))
    rows = [{"install_no": row["no"]} for row in found]
    if rows:
        for statement in _OF_AN_INSTALL:
            tx.many(getattr(sql, statement), rows)
        dropping.drop(tx, [(row["product_no"], row["no"]) for row in found])
        tx.scrub()
    return len(rows)


#: What is kept of an install here, in the order in which it can be taken away.
_OF_AN_INSTALL: Final[Sequence[str]] = (
    "drop_own_deliveries",
    "drop_own_lines",
    "drop_own_notices",
    "drop_exposures",
    "drop_exposure_changes",
    "drop_checks",
    "drop_accepted_risks",
)


def trim_checks(tx: Tx, before: datetime, size: int) -> int:
    """Drop the oldest recorded checks, of the oldest `size` those from before; return how many."""
    return tx.run(sql.trim_checks, before=instant(before), size=size)
