"""`forewarn product`: what the vendor ships, declared once and again whenever its facts change."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from api.json_text import decode
from commands.options import ANYWHERE, FileOrInput, Json, Where, read_input
from commands.printing import print_json, print_line
from commands.tables import print_table
from installs_registry import products
from installs_registry.types import ProductDeclaration, ProductView
from notifier import releasing
from storage import SystemClock, Tx

#: How many products are read at once.
_PAGE = 500


def declare(
    product: Annotated[str, Parameter(help="The vendor's name for it.")],
    declaration: Annotated[FileOrInput, Parameter(help="Name, version scheme and facts in JSON, or - for input.")],
    /,
    *,
    json: Json = False,
    where: Where = ANYWHERE,
) -> None:
    """Declare a product: how its versions compare, and what its installs report of their data."""
    body = decode(read_input(declaration), ProductDeclaration)
    view = where.call(releasing.declare_product, product, body, SystemClock().now())
    if json:
        print_json(view)
    else:
        print_line(f"{view.product} is declared, with {len(view.facts)} facts; its versions are {view.version_scheme}")


def list_(*, json: Json = False, where: Where = ANYWHERE) -> None:
    """List the products by id."""
    found = where.read(_all)
    if json:
        print_json(found)
    else:
        print_table(("product", "name", "versions", "facts"), map(_row, found))


def _all(tx: Tx) -> list[ProductView]:
    found: list[ProductView] = []
    while page := products.known_products(tx, after=found[-1].product if found else None, limit=_PAGE):
        found += page
    return found


def _row(view: ProductView) -> tuple[str, ...]:
    return (view.product, view.name, view.version_scheme, ", ".join(view.facts))
