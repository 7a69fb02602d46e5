"""One defect, whole: what it is, whom it concerns, what became of the warnings, who decided what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from console import acts
from console.differences import differences
from console.history import events
from console.overview import Outcomes
from console.pages import Answer, Page
from console.visiting import Visit
from console.words import between, duration
from feeds import audit
from feeds import store as defects
from feeds.life import State
from installs_registry import customers, products
from installs_registry.customers import Contact
from notifier import audience, notices, publishing
from notifier.ledger import ledger, progress
from notifier.notices import Wanted
from notifier.types import LedgerView, NoticeView
from storage import Tx

#: Notices on one page.
PAGE: Final = 50
#: The states in which somebody may be concerned.
_COUNTED: Final = frozenset({State.DRAFT, State.PUBLISHED, State.RESOLVED})


@dataclass(frozen=True, slots=True)
class Told:
    """One notice of the defect."""

    notice: NoticeView
    #: The customer's name; None where nobody is known, or where the visitor may not know.
    name: str | None
    email: str | None
    #: Whether it went to an install that nobody is known to hold.
    anonymous: bool


def show(tx: Tx, visit: Visit) -> Answer:
    """Show the defect that the path names."""
    defect = defects.find(tx, visit.asked.path["defect"])
    shown = publishing.view(tx, defect.id, visit.now)
    became = ledger(tx, defect.id) if defect.published_at else None
    proposed = defect.proposed_report
    return Page(
        "defect.html",
        {
            "defect": shown,
            "latest": defect.latest,
            "product_name": products.find_by_number(tx, defect.product_no).name,
            "audience": audience.audience_of(tx, defect.id) if defect.state in _COUNTED else None,
            "ledger": became,
            "outcomes": Outcomes.of(became) if became else None,
            "times": _times(became) if became else [],
            "progress": progress(tx, defect.id, visit.now) if became else None,
            "differences": differences(defect.report, proposed) if proposed else [],
            "events": events(audit.of(tx, defect.id), visit.reader),
            "acts": acts.offered(tx, visit, defect) if visit.trusted else [],
        },
    )


def show_told(tx: Tx, visit: Visit) -> Answer:
    """Show who was told of the defect, in the order in which it was owed."""
    defect = defects.find(tx, visit.asked.path["defect"])
    wanted, after = Wanted(defect=defect.id), visit.number("after") or 0
    found = notices.listing(tx, wanted, after=after, limit=PAGE + 1, links=None)
    shown = [view for _, view in found[:PAGE]]
    return Page(
        "told.html",
        {
            "defect": publishing.view(tx, defect.id, visit.now),
            "told": _told(tx, visit, shown),
            "next": found[PAGE - 1][0] if len(found) > PAGE else None,
            "first": after == 0,
        },
    )


def _told(tx: Tx, visit: Visit, shown: list[NoticeView]) -> list[Told]:
    recipients = [notices.holder(tx, notice.id) for notice in shown]
    contacts = customers.contacts(tx, sorted(set(recipients))) if visit.trusted else {}
    nobody = Contact(recipient=0)
    return [
        Told(
            notice,
            contacts.get(recipient, nobody).name,
            contacts.get(recipient, nobody).email,
            anonymous=recipient < 0,
        )
        for notice, recipient in zip(shown, recipients, strict=True)
    ]


def _times(became: LedgerView) -> list[tuple[str, str]]:
    """Return each step with how long it took."""
    told = []
    if became.published_at:
        told.append(("from filing to publishing", between(became.filed_at, became.published_at)))
        if became.first_delivered_at:
            first = between(became.published_at, became.first_delivered_at)
            told.append(("from publishing to the first delivery", first))
    if became.delivered_p50_seconds is not None:
        told.append(("until half of the notices had arrived", duration(became.delivered_p50_seconds)))
    if became.delivered_p95_seconds is not None:
        told.append(("until 95 of 100 had arrived", duration(became.delivered_p95_seconds)))
    return told
