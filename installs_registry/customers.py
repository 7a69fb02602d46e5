"""Customers: who they are, how they are reached, and forgetting them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from installs_registry import erasures, history, installs, preferences
from installs_registry.addresses import Network, check_email, check_public_address
from installs_registry.faults import Faults
from installs_registry.plain_text import check_id, check_line, is_id
from installs_registry.types import CustomerRecord, CustomerView
from risk import Severity
from storage import Row, Statements, Tx, instant
from storage.outcomes import NotFound

sql = Statements(__package__)
care = Statements(__package__, "care.sql")

#: A language tag's shape (RFC 5646): a language, then scripts, regions and variants.
_LOCALE: Final = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_TIME_ZONE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*")


class Contact(msgspec.Struct, frozen=True, array_like=True):
    """How a recipient is reached; of an install that nobody is known to hold, all but `recipient` is None.

    The fields are the columns of `contacts`.
    """

    #: The customer's number, or minus the install's own.
    recipient: int
    customer_id: str | None = None
    name: str | None = None
    email: str | None = None
    #: BCP 47.
    locale: str | None = None
    #: IANA.
    time_zone: str | None = None
    webhook: str | None = None
    partner: str | None = None
    #: Instant from which the customer wants no mail at all; None: mail is welcome, from `email_floor` up.
    mail_refused_at: str | None = None
    #: The least grave severity that may be sent there, or "nothing"; None: no choice was made, everything.
    email_floor: str | None = None
    webhook_floor: str | None = None

    def wants_mail(self, severity: Severity) -> bool:
        """Say whether the customer lets a mail about what is this grave reach it."""
        return self.mail_refused_at is None and preferences.wants(self.email_floor, severity)

    def wants_calls(self, severity: Severity) -> bool:
        """Say whether the customer lets its webhook be called about what is this grave."""
        return preferences.wants(self.webhook_floor, severity)


def put(tx: Tx, customer: str, record: CustomerRecord, now: datetime, *, allowed: Sequence[Network] = ()) -> int:
    """Register a customer, or replace what is known of it; return its number.

    `allowed` holds the networks of its own that the vendor has opened to webhooks. Raises Invalid with all
    faults.
    """
    _check(customer, record, allowed)
    fields = msgspec.structs.asdict(record)
    values = {field: fields[field] for field in CustomerRecord.__struct_fields__}
    if not tx.run(sql.insert_customer, id=customer, at=instant(now), **values):
        tx.run(sql.update_customer, id=customer, at=instant(now), **values)
    return cast("int", tx.value(sql.customer_no, id=customer))


def view(tx: Tx, customer: str) -> CustomerView:
    """Return the customer as it is answered; raises NotFound."""
    row = _row(tx, customer)
    own = {"customer", "preferences"}
    fields = {field: row[field] for field in CustomerView.__struct_fields__ if field not in own}
    return CustomerView(customer=row["id"], preferences=preferences.of(tx, row["no"]), **fields)


def no_of(tx: Tx, customer: str) -> int | None:
    """Return the number of the customer with this id, None where there is none."""
    return cast("int | None", tx.value(sql.customer_no, id=customer)) if is_id(customer) else None


def contacts(tx: Tx, recipients: Sequence[int]) -> Mapping[int, Contact]:
    """Return how each of these recipients is reached; one that is no longer known is left out."""
    found = {number: Contact(recipient=number) for number in recipients if number < 0}
    numbers = [number for number in recipients if number > 0]
    if numbers:
        found |= {each.recipient: each for each in tx.records(sql.contacts, Contact, numbers=json.dumps(numbers))}
    return found


def number(tx: Tx, customer: str) -> int:
    """Return the number of a customer; raises NotFound."""
    return cast("int", _row(tx, customer)["no"])


def erase(tx: Tx, customer: str, now: datetime) -> int:
    """Forget a customer and return the number it had: notices of that recipient are the caller's to erase.

    Its installs stay, held by nobody known. Raises NotFound.
    """
    no = number(tx, customer)
    tx.run(sql.unlink_installs, customer_no=no)
    for statement in (care.erase_claims, care.erase_claim_codes, care.erase_preferences):
        tx.run(statement, customer_no=no)
    tx.run(sql.delete_customer, no=no)
    erasures.note(tx, customer, now)
    return no


def export(tx: Tx, customer: str) -> dict[str, Any]:
    """Return all that the registry holds of a customer; raises NotFound."""
    row = _row(tx, customer)
    found = tx.all(sql.installs_of_customer, customer_no=row["no"])
    return {
        "customer": view(tx, customer),
        "installs": [installs.view(tx, install["id"], token=None, vendor=True) for install in found],
        "history": {install["id"]: history.of(tx, install["no"]) for install in found},
        "claim_codes": tx.all(care.claim_codes_of, customer_no=row["no"]),
    }


def _row(tx: Tx, customer: str) -> Row:
    row = tx.one(sql.find_customer, id=customer) if is_id(customer) else None
    if row is None:
        raise NotFound("There is no such customer.")
    return row


def _check(customer: str, record: CustomerRecord, allowed: Sequence[Network]) -> None:
    faults = Faults()
    faults.check("", check_id, customer)
    checks: Mapping[str, Callable[[str], None]] = {
        "name": check_line,
        "email": check_email,
        "locale": _check_locale,
        "time_zone": _check_time_zone,
        "partner": check_line,
        "webhook": lambda url: check_public_address(url, allowed),
    }
    for field, check in checks.items():
        value = getattr(record, field)
        if value is not None:
            faults.check(f"/{field}", check, value)
    faults.refuse()


def _check_locale(text: str) -> None:
    if not _LOCALE.fullmatch(text):
        raise ValueError("A locale is a BCP 47 tag, such as de-AT.")


def _check_time_zone(text: str) -> None:
    try:
        known = _TIME_ZONE.fullmatch(text) is not None and ZoneInfo(text) is not None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # An OSError comes of a name that is a folder of the time zone database, such as America.
        known = False
    if not known:
        raise ValueError("A time zone is a name of the IANA database, such as Europe/Vienna.")
