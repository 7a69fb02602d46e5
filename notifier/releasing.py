"""Products declared and releases put on offer: published for the verdicts, and their installs looked at again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import risk
from feeds import store as defects
from feeds.life import State
from installs_registry import products, releases
from installs_registry.products import KnownProduct
from installs_registry.types import ProductDeclaration, ProductView, ReleaseDeclaration, ReleaseView
from notifier import release_questions
from notifier.owed import Cause
from notifier.publications import load_index, publish_product, publish_release
from notifier.sweeping import start_sweep
from risk import Standing
from storage import Statements, Tx, instant
from storage.outcomes import Invalid

sql = Statements(__package__)


def declare_product(tx: Tx, product: str, declaration: ProductDeclaration, now: datetime) -> ProductView:
    """Declare a product with its version scheme and facts; raises Invalid or Conflict."""
    if products.declare(tx, product, declaration, now):
        known = products.find(tx, product)
        publish_product(tx, known, now)
        _sweep_conditions(tx, known, now)
        tx.notify()
    return products.view(tx, product)


def _sweep_conditions(tx: Tx, product: KnownProduct, now: datetime) -> None:
    """Look again at the installs of open defects with a condition: a fact retired is unknown from now on."""
    for defect in defects.judged(tx, product.no):
        if defect.state is State.PUBLISHED and defect.tree is not None:
            start_sweep(tx, defect, Cause.DECLARATION, now)


def put_release(tx: Tx, product: str, version: str, declaration: ReleaseDeclaration, now: datetime) -> ReleaseView:
    """Register or change a release; raises NotFound, Invalid or Conflict."""
    products.lock(tx, products.find(tx, product).no, shared=False)
    # Found again under the lock: the order of a `list` product may have changed meanwhile.
    known = products.find(tx, product)
    before = _standings(tx, known)
    change = releases.put(tx, known, version, declaration)
    if change.changed:
        if change.reranked:
            publish_product(tx, products.find(tx, product), now)
            _refuse_turned_ranges(tx, known.no)
        _publish(tx, known, version, now)
        _sweep_moved(tx, product, before, now)
        release_questions.note(tx, known.no, now)
        tx.notify()
    return releases.view(tx, known, version)


def _refuse_turned_ranges(tx: Tx, product_no: int) -> None:
    """Raise Invalid where the order now declared turns a published range around: it would end before it begins."""
    try:
        load_index(tx, product_no)
    except risk.RangeError as error:
        raise Invalid.at(
            "/after", f"With this order a published defect's range is no range any more: {error}"
        ) from None


def _publish(tx: Tx, product: KnownProduct, version: str, now: datetime) -> None:
    """Publish a release; one that is offered only from a later day counts as held until then."""
    row = next(row for row in releases.version_rows(tx, product.no) if row.text == version)
    tx.run(sql.unschedule_release, version_no=row.no)
    status = row.status or "held"
    if status == "offered" and row.offered_at is not None and row.offered_at > instant(now):
        status = "held"
        tx.run(sql.schedule_release, version_no=row.no, product_no=product.no, offered_at=row.offered_at)
    release = risk.Release(version=version, status=status, offered_at=row.offered_at)
    publish_release(tx, product.no, release, now)


def publish_due_releases(tx: Tx, now: datetime) -> bool:
    """Publish the releases whose day has come; False where there are none."""
    due = tx.all(sql.due_releases, now=instant(now))
    for row in due:
        products.lock(tx, row["product_no"], shared=False)
        if not tx.run(sql.unschedule_release, version_no=row["version_no"]):
            # Another process was quicker.
            continue
        known = products.find(tx, row["product"])
        before = _standings(tx, known)
        _publish(tx, known, row["text"], now)
        _sweep_moved(tx, row["product"], before, now)
    if due:
        tx.notify()
    return bool(due)


def _standings(tx: Tx, product: KnownProduct) -> Mapping[str, Mapping[str, Standing]]:
    """Return, by defect id, how each version that was ever seen stands to it."""
    if not defects.judged(tx, product.no):
        return {}
    index = load_index(tx, product.no)
    texts = [row.text for row in releases.version_rows(tx, product.no)]
    rules = index.rules if index is not None else {}
    return {
        defect_id: {text: rule.standing(text) for text in texts}
        for defect_id, rule in rules.items()
        if not rule.defect.resolved
    }


def _sweep_moved(tx: Tx, product: str, before: Mapping[str, Mapping[str, Standing]], now: datetime) -> None:
    """Look again at the installs of every defect to which a version now stands otherwise."""
    after = _standings(tx, products.find(tx, product))
    for defect_id, standings in after.items():
        past = before.get(defect_id, {})
        if any(past.get(text, standing) is not standing for text, standing in standings.items()):
            start_sweep(tx, defects.find(tx, defect_id), Cause.RELEASE, now)
