"""Our own order of changes: all that a verdict depends on, as it was published.

The newest row of each subject up to a sequence is the state at that sequence, so a verdict `as_of` any past
sequence is judged from the very bytes it was judged from then.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct

import risk
from feeds.defects import Defect, as_rule_input
from installs_registry import products, releases
from installs_registry.products import KnownProduct
from notifier.held import HeldProduct
from storage import Statements, Tx, instant

sql = Statements(__package__)

Kind = Literal["product", "release", "defect"]


class ProductFacts(Struct, frozen=True):
    """The body of a product's publication: what its versions and conditions mean."""

    id: str
    scheme: str
    facts: dict[str, risk.Fact]
    #: For `list` products the declared order, oldest first.
    order: tuple[str, ...] = ()


#: Made before there are threads: two that let msgspec learn a type at the same moment can crash the process.
_FACTS = msgspec.json.Decoder(ProductFacts)
_RELEASE, _DEFECT = msgspec.json.Decoder(risk.Release), msgspec.json.Decoder(risk.Defect)


def publish_product(tx: Tx, product: KnownProduct, now: datetime) -> None:
    """Publish what the product declares now."""
    rows = releases.version_rows(tx, product.no) if product.scheme.name == "list" else []
    ranked = sorted((row for row in rows if row.sort_key is not None), key=lambda row: row.sort_key or "")
    body = ProductFacts(product.id, product.scheme.name, dict(product.facts), tuple(row.text for row in ranked))
    _append(tx, product.no, "product", product.id, body, now)


def publish_release(tx: Tx, product_no: int, release: risk.Release, now: datetime) -> None:
    """Publish a release's status."""
    _append(tx, product_no, "release", release.version, release, now)


def publish_defect(tx: Tx, defect: Defect, now: datetime) -> None:
    """Publish the live revision of a defect; a withdrawn one no longer counts."""
    counts = defect.state in {"published", "resolved"}
    _append(tx, defect.product_no, "defect", defect.id, as_rule_input(defect) if counts else None, now)


def _append(tx: Tx, product_no: int, kind: Kind, subject: str, body: object, now: datetime) -> None:
    sequence = tx.value(sql.move_sequence)
    tx.run(
        sql.insert_publication,
        sequence=sequence,
        product_no=product_no,
        kind=kind,
        subject=subject,
        body=None if body is None else msgspec.json.encode(body).decode(),
        at=instant(now),
    )


def load_index(
    tx: Tx, product_no: int, as_of: int | None = None, kept: risk.ProductIndex | None = None
) -> risk.ProductIndex | None:
    """Return the product's index as it was at a sequence (None: as it is); None where nothing was published by then.

    What is equal in a `kept` index of the product, of whatever sequence, is not compiled again.
    """
    rows = tx.all(sql.publications_up_to, product_no=product_no, as_of=_LAST if as_of is None else as_of)
    newest: dict[tuple[str, str], str | None] = {}
    for row in rows:
        newest[row["kind"], row["subject"]] = row["body"]
    facts = [_FACTS.decode(body) for body in _bodies(newest, "product")]
    if not facts:
        return None
    published = tuple(_RELEASE.decode(body) for body in _bodies(newest, "release"))
    defects = [_DEFECT.decode(body) for body in _bodies(newest, "defect")]
    return risk.ProductIndex.compile(_product(facts[0], published), defects, rows[-1]["sequence"], kept)


def load_product(tx: Tx, product_no: int) -> tuple[risk.Product, int]:
    """Return what the product declares and has released, without its defects, and the newest sequence.

    Raises LookupError where it was never published.
    """
    newest = tx.one(sql.newest_publication, product_no=product_no)
    rows = tx.all(sql.publications_of_product, product_no=product_no)
    bodies = {(row["kind"], row["subject"]): row["body"] for row in rows}
    facts = [_FACTS.decode(body) for body in _bodies(bodies, "product")]
    if newest is None or not facts:
        raise LookupError(product_no)
    published = tuple(_RELEASE.decode(body) for body in _bodies(bodies, "release"))
    return _product(facts[0], published), newest["sequence"]


#: Larger than any sequence.
_LAST = 2**62


def _bodies(newest: dict[tuple[str, str], str | None], kind: Kind) -> list[str]:
    return [body for (of_kind, _), body in newest.items() if of_kind == kind and body is not None]


def _product(facts: ProductFacts, published: tuple[risk.Release, ...]) -> risk.Product:
    scheme = risk.scheme(facts.scheme, facts.order)
    return risk.Product(id=facts.id, scheme=scheme, facts=facts.facts, releases=published)


class Rulebook:
    """The indexes of one database, kept as long as nothing newer is published.

    A store function asks inside its own transaction, so it never judges by rules older than the transaction sees.
    What is kept goes by sequence and time: a sequence number alone may come again after a commit that failed.
    """

    def __init__(self) -> None:
        self._indexes: dict[int, tuple[tuple[int, str], risk.ProductIndex]] = {}
        self._held: dict[int, HeldProduct] = {}

    def index(self, tx: Tx, product_no: int) -> risk.ProductIndex:
        """Return the product's index as of this transaction; raises LookupError where it was never published."""
        newest = tx.one(sql.newest_publication, product_no=product_no)
        if newest is None:
            raise LookupError(product_no)
        mark = (newest["sequence"], newest["at"])
        kept = self._indexes.get(product_no)
        if kept is not None and kept[0] == mark:
            return kept[1]
        index = load_index(tx, product_no, kept=kept[1] if kept else None)
        if index is None:
            raise LookupError(product_no)
        self._indexes[product_no] = (mark, index)
        return index

    def held(self, tx: Tx, product: str) -> HeldProduct:
        """Return the product, held against publications until the transaction ends, with its rules as of then.

        Raises NotFound, and LookupError where it was never published.
        """
        product_no = products.hold(tx, product)
        index = self.index(tx, product_no)
        kept = self._held.get(product_no)
        if kept is None or kept.index is not index:
            # Whatever it declares is published, so with the same index the declarations are the same too.
            kept = self._held[product_no] = HeldProduct.of(products.find(tx, product), index)
        return kept


def every_sequence(tx: Tx) -> dict[int, int]:
    """Return the newest sequence of each product by its number."""
    return {row["product_no"]: row["sequence"] for row in tx.all(sql.latest_publications)}
