"""What a customer wants to hear, channel by channel."""

from __future__ import annotations

import pytest

from installs_registry import customers, preferences
from installs_registry.customers import Contact
from installs_registry.preferences import PreferencesWish
from risk import Severity
from storage import Database, Tx, instant
from tests.installs_registry.builders import LATER, NOW, a_customer

GRAVE = {Severity.DATA_LOSS, Severity.DATA_CORRUPTION}


def the_contact(tx: Tx) -> Contact:
    number = customers.number(tx, "C-1")
    return customers.contacts(tx, [number])[number]


async def wanted(database: Database) -> set[Severity]:
    contact = await database.read(the_contact)
    return {severity for severity in Severity if contact.wants_mail(severity)}


@pytest.mark.parametrize(
    ("floor", "wants"),
    [
        (None, set(Severity)),
        ("cosmetic", set(Severity)),
        ("degraded", set(Severity) - {Severity.COSMETIC}),
        ("outage", GRAVE | {Severity.OUTAGE}),
        ("data-corruption", GRAVE),
        ("data-loss", {Severity.DATA_LOSS}),
        ("nothing", set()),
    ],
)
def test_a_floor_lets_through_what_is_at_least_that_grave(floor: str | None, wants: set[Severity]) -> None:
    assert {severity for severity in Severity if preferences.wants(floor, severity)} == wants


async def test_unsubscribing_leaves_the_warnings_of_lost_or_damaged_data(database: Database) -> None:
    number = await database.call(a_customer)
    await database.call(preferences.unsubscribe, number, NOW)
    assert await wanted(database) == GRAVE
    assert (await database.read(customers.view, "C-1")).mail_refused_at is None


async def test_a_stricter_choice_outlives_unsubscribing_and_a_new_record(database: Database) -> None:
    number = await database.call(a_customer)
    for floor in ("data-loss", "nothing"):
        wish = PreferencesWish(email=floor)
        await database.call(preferences.choose, number, wish, "Anna", NOW)
        await database.call(preferences.unsubscribe, number, LATER)
        await database.call(a_customer, email="new@b.example")
        chosen = (await database.read(preferences.of, number))["email"]
        assert (chosen.floor, chosen.chosen_by, chosen.chosen_at) == (floor, "Anna", instant(NOW))


async def test_who_wants_nothing_has_refused_mail_until_the_choice_is_taken_back(database: Database) -> None:
    number = await database.call(a_customer)
    await database.call(preferences.choose, number, PreferencesWish(email="nothing"), "Anna", NOW)
    assert await wanted(database) == set()
    assert (await database.read(customers.view, "C-1")).mail_refused_at == instant(NOW)
    await database.call(preferences.choose, number, PreferencesWish(email=None), "Anna", LATER)
    assert await wanted(database) == set(Severity)
    assert (await database.read(customers.view, "C-1")).mail_refused_at is None


async def test_a_choice_for_one_channel_leaves_the_other_as_it_was(database: Database) -> None:
    number = await database.call(a_customer)
    await database.call(preferences.choose, number, PreferencesWish(webhook="outage"), "Anna", NOW)
    contact = await database.read(the_contact)
    assert (contact.webhook_floor, contact.email_floor) == ("outage", None)
    assert contact.wants_calls(Severity.OUTAGE)
    assert not contact.wants_calls(Severity.DEGRADED)
