"""Reading a check-in: everything that is wrong with it is found before anything is stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

import risk
from installs_registry.cells import from_text
from installs_registry.fact_values import MAX_STRING, check_value
from installs_registry.faults import Faults, member
from installs_registry.known import KnownProduct
from installs_registry.plain_text import check_id, check_line
from installs_registry.releases import check_version
from installs_registry.tokens import check_token
from installs_registry.types import CheckIn, InstallLine, Platform
from risk import FactType, Value
from risk.facts import MAX_INTEGER
from storage.outcomes import Invalid

#: Characters of a name from outside that an error repeats.
_SHOWN = 80
#: Versions of a product whose parsing is remembered.
_REMEMBERED = 4096

#: What a value is as it was sent and as it is kept.
_AS_THEY_ARE: Final[Mapping[FactType, type]] = MappingProxyType(
    {FactType.INTEGER: int, FactType.NUMBER: float, FactType.BOOLEAN: bool, FactType.STRING: str}
)

#: A check of a value that was sent; raises ValueError with a sentence.
Check = Callable[[Any], Value]


class Arrival(msgspec.Struct, frozen=True):
    """A check-in as it arrived."""

    install: str
    body: CheckIn
    #: The token that the client app made; None where the vendor reports.
    token: str | None
    #: Whether the report comes with the vendor's own authority.
    vendor: bool


class Report(msgspec.Struct, frozen=True):
    """A check-in that can be stored."""

    version: str
    #: Columns of the install that were sent, with what is to be in them; None clears.
    columns: Mapping[str, Any]
    #: Values of declared facts that were sent; None clears.
    values: Mapping[str, Value | None]


@dataclass(frozen=True, slots=True, eq=False)
class Reader:
    """Reads the check-ins of one product; made once for as long as its declarations stand."""

    product: KnownProduct
    #: By fact, for values in JSON and for those in the text of a CSV file.
    checks: Mapping[str, Check]
    text_checks: Mapping[str, Check]
    #: The types of values that need no conversion, by fact.
    kinds: Mapping[str, type]
    #: Versions that have been read before.
    _versions: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, product: KnownProduct) -> Reader:
        """Return the reader of a product's check-ins."""
        facts = product.facts.items()
        return cls(
            product,
            {name: partial(check_value, fact) for name, fact in facts},
            {name: partial(from_text, fact) for name, fact in facts},
            {name: _AS_THEY_ARE[fact.type] for name, fact in facts if fact.type in _AS_THEY_ARE},
        )

    def read(self, arrival: Arrival, customers: Mapping[str, int]) -> Report:
        """Return what a check-in says; raises Invalid with all that is wrong with it.

        `customers` has the numbers of the customers it may name.
        """
        faults, body = Faults(), arrival.body
        faults.check("", check_id, arrival.install)
        if not arrival.vendor:
            faults.check("", check_token, arrival.token)
        if body.version not in self._versions:
            self._check_version(faults, body.version)
        columns: dict[str, Any] = {}
        if body.customer is not UNSET:
            columns |= _customer(faults, body.customer, customers, vendor=arrival.vendor)
        if body.claim is not UNSET and arrival.vendor:
            faults.add("/claim", "A claim code is for a client app's key: the vendor names the customer.")
        if body.platform is not UNSET:
            columns |= _platform(faults, body.platform)
        if body.acquired_through is not UNSET:
            columns |= _line(faults, "/acquired_through", "acquired_through", body.acquired_through)
        values = self._values(faults, body)
        faults.refuse()
        return Report(body.version, columns, values)

    def _check_version(self, faults: Faults, version: str) -> None:
        before = len(faults.found)
        faults.check("/version", lambda text: check_version(self.product, text), version)
        if len(faults.found) == before and len(self._versions) < _REMEMBERED:
            self._versions.add(version)

    def _values(self, faults: Faults, body: CheckIn) -> dict[str, Value | None]:
        footprint = {} if isinstance(body.footprint, UnsetType) else body.footprint
        values = self._read_all(faults, footprint, self.checks)
        if isinstance(body, InstallLine) and not isinstance(body.cells, UnsetType):
            for name in footprint.keys() & body.cells.keys():
                faults.add(member("/cells", name), f"{name[:_SHOWN]!r} is in the footprint as well.")
            values |= self._read_all(faults, body.cells, self.text_checks)
        return values

    def _read_all(
        self, faults: Faults, sent: Mapping[str, Any], checks: Mapping[str, Check]
    ) -> dict[str, Value | None]:
        values: dict[str, Value | None] = {}
        kinds = self.kinds
        for name, value in sent.items():
            if checks is self.checks and kinds.get(name) is type(value) and _is_plain(value):
                values[name] = value  # type: ignore[assignment]  # its type has just been looked at
                continue
            check = checks.get(name)
            if check is None:
                if name not in self.product.retired:
                    faults.add(member("/footprint", name), f"{self.product.id} declares no fact {name[:_SHOWN]!r}.")
            elif value is None:
                values[name] = None
            else:
                try:
                    values[name] = check(value)
                except ValueError as error:
                    faults.add(member("/footprint", name), str(error))
        return values


def _is_plain(value: Any) -> bool:  # noqa: ANN401 - what a client sent
    """Tell whether a value of its fact's own type is within the limits at first sight, as nearly all are."""
    if type(value) is str:
        return len(value) <= MAX_STRING and value.isascii() and "\0" not in value
    return type(value) is bool or -MAX_INTEGER <= value <= MAX_INTEGER


def _customer(
    faults: Faults, customer: str | UnsetType | None, customers: Mapping[str, int], *, vendor: bool
) -> dict[str, Any]:
    if not vendor:
        faults.add("/customer", "A client app's key cannot say who the customer is: the vendor links it.")
        return {}
    if not isinstance(customer, str):
        return {"customer_no": None, "customer": None}
    if customer not in customers:
        faults.add("/customer", f"There is no customer {customer[:_SHOWN]!r}: register it first.")
    return {"customer_no": customers.get(customer), "customer": customer}


def _platform(faults: Faults, platform: Platform | UnsetType | None) -> Mapping[str, Any]:
    if not isinstance(platform, Platform):
        return {"os": None, "os_version": None, "os_version_key": None, "arch": None}
    try:
        return _platform_columns(platform)
    except Invalid as error:
        faults.found.extend(error.faults)
        return {}


# Millions of installs share a few platforms.
@lru_cache(maxsize=_REMEMBERED)
def _platform_columns(platform: Platform) -> Mapping[str, Any]:
    """Return the columns that were sent; raises Invalid."""
    faults = Faults()
    columns: dict[str, Any] = {}
    if platform.os is not UNSET:
        columns |= _line(faults, "/platform/os", "os", platform.os)
    if not isinstance(platform.os_version, UnsetType):
        columns |= _os_version(faults, platform.os_version)
    if platform.arch is not UNSET:
        columns |= _line(faults, "/platform/arch", "arch", platform.arch)
    faults.refuse()
    return MappingProxyType(columns)


def _os_version(faults: Faults, text: str | None) -> dict[str, Any]:
    key = None if text is None else faults.check("/platform/os_version", risk.scheme("intdot").sort_key, text)
    return {"os_version": text, "os_version_key": key}


def _line(faults: Faults, at: str, column: str, text: str | UnsetType | None) -> dict[str, Any]:
    if isinstance(text, str):
        faults.check(at, check_line, text)
    return {column: text}
