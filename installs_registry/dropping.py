"""Installs that are thrown away because of their age, with all that the registry knows of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from installs_registry import footprints, products
from storage import Statements, Tx

sql = Statements(__package__, "care.sql")


def drop(tx: Tx, found: Iterable[tuple[int, int]]) -> None:
    """Delete installs, each given as its product's number and its own: footprint, history, and the install."""
    by_product: dict[int, list[int]] = defaultdict(list)
    for product_no, install_no in found:
        by_product[product_no].append(install_no)
    for product_no, install_nos in by_product.items():
        footprints.drop(tx, products.find_by_number(tx, product_no), install_nos)
        rows = [{"install_no": install_no} for install_no in install_nos]
        for statement in (sql.drop_footprint_changes, sql.drop_versions, sql.drop_install):
            tx.many(statement, rows)
