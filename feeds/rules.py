"""The vendor's own rules: how many people clearing takes, how long a pause may last, when a draft is escalated.

They are kept in the database, so that every process and the command line hold the same ones, and each change is a
row of the audit. What the settings ask for is taken up when it is first seen; fewer people for clearing is one
word more, and takes effect when enough people have said the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Final

from msgspec import Meta, Struct

from storage import Statements, Tx, instant
from storage.outcomes import Invalid

from . import audit
from .people import SETTINGS, spelling

sql = Statements(__package__)

PEOPLE: Final = "signatures_needed"


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules in force; 0 hours: never."""

    #: How many different people clearing a warning takes: 2, or 1 for a vendor of one.
    signatures_needed: int = 2
    #: The longest pause, and all that a data-loss warning can be paused in its life.
    longest_pause_hours: int = 24
    #: From the filing of a data-loss draft until the approvers are told that nobody has decided.
    escalate_after_hours: int = 24
    #: From then on until it is published by itself.
    publish_after_hours: int = 0


#: What may be set: by name, the least and the most.
LIMITS: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {
        PEOPLE: (1, 2),
        "longest_pause_hours": (1, 168),
        "escalate_after_hours": (0, 8_760),
        "publish_after_hours": (0, 8_760),
    }
)


@dataclass(frozen=True, slots=True)
class SignOff:
    """How many people clearing takes, and who asks for another number."""

    people: int
    #: The number asked for; None: nobody asks for another.
    asked: int | None
    #: Who has asked for it, in the order of asking.
    signed_by: tuple[str, ...]
    #: How many further people must ask for the same.
    needs: int


class SignOffWish(Struct, frozen=True, forbid_unknown_fields=True):
    """Another number of people."""

    #: 1 or 2.
    people: Annotated[int, Meta(ge=1, le=2)]


class AskedView(Struct, frozen=True):
    """Another number of people that waits for a further person's word."""

    people: int
    signed_by: tuple[str, ...]
    needs: int


class RulesView(Struct, frozen=True, kw_only=True):
    """The rules in force; 0 hours: never."""

    signatures_needed: int
    longest_pause_hours: int
    escalate_after_hours: int
    publish_after_hours: int
    #: None: nobody asks for another number of people.
    asked: AskedView | None


def view(tx: Tx) -> RulesView:
    """Return the rules as they are answered."""
    sign_off = standing(tx)
    asked = None if sign_off.asked is None else AskedView(sign_off.asked, sign_off.signed_by, sign_off.needs)
    return RulesView(**asdict(current(tx)), asked=asked)


def current(tx: Tx) -> Rules:
    """Return the rules in force."""
    return replace(Rules(), **{row["name"]: row["value"] for row in tx.all(sql.list_rules) if row["name"] in LIMITS})


def take_up(tx: Tx, given: Mapping[str, int], now: datetime) -> Rules:
    """Take up what the settings ask for, where it is new; return the rules in force then."""
    audit.lock(tx)
    before = current(tx)
    for name, value in given.items():
        if name == PEOPLE and value <= before.signatures_needed and tx.value(sql.count_defects):
            sign_off(tx, value, SETTINGS, now)
        elif value != getattr(before, name):
            _change(tx, name, value, SETTINGS, {}, now)
    return current(tx)


def differ(tx: Tx, given: Mapping[str, int]) -> bool:
    """Tell whether the settings ask for what is not in force, or no longer ask for what they did."""
    before = current(tx)
    if given.get(PEOPLE) == before.signatures_needed and _words_of(tx, SETTINGS):
        return True
    return any(value != getattr(before, name) for name, value in given.items())


def sign_off(tx: Tx, people: int, person: str, now: datetime) -> SignOff:
    """Give a person's word for another number of people; it takes as many people as clearing takes now.

    The same person's again changes nothing; asking for the number in force takes back the person's word for another.
    """
    least, most = LIMITS[PEOPLE]
    if not least <= people <= most:
        raise Invalid.at("/people", f"Clearing takes from {least} to {most} people.")
    audit.lock(tx)
    needed = current(tx).signatures_needed
    if people == needed:
        if _words_of(tx, person):
            lapse(tx, person, now)
            audit.record(tx, person, "ask rule", PEOPLE, {"before": needed, "after": needed}, now)
        return standing(tx)
    signed = _asking(tx, people)
    if spelling(person) not in map(spelling, signed):
        signed = (*signed, person)
        tx.run(sql.add_rule_signature, people=people, person=person, at=instant(now))
        if len(signed) < needed:
            audit.record(tx, person, "ask rule", PEOPLE, {"before": needed, "after": people}, now)
    if len(signed) >= needed:
        _change(tx, PEOPLE, people, signed[-1], {"signed_by": list(signed)}, now)
    return standing(tx)


def standing(tx: Tx) -> SignOff:
    """Return how many people clearing takes, and what is asked for beside it."""
    people = current(tx).signatures_needed
    for asked in range(LIMITS[PEOPLE][0], LIMITS[PEOPLE][1] + 1):
        signed = _asking(tx, asked)
        if asked != people and signed:
            return SignOff(people, asked, signed, people - len(signed))
    return SignOff(people, None, (), 0)


def lapse(tx: Tx, person: str, now: datetime) -> None:
    """Take back the waiting words of a person for another number of people."""
    for no in _words_of(tx, person):
        tx.run(sql.end_rule_signature, no=no, at=instant(now))


def _words_of(tx: Tx, person: str) -> list[int]:
    """Return the numbers of the waiting words of a person."""
    return [row["no"] for row in tx.all(sql.list_rule_signatures) if spelling(row["person"]) == spelling(person)]


def _asking(tx: Tx, people: int) -> tuple[str, ...]:
    return tuple(row["person"] for row in tx.all(sql.list_rule_signatures) if row["people"] == people)


def _change(tx: Tx, name: str, value: int, person: str, signed: Mapping[str, object], now: datetime) -> None:
    before = getattr(current(tx), name)
    tx.run(sql.set_rule, name=name, value=value, at=instant(now))
    if name == PEOPLE:
        tx.run(sql.spend_rule_signatures, at=instant(now))
    audit.record(tx, person, "change rule", name, {"before": before, "after": value, **signed}, now)
