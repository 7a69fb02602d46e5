"""Customers: their records, their erasure and what is held of them."""

from __future__ import annotations

from api.answers import forget_naming
from api.asking import Answer, Ask
from api.keys import Role
from installs_registry import customers
from installs_registry.types import CustomerRecord
from notifier import registering
from storage import Tx

#: The roles that may read names and addresses.
_CONFIDED = frozenset({Role.ADMIN, Role.APPROVER})


def put_customer(tx: Tx, ask: Ask[None, CustomerRecord]) -> Answer:
    """Store a customer's record."""
    allowed = ask.policy.allowed_networks
    return Answer(registering.put_customer(tx, ask.path["customer"], ask.body, ask.now, allowed=allowed))


def get_customer(tx: Tx, ask: Ask[None, None]) -> Answer:
    """Return a customer's record, without name and addresses for those who may not read them."""
    view = customers.view(tx, ask.path["customer"])
    return Answer(view if ask.key.role in _CONFIDED else view.without_addresses())


def erase_customer(tx: Tx, ask: Ask[None, None]) -> Answer:
    """Forget a customer; its installs stay, held by nobody known."""
    registering.erase_customer(tx, ask.path["customer"], ask.now)
    forget_naming(tx, ask.path["customer"])
    return Answer(None, 204)


def export_customer(tx: Tx, ask: Ask[None, None]) -> Answer:
    """Return all that is held of a customer."""
    return Answer(registering.export_customer(tx, ask.path["customer"], ask.links))
