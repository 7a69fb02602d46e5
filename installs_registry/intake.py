"""Taking check-ins, many at a time: what they change is found in one query and written in a few statements.

A batch leaves the tables as its check-ins would, one after another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from msgspec import UNSET
from msgspec.structs import replace

from installs_registry import claims, installed, products, releases
from installs_registry.checked_in import CheckedIn
from installs_registry.footprint_rows import Layout
from installs_registry.installed import Installed, as_json
from installs_registry.known import KnownProduct
from installs_registry.plain_text import is_id
from installs_registry.reports import Arrival, Reader, Report
from installs_registry.tokens import digest, opens
from installs_registry.writing import write
from storage import Statements, Tx, instant
from storage.outcomes import Conflict, Invalid, NotFound, Refusal

sql = Statements(__package__)


@dataclass(frozen=True, slots=True, eq=False)
class Reception:
    """A product made ready to take check-ins: what is worked out once for as long as its declarations stand."""

    product: KnownProduct
    reader: Reader
    layout: Layout

    @classmethod
    def of(cls, product: KnownProduct) -> Reception:
        """Return the reception of a product."""
        return cls(product, Reader.of(product), Layout.of(product))


def take(tx: Tx, reception: Reception, arrivals: Sequence[Arrival], now: datetime) -> list[CheckedIn | Refusal]:
    """Store what installs, each another one, report of themselves; the outcomes are in the order of the arrivals.

    One that is refused stores nothing and leaves the others alone: Invalid with all faults, NotFound where the
    install is not the app's to speak for, Conflict where it is another product's. The time that an install was last
    seen is stored with what changed of it, and else by `see`. The caller shares the product's lock.
    """
    customers = _customers(tx, arrivals)
    reports = [_report(reception, arrival, customers) for arrival in arrivals]
    read = [arrival.install for arrival, report in zip(arrivals, reports, strict=True) if isinstance(report, Report)]
    known = installed.held(tx, reception.layout, read)
    readings = [
        _admitted(tx, reception.product, arrival, report, known.get(arrival.install), now)
        for arrival, report in zip(arrivals, reports, strict=True)
    ]
    numbers = releases.version_numbers(tx, reception.product, _new_versions(readings, arrivals, known))
    fresh = _fresh_numbers(tx, readings, arrivals, known)
    at = instant(now)
    outcomes: list[CheckedIn | Refusal] = []
    for arrival, reading in zip(arrivals, readings, strict=True):
        if isinstance(reading, Refusal):
            outcomes.append(reading)
        elif arrival.install in known:
            outcomes.append(_changed(known[arrival.install], reading, numbers, at))
        else:
            outcomes.append(_made(reception.product, fresh[arrival.install], arrival, reading, numbers, at))
    write(tx, reception.product, [outcome for outcome in outcomes if isinstance(outcome, CheckedIn)], at)
    return outcomes


def see(tx: Tx, seen: Mapping[int, str]) -> None:
    """Store when installs were last seen, instants by the installs' numbers; never an earlier time than is stored."""
    if seen and tx.dialect == "postgresql":
        tx.tuples(sql.lock_installs, numbers=as_json(seen))
    tx.at_once(sql.see_install, [{"no": no, "at": at} for no, at in seen.items()])


def _customers(tx: Tx, arrivals: Iterable[Arrival]) -> dict[str, int]:
    """Return the numbers of the customers that the vendor's check-ins name."""
    named = {arrival.body.customer for arrival in arrivals if arrival.vendor}
    ids = [customer for customer in named if isinstance(customer, str) and is_id(customer)]
    return dict(tx.tuples(sql.customer_numbers, ids=as_json(ids))) if ids else {}


def _report(reception: Reception, arrival: Arrival, customers: Mapping[str, int]) -> Report | Refusal:
    try:
        return reception.reader.read(arrival, customers)
    except Invalid as refusal:
        return refusal


