"""Products and releases."""

from __future__ import annotations

import msgspec

from api.asking import Answer, Ask
from api.paging import page
from api.types import PageQuery
from installs_registry import products, releases
from installs_registry.types import ProductDeclaration, ReleaseDeclaration
from notifier import releasing
from notifier.linting import newer_releases
from notifier.types import ReleaseAnswer
from storage import Tx


def put_product(tx: Tx, ask: Ask[None, ProductDeclaration]) -> Answer:
    """Declare a product and its facts."""
    return Answer(releasing.declare_product(tx, ask.path["product"], ask.body, ask.now))


def get_product(tx: Tx, ask: Ask[None, None]) -> Answer:
    """Return a product."""
    return Answer(products.view(tx, ask.path["product"]))


def list_products(tx: Tx, ask: Ask[PageQuery, None]) -> Answer:
    """Return a page of products by id."""
    found = products.known_products(tx, after=ask.query.after or None, limit=ask.query.limit + 1)
    return Answer(page(found, ask.query.limit, lambda product: product.product))


def put_release(tx: Tx, ask: Ask[None, ReleaseDeclaration]) -> Answer:
    """Offer, hold or withdraw a release."""
    product, version = ask.path["product"], ask.path["version"]
    release = releasing.put_release(tx, product, version, ask.body, ask.now)
    warnings = newer_releases.about_release(tx, product, version)
    return Answer(ReleaseAnswer(**msgspec.structs.asdict(release), warnings=warnings))


def list_releases(tx: Tx, ask: Ask[PageQuery, None]) -> Answer:
    """Return a page of a product's releases, the oldest version first."""
    product = products.find(tx, ask.path["product"])
    found = releases.of_product(tx, product.no, after=ask.query.after or None, limit=ask.query.limit + 1)
    return Answer(page(found, ask.query.limit, lambda release: release.version))
