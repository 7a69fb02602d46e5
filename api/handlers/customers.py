"""Customers: their records, their erasure and what is held of them."""

from __future__ import annotations

from api import erasing
from api.asking import Answer, Ask
from api.keys import CONFIDED
from installs_registry import claims, customers, preferences
from installs_registry.claims import ClaimCodeWish
from installs_registry.preferences import PreferencesWish
from installs_registry.types import CustomerRecord
from notifier import forgetting, registering
from storage import Tx


def put_customer(tx: Tx, ask: Ask[None, CustomerRecord]) -> Answer:
    """Store a customer's record."""
    allowed = ask.policy.allowed_networks
    return Answer(registering.put_customer(tx, ask.path["customer"], ask.body, ask.now, allowed=allowed))


def get_customer(tx: Tx, ask: Ask[None, None]) -> Answer:
    """Return a customer's record, without name and addresses for those who may not read them."""
    view = customers.view(tx, ask.path["customer"])
    return Answer(view if ask.key.role in CONFIDED else view.without_addresses())


def erase_customer(tx: Tx, ask: Ask[None, None]) -> Answer:
    """Forget a customer; its installs stay, held by nobody known."""
    erasing.erase(tx, ask.path["customer"], ask.now)
    return Answer(None, 204)


def export_customer(tx: Tx, ask: Ask[None, None]) -> Answer:
    """Return all that is held of a customer."""
    return Answer(forgetting.export_customer(tx, ask.path["customer"], ask.links))


def put_preferences(tx: Tx, ask: Ask[None, PreferencesWish]) -> Answer:
    """Store what a customer has told the vendor it wants to hear, on the word of the key's person."""
    customer = ask.path["customer"]
    preferences.choose(tx, customers.number(tx, customer), ask.body, ask.key.person, ask.now)
    return Answer(customers.view(tx, customer))


def make_claim_code(tx: Tx, ask: Ask[None, ClaimCodeWish]) -> Answer:
    """Make a code that links installs to a customer; it is shown this once."""
    made = claims.make(tx, customers.number(tx, ask.path["customer"]), ask.body, ask.key.person, ask.now)
    return Answer(made, 201, kept=made.without_code())


def list_claim_codes(tx: Tx, ask: Ask[None, None]) -> Answer:
    """Return the claim codes ever made for a customer, without the codes themselves."""
    return Answer(claims.listing(tx, customers.number(tx, ask.path["customer"])))


def void_claim_codes(tx: Tx, ask: Ask[None, None]) -> Answer:
    """Let a customer's claim codes link nothing more; what they have linked stays."""
    claims.void(tx, customers.number(tx, ask.path["customer"]), ask.now)
    return Answer(None, 204)
