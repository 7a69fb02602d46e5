"""Reading a check-in: everything that is wrong with it is found before anything is stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from msgspec import UNSET, UnsetType

import risk
from installs_registry.cells import from_text
from installs_registry.faults import Faults, member
from installs_registry.known import KnownProduct
from installs_registry.plain_text import check_id, check_line, is_id
from installs_registry.releases import check_version
from installs_registry.tokens import check_token
from installs_registry.types import CheckIn, InstallLine, Platform
from risk import Fact, Value
from storage import Statements, Tx

sql = Statements(__package__)

#: Characters of a name from outside that an error repeats.
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Report:
    """A check-in that can be stored."""

    version: str
    #: Columns of the install that were sent, with what is to be in them; None clears.
    columns: Mapping[str, Any]
    #: Values of declared facts that were sent; None clears.
    values: Mapping[str, Value | None]


def read_report(
    tx: Tx, product: KnownProduct, install: str, body: CheckIn, *, token: str | None, vendor: bool
) -> Report:
    """Return what a check-in says; raises Invalid with all that is wrong with it."""
    faults = Faults()
    faults.check("", check_id, install)
    if not vendor:
        faults.check("", check_token, token)
    faults.check("/version", lambda text: check_version(product, text), body.version)
    columns = {
        **_customer(tx, faults, body.customer, vendor=vendor),
        **_platform(faults, body.platform),
        **_line(faults, "", "acquired_through", body.acquired_through),
    }
    values = _values(faults, product, body)
    faults.refuse()
    return Report(version=body.version, columns=columns, values=values)


def _customer(tx: Tx, faults: Faults, customer: str | UnsetType | None, *, vendor: bool) -> dict[str, Any]:
    if customer is UNSET:
        return {}
    if not vendor:
        faults.add("/customer", "A client app's key cannot say who the customer is: the vendor links it.")
        return {}
    if customer is None:
        return {"customer_no": None}
    customer_no = tx.value(sql.customer_no, id=customer) if is_id(customer) else None
    if customer_no is None:
        faults.add("/customer", f"There is no customer {customer[:_SHOWN]!r}: register it first.")
    return {"customer_no": customer_no}


def _platform(faults: Faults, platform: Platform | UnsetType | None) -> dict[str, Any]:
    if platform is UNSET:
        return {}
    if platform is None:
        platform = Platform(os=None, os_version=None, arch=None)
    return {
        **_line(faults, "/platform", "os", platform.os),
        **_os_version(faults, platform.os_version),
        **_line(faults, "/platform", "arch", platform.arch),
    }


def _os_version(faults: Faults, text: str | UnsetType | None) -> dict[str, Any]:
    if isinstance(text, UnsetType):
        return {}
    key = None
    if text is not None:
        key = faults.check("/platform/os_version", risk.scheme("intdot").sort_key, text)
    return {"os_version": text, "os_version_key": key}


def _line(faults: Faults, at: str, field: str, text: str | UnsetType | None) -> dict[str, Any]:
    if text is UNSET:
        return {}
    if text is not None:
        faults.check(member(at, field), check_line, text)
    return {field: text}


def _values(faults: Faults, product: KnownProduct, body: CheckIn) -> dict[str, Value | None]:
    footprint = {} if isinstance(body.footprint, UnsetType) else body.footprint
    cells = body.cells if isinstance(body, InstallLine) and not isinstance(body.cells, UnsetType) else {}
    for name in footprint.keys() & cells.keys():
        faults.add(member("/cells", name), f"{name[:_SHOWN]!r} is in the footprint as well.")
    return {
        **_read_all(faults, product, footprint, _read_value),
        **_read_all(faults, product, cells, from_text),
    }


def _read_all(
    faults: Faults, product: KnownProduct, sent: Mapping[str, Any], read: Callable[[Fact, Any], Value | None]
) -> dict[str, Value | None]:
    values: dict[str, Value | None] = {}
    for name, value in sent.items():
        at = member("/footprint", name)
        if name in product.facts:
            values[name] = faults.check(at, partial(read, product.facts[name]), value)
        elif name not in product.retired:
            faults.add(at, f"{product.id} declares no fact {name[:_SHOWN]!r}.")
    return values


def _read_value(fact: Fact, sent: object) -> Value | None:
    return None if sent is None else risk.check_value(fact, sent)
