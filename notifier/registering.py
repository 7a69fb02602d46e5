"""Check-ins and imports: who holds what, matched against the open defects in the same transaction.

A check-in holds its product's lock shared and a publication holds it alone, so one of the two sees the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from installs_registry import customers, installs, intake
from installs_registry.addresses import Network
from installs_registry.checked_in import CheckedIn
from installs_registry.known import KnownProduct
from installs_registry.reports import Arrival
from installs_registry.types import CheckIn, CustomerRecord, CustomerView
from notifier import notices, owing
from notifier.assessing import assess
from notifier.held import HeldProduct
from notifier.publications import Rulebook
from notifier.tokens import Links
from notifier.types import CheckInAnswer, NoticeView
from risk import Severity
from storage import Statements, Tx, instant
from storage.outcomes import Invalid, NotFound, Refusal

sql = Statements(__package__)


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who reports an install."""

    #: The token the client app made; None where the vendor reports.
    token: str | None = None
    #: The one product that an app's key may speak of; None: any, it is the vendor.
    product_no: int | None = None

    @property
    def is_vendor(self) -> bool:
        """Whether the report comes with the vendor's own authority."""
        return self.product_no is None


VENDOR = Reporter()


class Reported(msgspec.Struct, frozen=True):
    """A check-in as it was asked for."""

    install: str
    body: CheckIn
    reporter: Reporter


class Told(msgspec.Struct, frozen=True):
    """What a check-in is answered with."""

    answer: CheckInAnswer
    #: The install's number, where the time that it was last seen is not stored yet; None: it is.
    unseen: int | None


def check_in(
    tx: Tx,
    install: str,
    body: CheckIn,
    *,
    reporter: Reporter,
    rulebook: Rulebook,
    now: datetime,
    links: Links | None = None,
) -> CheckInAnswer:
    """Take an install's report; answer with the install and the notices it should show. Raises a Refusal."""
    (told,) = check_ins(tx, [Reported(install, body, reporter)], rulebook=rulebook, now=now, links=links)
    if isinstance(told, Refusal):
        raise told
    if told.unseen is not None:
        intake.see(tx, {told.unseen: instant(now)})
    return told.answer


def check_ins(
    tx: Tx,
    reported: Sequence[Reported],
    *,
    rulebook: Rulebook,
    now: datetime,
    links: Links | None = None,
) -> list[Told | Refusal]:
    """Take reports of installs as if one after another; each is answered or refused by itself.

    When an install was last seen is left to the caller to store, where nothing else of it has changed.
    """
    told: dict[int, Told | Refusal] = {}
    for turn in _taken_in_turn(tx, reported, rulebook, now):
        shown = notices.show_in_app(tx, _askers(reported, turn), now, links)
        for place, one in turn.items():
            told[place] = one if isinstance(one, Refusal) else _told(one, shown)
    return [told[place] for place in range(len(reported))]


def _askers(reported: Sequence[Reported], turn: Mapping[int, Taken | Refusal]) -> dict[int, bool]:
    """Return the numbers of the installs that were taken, each with whether its client app itself asks."""
    return {
        one.checked.install_no: not reported[place].reporter.is_vendor
        for place, one in turn.items()
        if isinstance(one, Taken)
    }


def _told(taken: Taken, shown: Mapping[int, list[NoticeView]]) -> Told:
    checked = taken.checked
    view = installs.view_of(taken.product, checked.after)
    answer = CheckInAnswer(install=view, notices=shown.get(checked.install_no, []))
    return Told(answer, None if checked.is_written else checked.install_no)


class Taken(msgspec.Struct, frozen=True):
    """A report that was stored."""

    product: KnownProduct
    checked: CheckedIn
    #: Whether it is at risk of a defect, or cannot be told to be safe, and was not before.
    newly_at_risk: bool


def take(tx: Tx, reported: Sequence[Reported], rulebook: Rulebook, now: datetime) -> list[Taken | Refusal]:
    """Store reports of installs, and what they change in the installs' exposures, as if one after another."""
    outcomes: dict[int, Taken | Refusal] = {}
    for turn in _taken_in_turn(tx, reported, rulebook, now):
        outcomes |= turn
    return [outcomes[place] for place in range(len(reported))]


def _taken_in_turn(
    tx: Tx, reported: Sequence[Reported], rulebook: Rulebook, now: datetime
) -> Iterator[dict[int, Taken | Refusal]]:
    """Yield what becomes of the reports, by their places, a turn at a time.

    The products are held in the order of their ids, so that two batches do not wait for each other.
    """
    held = {product: _held(tx, product, rulebook) for product in sorted({one.body.product for one in reported})}
    for turn in _turns(reported):
        outcomes: dict[int, Taken | Refusal] = {}
        for product, places in turn.items():
            taken = _take(tx, held[product], [reported[place] for place in places], now)
            outcomes |= zip(places, taken, strict=True)
        yield outcomes


def _turns(reported: Sequence[Reported]) -> list[dict[str, list[int]]]:
    """Return the places of the reports by product, in turns in which no install comes twice: its order is kept."""
    turns: list[dict[str, list[int]]] = []
    times: dict[str, int] = {}
    for place, one in enumerate(reported):
        turn = times[one.install] = times.get(one.install, -1) + 1
        if turn == len(turns):
            turns.append({})
        turns[turn].setdefault(one.body.product, []).append(place)
    return [dict(sorted(turn.items())) for turn in turns]


def _held(tx: Tx, product: str, rulebook: Rulebook) -> HeldProduct | None:
    try:
        return rulebook.held(tx, product)
    except NotFound:
        return None


def _take(tx: Tx, held: HeldProduct | None, reported: Sequence[Reported], now: datetime) -> list[Taken | Refusal]:
    """Store reports of one product's installs, each another one's."""
    # A product that is not the app's own is as good as unknown.
    known = [held is not None and one.reporter.product_no in {None, held.product.no} for one in reported]
    if held is None or not any(known):
        return [_no_product() for _ in reported]
    arrivals = [
        Arrival(one.install, one.body, one.reporter.token, one.reporter.is_vendor)
        for one, is_known in zip(reported, known, strict=True)
        if is_known
    ]
    outcomes = intake.take(tx, held.reception, arrivals, now)
    grown = assess(tx, held, [one for one in outcomes if isinstance(one, CheckedIn)], now)
    taken = iter(
        Taken(held.product, one, one.install_no in grown) if isinstance(one, CheckedIn) else one for one in outcomes
    )
    return [next(taken) if is_known else _no_product() for is_known in known]


def _no_product() -> Refusal:
    return Invalid.at("/product", "There is no such product.")


def put_customer(
    tx: Tx, customer: str, record: CustomerRecord, now: datetime, *, allowed: Sequence[Network] = ()
) -> CustomerView:
    """Register or change a customer; what waits for it goes to where it can now be reached.

    `allowed` holds the networks of its own that the vendor has opened to webhooks.
    """
    customer_no = customers.put(tx, customer, record, now, allowed=allowed)
    _reroute(tx, customer_no, now)
    return customers.view(tx, customer)


def _reroute(tx: Tx, customer_no: int, now: datetime) -> None:
    contact = customers.contacts(tx, [customer_no])[customer_no]
    # What the customer does not want on a channel is seen when it is about to be sent there.
    for channel, address in owing.ways_to(contact, Severity.DATA_LOSS):
        tx.run(sql.route_waiting, recipient=customer_no, channel=channel, address=address, at=instant(now))
