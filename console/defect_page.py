"""One defect, whole: what it is, whom it concerns, what became of the warnings, who decided what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from console import acts
from console.differences import Text, differences, texts
from console.history import events
from console.overview import Outcomes, audience_for
from console.pages import Answer, Page
from console.visiting import Visit
from console.words import between, duration
from feeds import audit
from feeds import store as defects
from feeds.life import State
from feeds.types import Effect
from feeds.types import Told as HowMany
from installs_registry import customers, products
from installs_registry.customers import Contact
from notifier import drift, notices, publishing, revisions
from notifier.ledger import ledger
from notifier.notices import Wanted
from notifier.progress import progress
from notifier.revisions import RevisionView
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
            "audience": audience_for(tx, visit, defect.id) if defect.state in _COUNTED else None,
            "drift": drift.since_preview(tx, defect.id, visit.person) if visit.files else None,
            "ledger": became,
            "outcomes": Outcomes.of(became) if became else None,
            "times": _times(became) if became else [],
            "progress": progress(tx, defect.id, visit.now) if became else None,
            "differences": differences(defect.report, proposed) if proposed else [],
            "effect_rows": _effect_rows(shown.effect) if shown.effect else [],
            "least": 0 if visit.files else visit.parts.small_audience,
            "revisions": _spoken(tx, defect.id) if defect.latest > 1 else [],
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
    least = visit.parts.small_audience
    kept_back = least if not visit.trusted and notices.too_few_to_list(tx, defect.id, least) else None
    return Page(
        "told.html",
        {
            "defect": publishing.view(tx, defect.id, visit.now),
            "told": [] if kept_back else _told(tx, visit, shown),
            "kept_back": kept_back,
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


def _spoken(tx: Tx, defect: str) -> list[tuple[RevisionView, list[Text]]]:
    """Return what was ever said of a defect, the newest first, each wording with all its fields."""
    return [(view, texts(view.report)) for view in reversed(revisions.of(tx, defect))]


def _effect_rows(effect: Effect) -> list[tuple[HowMany, str]]:
    """Return how many recipients would hear what, the newly warned first."""
    return [
        (effect.newly_at_risk, "newly at risk: they would be warned"),
        (effect.told_to_proceed, "of them, had asked before upgrading and were told to proceed"),
        (effect.newly_upgraded, "have an affected version already: they would be told how to recover"),
        (effect.told_otherwise, "were told before, and it is different for them now: a correction"),
        (effect.no_longer, "were told before, and it no longer concerns them: an all-clear"),
        (effect.unchanged, "are concerned as before: they would hear nothing"),
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
