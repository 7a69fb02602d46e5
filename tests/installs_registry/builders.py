"""What the registry's tests start from."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from installs_registry import customers, intake, products, releases
from installs_registry.checked_in import CheckedIn
from installs_registry.intake import Reception
from installs_registry.reports import Arrival
from installs_registry.types import (
    CheckIn,
    CustomerRecord,
    FactDeclaration,
    ProductDeclaration,
    ReleaseDeclaration,
)
from storage import Tx, instant
from storage.outcomes import Refusal

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 2, 1, 12, tzinfo=UTC)
TOKEN = "5f0c6f3e6d0a4b439a521d1f4e2f7a10"  # noqa: S105 - of no install but those made here

FACTS: dict[str, dict[str, str]] = {
    "notebooks": {"type": "integer"},
    "size_gb": {"type": "number", "unit": "GB"},
    "encrypted": {"type": "boolean"},
    "storage_format": {"type": "string"},
    "plugins": {"type": "strings"},
    "engine": {"type": "version", "scheme": "semver"},
}


def a_declaration(
    facts: dict[str, dict[str, str]] | None = None, *, scheme: str = "intdot", name: str = "Notes"
) -> ProductDeclaration:
    declared = FACTS if facts is None else facts
    return msgspec.convert({"name": name, "version_scheme": scheme, "facts": declared}, ProductDeclaration)


def facts_of_type(type_: str, count: int) -> dict[str, FactDeclaration]:
    return {f"fact_{number}": msgspec.convert({"type": type_}, FactDeclaration) for number in range(count)}


def a_product(
    tx: Tx,
    /,
    product: str = "notes",
    *,
    facts: dict[str, dict[str, str]] | None = None,
    scheme: str = "intdot",
) -> products.KnownProduct:
    products.declare(tx, product, a_declaration(facts, scheme=scheme), NOW)
    return products.find(tx, product)


def a_release(tx: Tx, /, version: str, *, product: str = "notes", **fields: object) -> releases.ReleaseChange:
    body = msgspec.convert({"offered_at": "2026-01-01T00:00:00Z", **fields}, ReleaseDeclaration)
    return releases.put(tx, products.find(tx, product), version, body)


def a_customer(tx: Tx, /, customer: str = "C-1", **fields: object) -> int:
    return customers.put(tx, customer, msgspec.convert({"name": "Ada", **fields}, CustomerRecord), NOW)


def a_check_in(
    tx: Tx,
    /,
    install: str = "i-1",
    *,
    token: str | None = None,
    now: datetime = NOW,
    product: str = "notes",
    version: str = "4.1.0",
    **fields: object,
) -> CheckedIn:
    """Take a check-in by the vendor, or, with a token, by a client app."""
    body = msgspec.convert({"product": product, "version": version, **fields}, CheckIn)
    return taken(tx, Arrival(install, body, token, vendor=token is None), now=now)


def taken(tx: Tx, arrival: Arrival, *, now: datetime = NOW) -> CheckedIn:
    """Take one check-in, and store when the install was seen; raises what it is refused with."""
    reception = Reception.of(products.find(tx, arrival.body.product))
    (outcome,) = intake.take(tx, reception, [arrival], now)
    if isinstance(outcome, Refusal):
        raise outcome
    if not outcome.is_written:
        intake.see(tx, {outcome.install_no: instant(now)})
    return outcome
