"""A synthetic fleet: who holds which install of which version with which data. The same in each run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final, TypeVar

import msgspec

from examples.demo.people import Country, countries
from examples.demo.records import FleetRecord, Incident, ProductRecord, Spread

T = TypeVar("T")

#: A line of an import, as the contract has it.
Line = Mapping[str, Any]

CUSTOMERS: Final = 2_000
#: Those that gave no mail address.
WITHOUT_MAIL: Final = 0.05
#: Installs whose holder nobody knows.
WITHOUT_HOLDER: Final = 0.06
_PARTNERS: Final = ("Nordhandel", "Contoso Resale", "Papeterie Lumière")
_BOUGHT_FROM_PARTNER: Final = 0.3


@dataclass(frozen=True, slots=True)
class Fleet:
    """The lines of the imports."""

    customers: tuple[Line, ...]
    #: By product.
    installs: Mapping[str, tuple[Line, ...]]
    #: The mail address of each customer that gave one.
    addresses: Mapping[str, str]


def make_fleet(incidents: Sequence[Incident], seed: int) -> Fleet:
    """Return the customers, and the installs of each product that an incident brings."""
    chance = Random(seed)  # noqa: S311 - nothing secret: the same fleet in each run
    homes = countries()
    customers = tuple(_customer(number, chance.choice(homes), chance) for number in range(1, CUSTOMERS + 1))
    installs = {
        incident.product.id: tuple(_installs(incident.product, incident.fleet, customers, chance))
        for incident in incidents
        if incident.product is not None and incident.fleet is not None
    }
    addresses = {line["customer"]: line["email"] for line in customers if "email" in line}
    return Fleet(customers, installs, addresses)


def _customer(number: int, country: Country, chance: Random) -> Line:
    customer: dict[str, Any] = {
        "customer": f"C-{number:04}",
        "name": country.name(chance),
        "locale": country.locale,
        "time_zone": country.time_zone,
    }
    if chance.random() >= WITHOUT_MAIL:
        customer["email"] = f"customer-{number:04}@mail.example"
    if chance.random() < _BOUGHT_FROM_PARTNER:
        customer["partner"] = chance.choice(_PARTNERS)
    return customer


def _installs(product: ProductRecord, record: FleetRecord, customers: Sequence[Line], chance: Random) -> Iterator[Line]:
    for number in range(1, record.installs + 1):
        install: dict[str, Any] = {
            "install": f"{product.id}-{number:04}",
            "product": product.id,
            "version": _pick(list(record.versions.items()), chance),
            "platform": _platform(record, chance),
            "footprint": dict(_footprint(record.facts, chance)),
        }
        if chance.random() >= WITHOUT_HOLDER:
            install["customer"] = chance.choice(customers)["customer"]
        yield install


def _platform(record: FleetRecord, chance: Random) -> Line:
    system = _pick([(each, each.weight) for each in record.platforms], chance)
    return {"os": system.os, "os_version": system.os_version}


def _footprint(facts: Mapping[str, Spread], chance: Random) -> Iterator[tuple[str, Any]]:
    for name, spread in facts.items():
        value = _pick(spread.values, chance)
        if chance.random() >= spread.missing:
            yield name, value


def _pick(weighted: Sequence[tuple[T, int]], chance: Random) -> T:
    return chance.choices([value for value, _ in weighted], [weight for _, weight in weighted])[0]


def write_lines(path: Path, lines: Iterable[Line]) -> None:
    """Write the lines of an import as NDJSON."""
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
