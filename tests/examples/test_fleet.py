"""The synthetic fleet: the same each time, and as varied as the incidents need."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from examples.demo.fleet import make_fleet, write_lines
from examples.demo.records import incidents
from installs_registry.types import CustomerLine, InstallLine

ALL = incidents()
SEED = 7


def test_a_seed_always_makes_the_same_fleet_and_another_seed_another() -> None:
    assert make_fleet(ALL, SEED) == make_fleet(ALL, SEED)
    assert make_fleet(ALL, SEED) != make_fleet(ALL, SEED + 1)


def test_there_are_about_two_thousand_customers_and_five_thousand_installs() -> None:
    fleet = make_fleet(ALL, SEED)

    assert len(fleet.customers) == 2_000
    assert 4_900 <= sum(map(len, fleet.installs.values())) <= 5_100
    assert len({line["customer"] for line in fleet.customers}) == len(fleet.customers)
    assert len({line["install"] for lines in fleet.installs.values() for line in lines}) == sum(
        map(len, fleet.installs.values())
    )


def test_some_customers_have_no_address_and_some_installs_no_holder_and_some_facts_are_missing() -> None:
    fleet = make_fleet(ALL, SEED)
    installs = [line for lines in fleet.installs.values() for line in lines]

    assert 50 < sum("email" not in line for line in fleet.customers) < 200
    assert 200 < sum("customer" not in line for line in installs) < 450
    assert len({line["locale"] for line in fleet.customers}) == 9
    for incident in ALL:
        if incident.product is not None and incident.fleet is not None:
            lines = fleet.installs[incident.product.id]
            for name, spread in incident.fleet.facts.items():
                missing = sum(name not in line["footprint"] for line in lines) / len(lines)
                assert abs(missing - spread.missing) < 0.05


def test_every_line_is_one_that_an_import_takes(tmp_path: Path) -> None:
    fleet = make_fleet(ALL, SEED)
    for line in fleet.customers:
        msgspec.convert(line, CustomerLine)
    for lines in fleet.installs.values():
        for line in lines:
            msgspec.convert(line, InstallLine)

    write_lines(tmp_path / "customers.ndjson", fleet.customers)
    written = (tmp_path / "customers.ndjson").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in written] == list(fleet.customers)
