"""Check-ins and imports: who holds what, matched against the open defects in the same transaction.

A check-in holds its product's lock shared and a publication holds it alone, so one of the two sees the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

import msgspec

from feeds import store as defects
from installs_registry import customers, installs, products
from installs_registry.addresses import Network
from installs_registry.installs import CheckedIn
from installs_registry.products import KnownProduct
from installs_registry.types import (
    CheckIn,
    CustomerLine,
    CustomerRecord,
    CustomerView,
    InstallLine,
    ReleaseLine,
)
from notifier import notices, owing
from notifier.exposures import Change, Span, of_install
from notifier.notices import Wanted
from notifier.owed import Cause
from notifier.owing import Matter
from notifier.publications import Rulebook
from notifier.releasing import put_release
from notifier.tokens import Links
from notifier.types import CheckInAnswer
from risk import Exposure
from storage import Statements, Tx, instant
from storage.outcomes import Invalid, NotFound

sql = Statements(__package__)

ImportKind = Literal["releases", "customers", "installs"]


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who reports an install."""

    #: The token the client app made; None where the vendor reports.
    token: str | None = None
    #: The one product that an app's key may speak of; None: any, it is the vendor.
    product_no: int | None = None

    @property
    def is_vendor(self) -> bool:
        """Whether the report comes with the vendor's own authority."""
        return self.product_no is None


VENDOR = Reporter()


def check_in(
    tx: Tx,
    install: str,
    body: CheckIn,
    *,
    reporter: Reporter,
    rulebook: Rulebook,
    now: datetime,
    links: Links | None = None,
) -> CheckInAnswer:
    """Take an install's report; answer with the install and the notices it should show."""
    product = _held_product(tx, body.product, reporter)
    checked = _take(tx, product, install, body, reporter, rulebook, now)
    shown = notices.show_in_app(tx, checked.install_no, now, links)
    view = installs.view(tx, install, token=reporter.token, vendor=reporter.is_vendor, product=product)
    return CheckInAnswer(install=view, notices=shown)


def _take(
    tx: Tx,
    product: KnownProduct,
    install: str,
    body: CheckIn,
    reporter: Reporter,
    rulebook: Rulebook,
    now: datetime,
) -> CheckedIn:
    checked = installs.check_in(tx, product, install, body, token=reporter.token, vendor=reporter.is_vendor, now=now)
    if checked.changed:
        assess(tx, product.no, checked, rulebook, now)
    return checked


def _held_product(tx: Tx, product: str, reporter: Reporter) -> KnownProduct:
    """Return the product, held against publications; one that is not the app's own is as good as unknown."""
    try:
        known = products.held(tx, product)
    except NotFound as error:
        raise Invalid.at("/product", error.detail) from None
    if reporter.product_no not in {None, known.no}:
        raise Invalid.at("/product", "There is no such product.")
    return known


def assess(tx: Tx, product_no: int, checked: CheckedIn, rulebook: Rulebook, now: datetime) -> None:
    """Store what the check-in changes in the install's exposures, and the notices owed for it."""
    found = of_install(tx, rulebook.index(tx, product_no), checked.after)
    changed_hands = checked.before is not None and checked.before.recipient != checked.recipient
    if changed_hands:
        tx.run(sql.leave_old_notices, install_no=checked.install_no, recipient=checked.recipient)
    for defect_id, change in found.items():
        # Whoever holds it now has been told nothing yet, whatever the one before was told.
        owed = Change(change.install_no, change.recipient, None, change.after) if changed_hands else change
        if owed.before is not owed.after:
            matter = Matter(defects.find(tx, defect_id), Cause.CHECK_IN, instant(now))
            owing.record(tx, matter, Span.one(checked.recipient), [owed], now)


