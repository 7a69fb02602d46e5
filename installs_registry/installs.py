"""Installs: taking their check-ins, and what is known of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from installs_registry import footprints, products
from installs_registry.known import KnownProduct
from installs_registry.plain_text import is_id
from installs_registry.releases import version_no
from installs_registry.reports import Report, read_report
from installs_registry.tokens import digest, opens
from installs_registry.types import CheckIn, InstallView, PlatformView
from risk import Value
from storage import Row, Statements, Tx, instant
from storage.outcomes import Conflict, NotFound

sql = Statements(__package__)

_PLATFORM = ("os", "os_version", "arch")
#: What a check-in may leave as it was.
_COLUMNS = ("customer_no", *_PLATFORM, "os_version_key", "acquired_through")


@dataclass(frozen=True, slots=True)
class InstallState:
    """What the rules judge an install by."""

    install_no: int
    #: The customer's number, or minus the install's own.
    recipient: int
    version: str
    version_no: int
    #: Known values by name: the declared facts, platform.… and install.first_version.
    facts: Mapping[str, Value]
    #: Every version it has had, in the order in which it had them first.
    history: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckedIn:
    """What a check-in has done."""

    install_no: int
    recipient: int
    #: None: the install was not known.
    before: InstallState | None
    after: InstallState
    #: Anything but the time it was last seen.
    changed: bool


def check_in(
    tx: Tx,
    product: KnownProduct,
    install: str,
    body: CheckIn,
    *,
    token: str | None,
    vendor: bool,
    now: datetime,
) -> CheckedIn:
    """Store what an install reports of itself; a repeat with nothing new stores only that it was seen.

    `vendor` says that the report comes with the vendor's own authority; else it comes from a client app,
    whose `token` opens the install. Raises Invalid with all faults, NotFound where the install is not the
    app's to speak for, and Conflict where it is another product's. The caller shares the product's lock.
    """
    report = read_report(tx, product, install, body, token=token, vendor=vendor)
    row = _locked(tx, install)
    if row is None:
        state = _insert(tx, product, install, report, None if vendor or token is None else digest(token), now)
        if state is not None:
            return CheckedIn(state.install_no, state.recipient, before=None, after=state, changed=True)
        # Another transaction made it in this moment.
        row = _locked(tx, install)
    row = _own(row, token, vendor=vendor)
    if row["product_no"] != product.no:
        raise Conflict(f"The install {install} is one of {row['product']}, not of {product.id}.")
    return _update(tx, product, row, report, now)


def state(tx: Tx, product: KnownProduct, install_no: int) -> InstallState:
    """Return what the rules judge an install by; raises NotFound."""
    row = tx.one(sql.find_install_by_no, no=install_no)
    if row is None:
        raise NotFound("There is no such install.")
    return _state(tx, product, row)


def view(tx: Tx, install: str, *, token: str | None, vendor: bool, product: KnownProduct | None = None) -> InstallView:
    """Return an install as it is answered; raises NotFound, also for a client app without its token.

    `product` spares looking it up, where the caller knows that the install is one of it.
    """
    row = _own(tx.one(sql.find_install, id=install) if is_id(install) else None, token, vendor=vendor)
    return InstallView(
        install=row["id"],
        product=row["product"],
        version=row["version"],
        first_version=row["first_version"],
        customer=row["customer"],
        platform=PlatformView(**{name: row[name] for name in _PLATFORM}),
        footprint=footprints.read(tx, product or products.find(tx, row["product"]), row["no"]),
        acquired_through=row["acquired_through"],
        first_seen_at=row["first_seen_at"],
        last_seen_at=row["last_seen_at"],
    )


def _locked(tx: Tx, install: str) -> Row | None:
    if tx.dialect == "postgresql":
        tx.one(sql.lock_install, id=install)
    return tx.one(sql.find_install, id=install)


def _own(row: Row | None, token: str | None, *, vendor: bool) -> Row:
    """Return the install's row; raises NotFound alike where there is none and where it is not the asker's."""
    if row is None or not (vendor or opens(row["token_hash"], token)):
        raise NotFound("There is no such install.")
    return row


def _insert(
    tx: Tx, product: KnownProduct, install: str, report: Report, token_hash: str | None, now: datetime
) -> InstallState | None:
    """Return the new install's state, None where it is there by now."""
    columns: dict[str, Any] = dict.fromkeys(_COLUMNS) | dict(report.columns)
    number = version_no(tx, product, report.version)
    no = tx.value(
        sql.insert_install,
        id=install,
        product_no=product.no,
        version_no=number,
        token_hash=token_hash,
        at=instant(now),
        **columns,
    )
    if no is None:
        return None
    if columns["customer_no"] is None:
        tx.run(sql.address_to_itself, no=no)
    tx.run(sql.insert_install_version, install_no=no, version_no=number, since=instant(now))
    values = {name: value for name, value in report.values.items() if value is not None}
    if values:
        footprints.write(tx, product, no, values)
    return InstallState(
        install_no=no,
        recipient=columns["customer_no"] or -no,
        version=report.version,
        version_no=number,
        facts={**values, **_built_in(columns, report.version)},
        history=(report.version,),
    )


def _update(tx: Tx, product: KnownProduct, row: Row, report: Report, now: datetime) -> CheckedIn:
    before = _state(tx, product, row)
    no = before.install_no
    columns = {name: row[name] for name in _COLUMNS} | dict(report.columns)
    values = {name: value for name, value in report.values.items() if before.facts.get(name) != value}
    moved = report.version != before.version
    changed = moved or bool(values) or any(row[name] != value for name, value in columns.items())
    if not changed:
        tx.run(sql.see_install, no=no, at=instant(now))
        return CheckedIn(no, before.recipient, before=before, after=before, changed=False)
    number = version_no(tx, product, report.version) if moved else before.version_no
    tx.run(sql.update_install, no=no, version_no=number, at=instant(now), **columns)
    if moved:
        tx.run(sql.insert_install_version, install_no=no, version_no=number, since=instant(now))
    if values:
        footprints.write(tx, product, no, values)
    after = replace(
        before,
        recipient=columns["customer_no"] or -no,
        version=report.version,
        version_no=number,
        facts=_merged(before.facts, values) | _built_in(columns, row["first_version"]),
        history=tuple(dict.fromkeys((*before.history, report.version))),
    )
    return CheckedIn(no, after.recipient, before=before, after=after, changed=True)


def _state(tx: Tx, product: KnownProduct, row: Row) -> InstallState:
    versions = tx.all(sql.versions_of_install, install_no=row["no"])
    return InstallState(
        install_no=row["no"],
        recipient=row["recipient"],
        version=row["version"],
        version_no=row["version_no"],
        facts={**footprints.read(tx, product, row["no"]), **_built_in(row, row["first_version"])},
        history=tuple(dict.fromkeys(version["text"] for version in versions)),
    )


def _built_in(columns: Mapping[str, Any], first_version: str) -> dict[str, Value]:
    platform = {f"platform.{name}": columns[name] for name in _PLATFORM if columns[name] is not None}
    return {**platform, "install.first_version": first_version}


def _merged(facts: Mapping[str, Value], values: Mapping[str, Value | None]) -> dict[str, Value]:
    merged = {**facts, **values}
    return {name: value for name, value in merged.items() if value is not None and not name.startswith("platform.")}
