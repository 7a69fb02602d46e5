"""The first page: the defects, newest first, with whom they concern and what became of the warnings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from console.pages import Answer, Page
from console.visiting import Visit
from feeds.life import State
from feeds.types import DefectView
from installs_registry import products
from notifier import previews, publishing
from notifier.delivery import lane_store
from notifier.ledger import ledger
from notifier.progress import progress
from notifier.types import AudienceView, LedgerView, ProgressView
from storage import Row, Statements, Tx
from storage.outcomes import Invalid

sql = Statements(__package__)

#: Defects on one page.
PAGE: Final = 20
#: Products to choose from; a vendor with more finds its defects by the address.
_PRODUCTS: Final = 500


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of the installs that were ever exposed to some defects; each install is counted once a defect."""

    exposed: int
    warned_before: int
    warned_after: int
    unwarned: int

    @classmethod
    def of(cls, *views: LedgerView) -> Outcomes:
        """Return the sums over some ledgers."""
        return cls(
            sum(view.exposed for view in views),
            sum(view.warned_before_install for view in views),
            sum(view.warned_after_install for view in views),
            sum(view.installed_unwarned for view in views),
        )

    @property
    def waiting(self) -> int:
        """Installs that have neither been told nor got an affected version."""
        return self.exposed - self.warned_before - self.warned_after - self.unwarned

    @property
    def bars(self) -> list[tuple[str, float, float]]:
        """Return the parts of a bar as (name, start, length), both in per cent of its length."""
        parts = {
            "before": self.warned_before,
            "after": self.warned_after,
            "never": self.unwarned,
            "waiting": self.waiting,
        }
        bars, start = [], 0.0
        for name, part in parts.items():
            length = 100 * part / self.exposed if self.exposed else 0.0
            if length:
                bars.append((name, round(start, 3), round(length, 3)))
            start += length
        return bars


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One defect of the list."""

    defect: DefectView
    product_name: str
    #: Installs by what they are now, as the contract calls it; None in a draft.
    now: dict[str, int] | None
    #: Whom a draft would concern; None for what was ever published.
    audience: AudienceView | None
    ledger: LedgerView | None
    outcomes: Outcomes | None
    progress: ProgressView | None

    @property
    def exposed_now(self) -> str:
        """Return who is exposed at this moment in words, "" where nobody is."""
        told = {
            "at risk": "at_risk",
            "where we cannot tell": "cannot_tell",
            "already upgraded": "already_upgraded",
            "with a repair owed": "repair_owed",
        }
        counts = ((what, (self.now or {}).get(state, 0)) for what, state in told.items())
        return ", ".join(f"{count:,} {what}" for what, count in counts if count)


def show(tx: Tx, visit: Visit) -> Answer:
    """Show the list, by product and state where asked for."""
    product, state = visit.asked.query.get("product") or None, _state(visit)
    known = products.known_products(tx, after=None, limit=_PRODUCTS)
    if product is not None and product not in {each.product for each in known}:
        raise Invalid.at("/product", "There is no such product.")
    before = visit.number("before")
    rows = tx.all(sql.newest_defects, product=product, state=state, before=before, limit=PAGE + 1)
    entries = [_entry(tx, visit, row) for row in rows[:PAGE]]
    return Page(
        "overview.html",
        {
            "entries": entries,
            "totals": Outcomes.of(*(entry.ledger for entry in entries if entry.ledger)),
            "products": known,
            "states": list(State),
            "product": product,
            "state": state,
            "older": _older(product, state, rows[PAGE - 1]["no"]) if len(rows) > PAGE else None,
            "newest": before is None,
            "held": lane_store.held(tx),
            "resting": len(lane_store.rests(tx)),
        },
    )


def _state(visit: Visit) -> State | None:
    text = visit.asked.query.get("state")
    if not text:
        return None
    try:
        return State(text)
    except ValueError:
        raise Invalid.at("/state", f"A defect is one of {', '.join(State)}.") from None


def _entry(tx: Tx, visit: Visit, row: Row) -> Entry:
    defect = publishing.view(tx, row["id"], visit.now)
    if defect.published_at is None:
        would_be = audience_for(tx, visit, defect.id) if defect.state is State.DRAFT else None
        return Entry(
            defect=defect,
            product_name=row["product_name"],
            now=None,
            audience=would_be,
            ledger=None,
            outcomes=None,
            progress=None,
        )
    became = ledger(tx, defect.id)
    return Entry(
        defect=defect,
        product_name=row["product_name"],
        now={count["state"]: count["installs"] for count in tx.all(sql.count_exposures, defect_no=row["no"])},
        audience=None,
        ledger=became,
        outcomes=Outcomes.of(became),
        progress=progress(tx, defect.id, visit.now),
    )


def audience_for(tx: Tx, visit: Visit, defect: str) -> AudienceView:
    """Return whom a defect concerns or would concern, as this visitor may know it."""
    view = previews.preview_of(tx, defect, visit.now, memory=visit.parts.memory)
    return view if visit.files else previews.coarse(view, visit.parts.small_audience)


def _older(product: str | None, state: State | None, before: int) -> str:
    wanted = {"product": product, "state": state, "before": before}
    return "/?" + urlencode({name: value for name, value in wanted.items() if value})
