"""The sweep: installs re-assessed after a defect or a release changed, in pages by recipient.

Each page is one transaction that moves the cursor together with the exposures and notices it wrote, so a sweep
resumes after a kill where it was, and never holds the writer long.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from feeds import store as defects
from feeds.defects import Defect
from installs_registry import products
from notifier import owing
from notifier.exposures import Span
from notifier.owed import Cause
from notifier.owing import Matter
from notifier.publications import Rulebook, load_index
from storage import Statements, Tx, instant

sql = Statements(__package__)

#: Recipients in the first page of a sweep, and in the smallest; the sweeper fits them to the time that they take.
PAGE = 500

_FIRST, _LAST = -(2**62), 2**62


def start_sweep(tx: Tx, defect: Defect, cause: Cause, now: datetime, *, told_anew: bool = False) -> None:
    """Owe a re-assessment of every install of the defect's product; it commits with its cause."""
    tx.run(
        sql.insert_sweep,
        product_no=defect.product_no,
        defect_no=defect.no,
        cause=cause.value,
        generation=defect.generation,
        told_anew=int(told_anew),
        at=instant(now),
    )
    tx.notify()


def sweep_page(tx: Tx, rulebook: Rulebook, now: datetime, size: int = PAGE) -> bool:
    """Do one page of the oldest open sweep; False where there is nothing to do."""
    sweep = tx.one(sql.claim_sweep)
    if sweep is None:
        return False
    products.lock(tx, sweep["product_no"], shared=True)
    defect = defects.find(tx, sweep["defect"])
    if defect.generation != sweep["generation"]:
        # Something newer was published: its own sweep looks at everybody again.
        tx.run(sql.finish_sweep, no=sweep["no"], at=instant(now))
        return True
    _assess_page(tx, rulebook, sweep, defect, _page(tx, sweep, size), now)
    return True


def _page(tx: Tx, sweep: dict[str, Any], size: int) -> Span:
    """Return the next whole recipients; the last page reaches to the end, so that nobody falls between two."""
    low = _FIRST if sweep["position"] is None else sweep["position"]
    page = tx.one(sql.end_of_page, product_no=sweep["product_no"], low=low, size=size)
    full = page is not None and page["recipients"] == size
    return Span(low, page["high"] if page is not None and full else _LAST)


def _assess_page(tx: Tx, rulebook: Rulebook, sweep: dict[str, Any], defect: Defect, span: Span, now: datetime) -> None:
    tx.all(sql.lock_installs, product_no=sweep["product_no"], low=span.low, high=span.high)
    product = products.find(tx, sweep["product"])
    rule = rulebook.index(tx, product.no).rules.get(defect.id)
    owing.record_span(tx, _matter(sweep, defect), span, product, rule, now)
    if span.high == _LAST:
        tx.run(sql.finish_sweep, no=sweep["no"], at=instant(now))
    else:
        tx.run(sql.move_sweep, no=sweep["no"], position=span.high)
    tx.notify()


def _matter(sweep: dict[str, Any], defect: Defect) -> Matter:
    return Matter(defect, Cause(sweep["cause"]), sweep["started_at"], told_anew=bool(sweep["told_anew"]))


def sweep_moved(tx: Tx, product_no: int, recipients: Sequence[int], now: datetime) -> None:
    """Do the open sweeps of a product for recipients that were none before: the pages they belong to may be over.

    The caller holds the product and the recipients' installs, so that no sweep begins and no page sees them meanwhile.
    """
    sweeps = tx.all(sql.open_sweeps_of, product_no=product_no)
    index = load_index(tx, product_no) if sweeps else None
    for sweep in sweeps:
        defect = defects.find(tx, sweep["defect"])
        if index is None or defect.generation != sweep["generation"]:
            continue
        product = products.find(tx, sweep["product"])
        for recipient in recipients:
            rule = index.rules.get(defect.id)
            owing.record_span(tx, _matter(sweep, defect), Span.one(recipient), product, rule, now)


def is_swept(tx: Tx, defect_no: int | None = None) -> bool:
    """Tell whether no sweep is open, of one defect or at all: then all notices owed are written."""
    return not tx.value(sql.open_sweeps, defect_no=defect_no)
