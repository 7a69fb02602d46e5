"""Taking check-ins, many at a time: what they change is found in one query and written in a few statements.

A batch leaves the tables as its check-ins would, one after another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from installs_registry import claims, footprint_rows, installed, products, releases
from installs_registry.footprint_rows import Layout
from installs_registry.installed import Installed, as_json
from installs_registry.known import KnownProduct
from installs_registry.plain_text import is_id
from installs_registry.reports import Arrival, Reader, Report
from installs_registry.tokens import digest, opens
from risk import Value
from storage import IntegrityProblem, Statements, TransactionConflict, Tx, instant
from storage.outcomes import Conflict, Invalid, NotFound, Refusal

sql = Statements(__package__)


class CheckedIn(msgspec.Struct, frozen=True):
    """What a check-in has done."""

    #: None: the install was not known.
    before: Installed | None
    after: Installed
    #: What changed of the install itself, by column.
    columns: Mapping[str, Any]
    #: What changed of its footprint; None: the fact is absent now.
    values: Mapping[str, Value | None]

    @property
    def install_no(self) -> int:
        """The install's number."""
        return self.after.no

    @property
    def recipient(self) -> int:
        """Whom its notices go to from now on."""
        return self.after.recipient

    @property
    def changed(self) -> bool:
        """Anything but the time it was last seen."""
        return self.before is None or bool(self.columns or self.values)

    @property
    def is_written(self) -> bool:
        """Whether the time it was last seen is stored already, beside what changed of the install."""
        return self.before is None or bool(self.columns)


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
    _store(tx, reception.product, [outcome for outcome in outcomes if isinstance(outcome, CheckedIn)], at)
    return outcomes


def see(tx: Tx, seen: Mapping[int, str]) -> None:
    """Store when installs were last seen, instants by the installs' numbers; never an earlier time than is stored."""
    if seen:
        tx.many(sql.see_install, [{"no": no, "at": at} for no, at in sorted(seen.items())])


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


def _store(tx: Tx, product: KnownProduct, checked: Sequence[CheckedIn], at: str) -> None:
    new = [one.after for one in checked if one.before is None]
    if new:
        _insert(tx, product, new)
    rewritten = [one for one in checked if one.columns]
    if rewritten:
        tx.many(sql.update_install, [_row(one.after) for one in rewritten])
    moves = [
        (one.install_no, one.before.version_no, one.after.version_no)
        for one in rewritten
        if one.before is not None and "version_no" in one.columns
    ]
    footprint_rows.move(tx, product, moves)
    had = [(one.no, one.version_no, at) for one in new] + [(no, has, at) for no, _, has in moves]
    if had:
        tx.bulk_insert("install_versions", ("install_no", "version_no", "since"), had)
    _refit(tx, product, [one for one in checked if one.values], at)


def _refit(tx: Tx, product: KnownProduct, refitted: Sequence[CheckedIn], at: str) -> None:
    """Store the footprints that changed, and which facts it was."""
    if refitted:
        footprint_rows.write(tx, product, [(one.after.version_no, one.install_no, one.values) for one in refitted])
        changes = [(one.install_no, as_json(sorted(one.values)), at) for one in refitted]
        tx.bulk_insert("footprint_changes", ("install_no", "facts", "at"), changes)


#: Columns of installs as a new row has them, the last one after their number in the order of Installed.
_COLUMNS = (
    "id",
    "no",
    "product_no",
    "version_no",
    "first_version_no",
    "customer_no",
    "recipient",
    "os",
    "os_version",
    "os_version_key",
    "arch",
    "acquired_through",
    "token_hash",
    "first_seen_at",
    "last_seen_at",
)


def _insert(tx: Tx, product: KnownProduct, made: Sequence[Installed]) -> None:
    """Store installs that nobody has made before.

    Another transaction that makes one of them at this moment is waited for (two in one order of ids, so that they
    do not wait for each other), and then all of this one is done again: the second time the install is there.
    """
    ordered = sorted(made, key=_id) if tx.dialect == "postgresql" else made
    try:
        tx.bulk_insert("installs", _COLUMNS, map(_new_row, ordered))
    except IntegrityProblem as error:
        raise TransactionConflict(str(error)) from error
    footprint_rows.insert(tx, product, [(after.version_no, after.no, after.values) for after in made])


def _new_row(after: Installed) -> tuple[object, ...]:
    return (
        after.id,
        after.no,
        after.product_no,
        after.version_no,
        after.version_no,
        after.customer_no,
        after.recipient,
        after.os,
        after.os_version,
        after.os_version_key,
        after.arch,
        after.acquired_through,
        after.token_hash,
        after.first_seen_at,
        after.last_seen_at,
    )


def _row(after: Installed) -> dict[str, object]:
    return {
        "no": after.no,
        "version_no": after.version_no,
        "customer_no": after.customer_no,
        "os": after.os,
        "os_version": after.os_version,
        "os_version_key": after.os_version_key,
        "arch": after.arch,
        "acquired_through": after.acquired_through,
        "at": after.last_seen_at,
    }


def _id(after: Installed) -> str:
    return after.id
