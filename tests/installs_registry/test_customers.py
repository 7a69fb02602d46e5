"""Customers, their contacts and their erasure."""

from __future__ import annotations

from ipaddress import ip_network

import msgspec
import pytest

from installs_registry import customers, installs
from installs_registry.customers import Contact
from installs_registry.types import CustomerRecord
from storage import Database, instant
from storage.outcomes import Invalid, NotFound
from tests.installs_registry.builders import LATER, NOW, a_check_in, a_customer, a_product

WHOLE = {
    "name": "Ada Ürümqi \N{PILE OF POO} =?utf-8?q?hi?=",
    "email": "ada@b.example",
    "locale": "de-AT",
    "time_zone": "Europe/Vienna",
    "partner": "Resellers Ltd",
    "webhook": "https://hooks.example.com/a%20b?x=1",
}


async def test_a_customer_is_answered_as_it_was_registered(database: Database) -> None:
    await database.call(a_customer, **WHOLE)
    view = await database.read(customers.view, "C-1")
    assert msgspec.to_builtins(view) == {
        "customer": "C-1",
        **WHOLE,
        "mail_refused_at": None,
        "preferences": {},
        "changed_at": instant(NOW),
    }


async def test_names_and_addresses_are_left_out_for_whom_they_are_not_meant(database: Database) -> None:
    await database.call(a_customer, **WHOLE)
    view = await database.read(customers.view, "C-1")
    assert msgspec.to_builtins(view.without_addresses()).keys().isdisjoint({"name", "email", "webhook", "preferences"})


async def test_a_second_record_replaces_the_first_and_keeps_the_number(database: Database) -> None:
    first = await database.call(a_customer, **WHOLE)
    assert await database.call(a_customer, name="Bob") == first
    view = await database.read(customers.view, "C-1")
    assert (view.name, view.email, view.webhook) == ("Bob", None, None)


#: Fields of a record that are refused.
WRONG = [
    ("name", "Ada\r\nBcc: e@evil.example"),
    ("name", "Ada\N{LINE SEPARATOR}"),
    ("name", "\ud800"),
    ("name", "   "),
    ("partner", "x\0"),
    ("email", "not an address"),
    ("locale", "de_AT"),
    ("locale", "de-"),
    ("time_zone", "America"),
    ("time_zone", "../../etc/passwd"),
    ("time_zone", "Mars/Base"),
    ("webhook", "http://127.0.0.1/"),
]


async def test_what_is_wrong_with_a_record_is_told_at_its_place(database: Database) -> None:
    for field, value in WRONG:
        with pytest.raises(Invalid) as refused:
            await database.call(a_customer, **{field: value})
        assert [fault.at for fault in refused.value.faults] == [f"/{field}"]
    assert await database.read(customers.no_of, "C-1") is None


async def test_all_that_is_wrong_with_a_record_is_told_at_once(database: Database) -> None:
    with pytest.raises(Invalid) as refused:
        await database.call(a_customer, " C-1", name="\n", email="x", locale="!", time_zone="!", webhook="!")
    assert [fault.at for fault in refused.value.faults] == [
        "",
        "/name",
        "/email",
        "/locale",
        "/time_zone",
        "/webhook",
    ]


async def test_a_webhook_may_lead_into_a_network_that_the_vendor_has_opened(database: Database) -> None:
    record = CustomerRecord(name="Ada", webhook="http://10.1.2.3:8080/hook")
    opened = [ip_network("10.0.0.0/8")]
    await database.call(lambda tx: customers.put(tx, "C-1", record, NOW, allowed=opened))
    assert (await database.read(customers.view, "C-1")).webhook == record.webhook


@pytest.mark.parametrize("wrong", ["", " x", "x" * 201, "a\nb", ".", ".."])
async def test_an_id_that_cannot_be_asked_for_is_refused(database: Database, wrong: str) -> None:
    with pytest.raises(Invalid):
        await database.call(customers.put, wrong, CustomerRecord(name="Ada"), NOW)


async def test_an_id_that_no_customer_can_have_is_not_found(database: Database) -> None:
    for customer in ("", "\0", "\ud800", "a\nb", "x" * 201):
        assert await database.read(customers.no_of, customer) is None
        for work in (customers.view, customers.export):
            with pytest.raises(NotFound):
                await database.read(work, customer)
        with pytest.raises(NotFound):
            await database.call(customers.erase, customer, NOW)


async def test_contacts_are_found_for_customers_and_for_installs_that_nobody_holds(database: Database) -> None:
    await database.call(a_product)
    number = await database.call(a_customer, **WHOLE)
    alone = (await database.call(a_check_in)).recipient
    found = await database.read(customers.contacts, [number, alone, number + 99])
    assert found == {
        alone: Contact(recipient=alone),
        number: Contact(recipient=number, customer_id="C-1", **WHOLE),
    }
    assert await database.read(customers.contacts, []) == {}


async def test_an_erased_customer_leaves_its_installs_with_nobody(database: Database) -> None:
    await database.call(a_product)
    number = await database.call(a_customer)
    held = await database.call(a_check_in, customer="C-1")
    assert held.recipient == number
    assert await database.call(customers.erase, "C-1", LATER) == number
    view = await database.read(lambda tx: installs.view(tx, "i-1", token=None, vendor=True))
    assert view.customer is None
    again = await database.call(a_check_in)
    assert (again.recipient, again.changed) == (-held.install_no, False)
    with pytest.raises(NotFound):
        await database.call(customers.erase, "C-1", LATER)


async def test_an_export_holds_the_customer_and_its_installs(database: Database) -> None:
    await database.call(a_product)
    await database.call(a_customer, **WHOLE)
    await database.call(a_check_in, "i-2", customer="C-1", footprint={"notebooks": 3})
    await database.call(a_check_in, "i-1", customer="C-1")
    await database.call(a_check_in, "i-3")
    export = msgspec.to_builtins(await database.read(customers.export, "C-1"))
    assert export["customer"]["email"] == WHOLE["email"]
    assert [install["install"] for install in export["installs"]] == ["i-1", "i-2"]
    assert export["installs"][1]["footprint"] == {"notebooks": 3}
