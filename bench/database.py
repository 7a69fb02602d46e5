"""Databases with something in them, made in the benchmark's own folder."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import msgspec
import psycopg

import risk
from bench.rules import Case
from commands.options import migrations
from installs_registry import products
from installs_registry.types import FactDeclaration, ProductDeclaration
from notifier import releasing
from storage import Statements, Tx, instant, open_database

P = ParamSpec("P")
T = TypeVar("T")

sql = Statements(__package__)

#: A peer keeps what it acknowledges, and refuses what refers to nothing, as we do.
PRAGMAS = ("PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON")

#: When everything has happened.
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def url_of(path: Path) -> str:
    """Return the address of a file."""
    return f"sqlite:///{path}"


def carried_out(path: Path, work: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what a work returns on the database at `path`, made and brought up to date where needed."""
    return carried_out_at(url_of(path), work, *args, **kwargs)


def carried_out_at(url: str, work: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what a work returns on the database at this address, brought up to date where needed."""

    async def carry_out() -> T:
        database = open_database(url)
        try:
            await database.migrate(migrations())
            return await database.call(work, *args, **kwargs)
        finally:
            await database.close()

    return asyncio.run(carry_out())


def tidy(url: str) -> None:
    """Do after a bulk load what PostgreSQL's own autovacuum would soon do; SQLite waits for nobody to do it."""
    if not url.startswith("sqlite"):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(b"VACUUM ANALYZE")


def declare(tx: Tx, product: risk.Product) -> int:
    """Declare a product; return its number."""
    facts = {name: FactDeclaration(type=fact.type.value) for name, fact in product.facts.items()}
    declaration = ProductDeclaration(name="Notes", version_scheme="semver", facts=facts)
    releasing.declare_product(tx, product.id, declaration, NOW)
    return products.find(tx, product.id).no


def publish(tx: Tx, case: Case) -> None:
    """Publish a product with its releases and defects, without the acts that lead there."""
    product_no = declare(tx, case.product)
    subjects = [("release", release.version, release) for release in case.product.releases]
    subjects += [("defect", defect.id, defect) for defect in case.defects]  # type: ignore[misc]
    rows = [
        {
            "sequence": sequence,
            "product_no": product_no,
            "kind": kind,
            "subject": subject,
            "body": msgspec.json.encode(body).decode(),
            "at": instant(NOW),
        }
        for sequence, (kind, subject, body) in enumerate(subjects, start=2)
    ]
    tx.many(sql.insert_publication, rows)
    tx.run(sql.set_sequence, value=len(rows) + 1)