def _admitted(
    tx: Tx, product: KnownProduct, arrival: Arrival, report: Report | Refusal, before: Installed | None, now: datetime
) -> Report | Refusal:
    """Return what is to be stored of a report, or why it is refused."""
    if isinstance(report, Refusal):
        return report
    try:
        if before is not None:
            _refuse_foreign(tx, product, arrival, before)
        return report if arrival.body.claim is UNSET else _claimed(tx, arrival, report, now)
    except Refusal as refusal:
        return refusal


def _claimed(tx: Tx, arrival: Arrival, report: Report, now: datetime) -> Report:
    """Return the report with the customer that a claim code links it to; raises Invalid."""
    customer_no = claims.redeem(tx, str(arrival.body.claim), arrival.install, now)
    customer = tx.value(sql.customer_id, no=customer_no)
    return replace(report, columns={**report.columns, "customer_no": customer_no, "customer": customer})


def _refuse_foreign(tx: Tx, product: KnownProduct, arrival: Arrival, before: Installed) -> None:
    """Raise NotFound where an install is not the asker's, alike where there is none; Conflict for another product's."""
    if not (arrival.vendor or opens(before.token_hash, arrival.token)):
        raise NotFound("There is no such install.")
    if before.product_no != product.no:
        other = products.find_by_number(tx, before.product_no).id
        raise Conflict(f"The install {arrival.install} is one of {other}, not of {product.id}.")


def _new_versions(
    readings: Iterable[Report | Refusal], arrivals: Iterable[Arrival], known: Mapping[str, Installed]
) -> set[str]:
    """Return the versions that installs come to have; what they have already is known with them."""
    found = set()
    for arrival, reading in zip(arrivals, readings, strict=True):
        if isinstance(reading, Report):
            before = known.get(arrival.install)
            if before is None or before.version != reading.version:
                found.add(reading.version)
    return found


def _fresh_numbers(
    tx: Tx, readings: Iterable[Report | Refusal], arrivals: Iterable[Arrival], known: Mapping[str, Installed]
) -> dict[str, int]:
    """Return a number for each install that is to be made."""
    pairs = zip(arrivals, readings, strict=True)
    made = [
        arrival.install for arrival, reading in pairs if isinstance(reading, Report) and arrival.install not in known
    ]
    if not made:
        return {}
    rows = tx.tuples(sql.fresh_install_numbers, places=as_json(range(1, len(made) + 1)))
    return dict(zip(made, (no for (no,) in rows), strict=True))


def _made(
    product: KnownProduct, no: int, arrival: Arrival, report: Report, numbers: Mapping[str, int], at: str
) -> CheckedIn:
    get = report.columns.get
    customer_no = get("customer_no")
    version_no = numbers[report.version]
    values = report.values
    if None in values.values():
        values = {name: value for name, value in values.items() if value is not None}
    after = Installed(
        arrival.install,
        no,
        product.no,
        version_no,
        report.version,
        report.version,
        customer_no,
        get("customer"),
        customer_no or -no,
        get("os"),
        get("os_version"),
        get("os_version_key"),
        get("arch"),
        get("acquired_through"),
        None if arrival.vendor or arrival.token is None else digest(arrival.token),
        at,
        at,
        values,  # type: ignore[arg-type]
    )
    return CheckedIn(None, after, _NOTHING, _NOTHING)


#: No change.
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


def _changed(before: Installed, report: Report, numbers: Mapping[str, int], at: str) -> CheckedIn:
    columns = {name: value for name, value in report.columns.items() if getattr(before, name) != value}
    if report.version != before.version:
        columns |= {"version": report.version, "version_no": numbers[report.version]}
    if "customer_no" in columns:
        columns["recipient"] = columns["customer_no"] or -before.no
    values = {name: value for name, value in report.values.items() if before.values.get(name) != value}
    merged = before.values
    if values:
        merged = {name: value for name, value in {**before.values, **values}.items() if value is not None}
    return CheckedIn(before, replace(before, last_seen_at=at, values=merged, **columns), columns, values)
