"""Erasing a customer from all that is kept, answers to repeated writes included."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from api.answers import forget_naming
from installs_registry import erasures
from installs_registry.erasures import Erasure
from notifier import forgetting
from storage import Tx


def erase(tx: Tx, customer: str, now: datetime) -> None:
    """Forget a customer; its installs stay, held by nobody known. Raises NotFound."""
    forgetting.erase_customer(tx, customer, now)
    forget_naming(tx, customer)


def erase_again(tx: Tx, erased: Iterable[Erasure], now: datetime) -> int:
    """Forget those here who were forgotten in another copy of this database; return how many they were.

    A backup that is older than an erasure still holds who was erased.
    """
    found = erasures.forgotten_before(tx, erased)
    for customer in found:
        erase(tx, customer, now)
    return len(found)
