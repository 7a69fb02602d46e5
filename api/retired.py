"""Facts that a product no longer declares."""

from __future__ import annotations

from installs_registry import products
from storage import Tx


def retired_facts(tx: Tx, product: str) -> frozenset[str]:
    """Return the names that the product once declared; raises NotFound for an unknown product."""
    return frozenset(products.find(tx, product).retired)