def put_customer(
    tx: Tx, customer: str, record: CustomerRecord, now: datetime, *, allowed: Sequence[Network] = ()
) -> CustomerView:
    """Register or change a customer; what waits for it goes to where it can now be reached.

    `allowed` holds the networks of its own that the vendor has opened to webhooks.
    """
    customer_no = customers.put(tx, customer, record, now, allowed=allowed)
    _reroute(tx, customer_no, now)
    return customers.view(tx, customer)


def _reroute(tx: Tx, customer_no: int, now: datetime) -> None:
    contact = customers.contacts(tx, [customer_no])[customer_no]
    for channel, address in owing.ways_to(contact):
        tx.run(sql.route_waiting, recipient=customer_no, channel=channel, address=address, at=instant(now))


def erase_customer(tx: Tx, customer: str, now: datetime) -> None:
    """Forget a customer, and what it was owed, told and reached at; raises NotFound.

    Its installs are held by nobody known from now on: the app itself warns of what they are exposed to.
    """
    customer_no = customers.no_of(tx, customer)
    exposed = tx.all(sql.exposed_installs_of, recipient=customer_no)
    customers.erase(tx, customer)
    for statement in (sql.erase_deliveries, sql.erase_lines, sql.erase_notices):
        tx.run(statement, recipient=customer_no)
    tx.run(sql.erase_acceptor, customer=customer)
    for row in exposed:
        matter = Matter(defects.find(tx, row["defect"]), Cause.CHECK_IN, instant(now))
        change = Change(row["install_no"], -row["install_no"], None, Exposure(row["state"]))
        owing.record(tx, matter, Span.one(change.recipient), [change], now)


def export_customer(tx: Tx, customer: str, links: Links | None = None) -> dict[str, Any]:
    """Return all that is held on a customer; raises NotFound."""
    told = notices.listing(tx, Wanted(customer=customer), after=0, limit=_ALL, links=links)
    return {**customers.export(tx, customer), "notices": [notice for _, notice in told]}


#: More notices than anybody can have.
_ALL = 2**62


@dataclass(frozen=True, slots=True)
class Intake:
    """What every line of an import is taken with, in one transaction."""

    rulebook: Rulebook
    now: datetime
    #: The networks of its own that the vendor has opened to webhooks.
    allowed: Sequence[Network] = ()
    #: The products that the transaction holds, by id.
    held: dict[str, KnownProduct] = field(default_factory=dict)

    def afresh(self) -> Intake:
        """Return an intake for a transaction that holds nothing yet: the same work may be run again in another."""
        return replace(self, held={})

    def product(self, tx: Tx, product: str) -> KnownProduct:
        """Return a product, held until the transaction ends; raises Invalid."""
        if product not in self.held:
            self.held[product] = _held_product(tx, product, VENDOR)
        return self.held[product]


def import_line(tx: Tx, kind: ImportKind, value: Mapping[str, Any], intake: Intake) -> None:
    """Take one line of an import; raises a Refusal or msgspec.ValidationError, and then has stored nothing."""
    _IMPORTS[kind](tx, value, intake)


def _import_release(tx: Tx, value: Mapping[str, Any], intake: Intake) -> None:
    line = msgspec.convert(value, ReleaseLine)
    with tx.savepoint():
        put_release(tx, line.product, line.version, line, intake.now)


def _import_customer(tx: Tx, value: Mapping[str, Any], intake: Intake) -> None:
    line = msgspec.convert(value, CustomerLine)
    with tx.savepoint():
        put_customer(tx, line.customer, line, intake.now, allowed=intake.allowed)


def _import_install(tx: Tx, value: Mapping[str, Any], intake: Intake) -> None:
    line = msgspec.convert(value, InstallLine)
    # Before the savepoint: to undo a line would also let go of the product.
    product = intake.product(tx, line.product)
    with tx.savepoint():
        _take(tx, product, line.install, line, VENDOR, intake.rulebook, intake.now)


_IMPORTS = {
    "releases": _import_release,
    "customers": _import_customer,
    "installs": _import_install,
}
