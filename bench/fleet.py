"""A vendor's customers and installs, written straight into the tables."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from bench.database import NOW, declare, sql
from feeds.types import AffectedEntry, DefectReport, RemedyOffer
from installs_registry import footprints, products
from installs_registry.types import ReleaseDeclaration
from notifier import publishing, releasing
from notifier.publications import Rulebook
from notifier.publishing import By
from notifier.sweeping import sweep_page
from risk import Fact, FactType, Product, Release, Severity, scheme
from storage import Tx, instant, open_database

PRODUCT = "notes"
#: The versions that installs have, oldest first; those from FIRST_AFFECTED on, and none of the fleet, are affected.
VERSIONS = tuple(f"{major}.{minor}.0" for major in range(1, 11) for minor in range(20))
FIRST_AFFECTED, FIXED = "11.0.0", "11.1.0"
#: The forty versions that an upgrade harms.
FROM, UP_TO = "5.0.0", "7.0.0"
CONDITION = "notebooks > 50 && storage_format in ['v1', 'v2'] && encrypted"
#: Installs of one customer; one install in ten is held by nobody known.
PER_CUSTOMER, UNKNOWN = 2, 10
_FACTS = {"notebooks": FactType.INTEGER, "storage_format": FactType.STRING, "encrypted": FactType.BOOLEAN}
_FORMATS = ("v1", "v2", "v3", "v4", "v5")
_SINCE = instant(NOW - timedelta(days=100))


def report(condition: str | None = CONDITION, *, everyone: bool = False) -> DefectReport:
    """Return a report: of forty versions and three facts, or of every install there is."""
    return DefectReport(
        product=PRODUCT,
        title="Upgrading to 11.0 can erase notes kept in the v2 format",
        summary="The first start rewrites notebooks.",
        severity=Severity.DATA_LOSS,
        affected=(AffectedEntry(introduced=FIRST_AFFECTED, fixed=FIXED),),
        upgrading_from=() if everyone else (AffectedEntry(introduced=FROM, fixed=UP_TO),),
        condition=None if everyone else condition,
        remedies=(RemedyOffer(kind="wait", text="Stay with the version you have."),),
    )


def declare_fleet(tx: Tx) -> None:
    """Declare the product and offer its releases."""
    facts = {name: Fact(name, kind) for name, kind in _FACTS.items()}
    releases = tuple(Release(version, "offered") for version in (*VERSIONS, FIRST_AFFECTED, FIXED))
    declare(tx, Product(PRODUCT, scheme("semver"), facts, releases))
    for release in releases:
        offered = ReleaseDeclaration(offered_at=NOW - timedelta(days=100))
        releasing.put_release(tx, PRODUCT, release.version, offered, NOW)


def settle(tx: Tx, installs: int, *, per_customer: int = PER_CUSTOMER, unknown: int = UNKNOWN) -> None:
    """Write customers, installs, their histories and their footprints, the same ones each time.

    One install in `unknown` is held by nobody known.
    """
    declare_fleet(tx)
    product = products.find(tx, PRODUCT)
    numbers = [row["no"] for row in tx.all(sql.version_numbers, product_no=product.no)][: len(VERSIONS)]
    tx.bulk_insert("customers", ("no", "id", "name", "email", "changed_at"), _customers(installs // per_customer + 1))
    holders = [None if no % unknown == 0 else 1 + no // per_customer for no in range(1, installs + 1)]
    tx.bulk_insert("installs", _INSTALL, _installs(holders, product.no, numbers))
    tx.bulk_insert("install_versions", ("install_no", "version_no", "since"), _histories(installs, numbers))
    columns = [
        "version_no",
        "install_no",
        *(f"f_{product.fact_numbers[name]}" for name in _FACTS),
    ]
    tx.bulk_insert(footprints.footprint_table(product.no), columns, _footprints(installs, numbers))


_INSTALL = (
    "no",
    "id",
    "product_no",
    "version_no",
    "first_version_no",
    "customer_no",
    "recipient",
    "os",
    "arch",
    "first_seen_at",
    "last_seen_at",
)


def _customers(customers: int) -> Iterator[tuple[Any, ...]]:
    for no in range(1, customers + 1):
        yield no, f"C-{no}", f"Customer {no}", f"c{no}@example.com", _SINCE


def _installs(holders: Sequence[int | None], product_no: int, numbers: list[int]) -> Iterator[tuple[Any, ...]]:
    for no, customer in enumerate(holders, start=1):
        version = numbers[no * 7 % len(numbers)]
        held_by = -no if customer is None else customer
        yield no, install_id(no), product_no, version, version, customer, held_by, "macos", "arm64", _SINCE, _SINCE


async def publish(url: str) -> str:
    """Publish the report on the fleet at this address, owe all that follows, and return the defect's id."""
    database, rulebook = open_database(url), Rulebook()
    try:
        filed = await database.call(publishing.file_defect, report(), By("ada", NOW))
        await database.call(publishing.publish, filed.id, By("ada", NOW))
        while await database.call(sweep_page, rulebook, NOW):
            pass
        return filed.id
    finally:
        await database.close()


def version_of(no: int) -> str:
    """Return the version that the install with a number has."""
    return VERSIONS[no * 7 % len(VERSIONS)]


def install_id(no: int) -> str:
    """Return what the install with a number is called."""
    return f"00000000-0000-4000-8000-{no:012d}"


def _histories(installs: int, numbers: list[int]) -> Iterator[tuple[int, int, str]]:
    for no in range(1, installs + 1):
        yield no, numbers[no * 7 % len(numbers)], _SINCE


def _footprints(installs: int, numbers: list[int]) -> Iterator[tuple[int, int, int, str, int]]:
    chance = random.Random(4411)  # noqa: S311 - the same fleet each time, not a secret
    for no in range(1, installs + 1):
        version = numbers[no * 7 % len(numbers)]
        yield version, no, chance.randrange(100), chance.choice(_FORMATS), int(chance.random() < 0.25)  # noqa: PLR2004 - a quarter
