"""What a customer wants to hear, channel by channel: a floor, the least grave severity that may be sent there.

The app is no channel of this kind: it shows what concerns its install where somebody looks, and interrupts nobody.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from risk import Severity
from storage import Statements, Tx, instant

sql = Statements(__package__, "care.sql")

Channel = Literal["email", "webhook"]
#: A severity's name, or "nothing".
Floor = Literal["cosmetic", "degraded", "outage", "data-corruption", "data-loss", "nothing"]

NOTHING: Final = "nothing"
#: What is left after a plain "no more mails": that data will be lost or damaged is still told.
GRAVE: Final[Floor] = "data-corruption"
#: Who chose by a link in a mail, without giving a name.
CUSTOMER: Final = "customer"

_GRAVEST_FIRST: Final = tuple(severity.value for severity in Severity)

_FLOOR = msgspec.Meta(
    description="the least grave severity that may be sent there, or nothing; null takes the choice back"
)


class PreferencesWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a customer has chosen; a channel that is left out stays as it was."""

    email: Annotated[Floor | UnsetType | None, _FLOOR] = UNSET
    webhook: Annotated[Floor | UnsetType | None, _FLOOR] = UNSET


class Preference(msgspec.Struct, frozen=True):
    """What a customer wants on one channel."""

    floor: Floor
    #: `customer`: by the link in a mail; else the name that was given with the choice.
    chosen_by: str
    chosen_at: str


def wants(floor: str | None, severity: Severity) -> bool:
    """Say whether what is this grave may be sent to who chose this floor; None: no choice, everything."""
    return floor is None or (floor != NOTHING and _GRAVEST_FIRST.index(severity) <= _GRAVEST_FIRST.index(floor))


def wanted(severity: Severity) -> str:
    """Return the floors at which what is this grave may be sent, as one text that holds the name of each.

    For SQL that asks of many customers at once; no floor's name is part of another's.
    """
    return " ".join(floor for floor in _GRAVEST_FIRST if wants(floor, severity))


def of(tx: Tx, customer_no: int) -> dict[str, Preference]:
    """Return a customer's choices by channel."""
    rows = tx.all(sql.preferences_of, customer_no=customer_no)
    return {row.pop("channel"): Preference(**row) for row in rows}


def choose(tx: Tx, customer_no: int, wish: PreferencesWish, by: str, now: datetime) -> None:
    """Store what a customer has chosen, on the word of `by`."""
    for channel, floor in (("email", wish.email), ("webhook", wish.webhook)):
        if floor is UNSET:
            continue
        if floor is None:
            tx.run(sql.drop_floor, customer_no=customer_no, channel=channel)
        else:
            tx.run(sql.choose_floor, customer_no=customer_no, channel=channel, floor=floor, by=by, at=instant(now))
    if wish.email is not UNSET:
        refused_at = instant(now) if wish.email == NOTHING else None
        tx.run(sql.mark_mail_refused, customer_no=customer_no, at=refused_at)


def unsubscribe(tx: Tx, customer_no: int, now: datetime) -> None:
    """Send no more mails but those that say that data will be lost or damaged; a stricter choice stands."""
    chosen = of(tx, customer_no).get("email")
    if chosen is None or wants(chosen.floor, Severity.OUTAGE):
        choose(tx, customer_no, PreferencesWish(email=GRAVE), CUSTOMER, now)
