"""Products: what a vendor declares of them, found again and changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import risk
from installs_registry import footprints
from installs_registry.fact_values import check_fact_name
from installs_registry.faults import Faults, member
from installs_registry.known import KnownProduct
from installs_registry.plain_text import check_line, check_product_id, check_prose, is_product_id
from installs_registry.types import MAX_FACTS_EVER, FactDeclaration, ProductDeclaration, ProductView
from storage import Row, Statement, Statements, Tx, instant
from storage.outcomes import Invalid, NotFound

__all__ = [
    "KnownProduct",
    "declare",
    "find",
    "find_by_number",
    "hold",
    "known_products",
    "lock",
    "named",
    "view",
]

sql = Statements(__package__)

#: What a later declaration must leave as it was: columns hold its values.
_FIXED = ("type", "scheme")


def declare(tx: Tx, product: str, declaration: ProductDeclaration, now: datetime) -> bool:
    """Declare a product, new or known; return whether that changed anything.

    A fact that is left out is retired, and comes back when it is declared again. Raises Invalid, with all
    faults, also where a fact's type or the scheme of existing versions would change.
    """
    _check(product, declaration)
    created = tx.run(
        sql.insert_product,
        id=product,
        name=declaration.name,
        version_scheme=declaration.version_scheme,
        at=instant(now),
    )
    row = _row(tx, sql.find_product_exclusive, product)
    kept = {fact["name"]: fact for fact in tx.all(sql.facts_of_product, product_no=row["no"])}
    _check_change(tx, row, kept, declaration)
    renamed = _rename(tx, row, declaration, now)
    refitted = _declare_facts(tx, row["no"], kept, declaration.facts, now)
    if created or refitted:
        footprints.ensure(tx, _known(tx, row))
    return bool(created or renamed or refitted)


def find(tx: Tx, product: str) -> KnownProduct:
    """Return the product; raises NotFound."""
    return _known(tx, _row(tx, sql.find_product, product))


def hold(tx: Tx, product: str) -> int:
    """Hold a product against publications until the transaction ends, as a check-in does; return its number.

    Raises NotFound.
    """
    return int(_row(tx, sql.find_product_shared, product)["no"])


def find_by_number(tx: Tx, product_no: int) -> KnownProduct:
    """Return the product with this number of ours; raises NotFound."""
    row = tx.one(sql.find_product_by_no, no=product_no)
    if row is None:
        raise NotFound(f"There is no product number {product_no}.")
    return _known(tx, row)


def named(tx: Tx, product: str) -> KnownProduct:
    """Return the product that a body names under `product`; raises Invalid at that place."""
    try:
        return find(tx, product)
    except NotFound as error:
        raise Invalid.at("/product", error.detail) from None


def view(tx: Tx, product: str) -> ProductView:
    """Return the product as it is answered; raises NotFound."""
    return _view(tx, _row(tx, sql.find_product, product))


def known_products(tx: Tx, *, after: str | None, limit: int) -> list[ProductView]:
    """Return up to `limit` products by id, those behind the id `after`."""
    return [_view(tx, row) for row in tx.all(sql.list_products, after=after or "", limit=limit)]


def lock(tx: Tx, product_no: int, *, shared: bool) -> None:
    """Hold the product until the transaction ends: a check-in shares it, a publication has it alone.

    SQLite's single writer gives this for nothing.
    """
    if tx.dialect == "postgresql":
        tx.one(sql.lock_product_shared if shared else sql.lock_product_exclusive, no=product_no)


def _row(tx: Tx, statement: Statement, product: str) -> Row:
    row = tx.one(statement, id=product) if is_product_id(product) else None
    if row is None:
        raise NotFound("There is no such product.")
    return row


def _known(tx: Tx, row: Row) -> KnownProduct:
    facts = tx.all(sql.facts_of_product, product_no=row["no"])
    order: Sequence[str] = ()
    if row["version_scheme"] == "list":
        order = [version["text"] for version in tx.all(sql.release_order, product_no=row["no"])]
    return KnownProduct(
        no=row["no"],
        id=row["id"],
        name=row["name"],
        scheme=risk.scheme(row["version_scheme"], order),
        facts={fact["name"]: _fact(fact) for fact in facts if fact["retired_at"] is None},
        retired={fact["name"]: _fact(fact) for fact in facts if fact["retired_at"] is not None},
        fact_numbers={fact["name"]: fact["no"] for fact in facts},
        parts={fact["name"]: fact["part"] for fact in facts},
    )


def _fact(row: Row) -> risk.Fact:
    return risk.Fact(
        name=row["name"],
        type=risk.FactType(row["type"]),
        scheme=row["scheme"],
        unit=row["unit"],
        description=row["description"],
    )


def _view(tx: Tx, row: Row) -> ProductView:
    facts = tx.all(sql.facts_of_product, product_no=row["no"])
    return ProductView(
        product=row["id"],
        name=row["name"],
        version_scheme=row["version_scheme"],
        facts={
            fact["name"]: FactDeclaration(
                type=fact["type"],
                unit=fact["unit"],
                description=fact["description"],
                scheme=fact["scheme"],
            )
            for fact in facts
            if fact["retired_at"] is None
        },
        changed_at=row["changed_at"],
    )


def _check(product: str, declaration: ProductDeclaration) -> None:
    faults = Faults()
    faults.check("", check_product_id, product)
    faults.check("/name", check_line, declaration.name)
    for name, fact in declaration.facts.items():
        _check_fact(faults, name, fact)
    faults.refuse()


def _check_fact(faults: Faults, name: str, fact: FactDeclaration) -> None:
    at = member("/facts", name)
    faults.check(at, check_fact_name, name)
    faults.check(at, lambda _: risk.Fact(name, risk.FactType(fact.type), fact.scheme), name)
    texts: Mapping[str, tuple[str | None, Callable[[str], None]]] = {
        "unit": (fact.unit, check_line),
        "description": (fact.description, check_prose),
    }
    for field, (text, check) in texts.items():
        if text is not None:
            faults.check(member(at, field), check, text)


def _check_change(tx: Tx, row: Row, kept: Mapping[str, Row], declaration: ProductDeclaration) -> None:
    faults = Faults()
    if row["version_scheme"] != declaration.version_scheme and tx.one(sql.any_version, product_no=row["no"]):
        faults.add(
            "/version_scheme",
            f"The versions of {row['id']} are of scheme {row['version_scheme']}, "
            "which stays as it is once there are any.",
        )
    if len(kept.keys() | declaration.facts.keys()) > MAX_FACTS_EVER:
        faults.add("/facts", f"A product has at most {MAX_FACTS_EVER} facts, retired ones included.")
    for name, fact in declaration.facts.items():
        for field in _FIXED if name in kept else ():
            if getattr(fact, field) != kept[name][field]:
                faults.add(
                    member(member("/facts", name), field),
                    f"{name} was declared with the {field} {kept[name][field]}, which stays as it is: "
                    "a fact of another one needs another name.",
                )
    faults.refuse()


def _rename(tx: Tx, row: Row, declaration: ProductDeclaration, now: datetime) -> bool:
    if (row["name"], row["version_scheme"]) == (declaration.name, declaration.version_scheme):
        return False
    tx.run(
        sql.update_product,
        no=row["no"],
        name=declaration.name,
        version_scheme=declaration.version_scheme,
        at=instant(now),
    )
    return True


def _declare_facts(
    tx: Tx, product_no: int, kept: Mapping[str, Row], declared: Mapping[str, FactDeclaration], now: datetime
) -> bool:
    changes = [change for row in kept.values() if (change := _fact_change(row, declared.get(row["name"]), now))]
    used = [(row["part"], row["type"]) for row in kept.values()]
    additions = _additions(product_no, used, {name: f for name, f in declared.items() if name not in kept})
    if changes:
        tx.many(sql.update_fact, changes)
    if additions:
        tx.many(sql.insert_fact, additions)
    return bool(changes or additions)


def _fact_change(row: Row, fact: FactDeclaration | None, now: datetime) -> dict[str, Any] | None:
    """Return what to write of a fact that is known, None where it stays as it is."""
    retired_at = None if fact is not None else row["retired_at"] or instant(now)
    unit, description = (fact.unit, fact.description) if fact else (row["unit"], row["description"])
    new = {"unit": unit, "description": description, "retired_at": retired_at}
    return {"no": row["no"], **new} if any(row[field] != value for field, value in new.items()) else None


def _additions(
    product_no: int, used: Sequence[tuple[int, str]], declared: Mapping[str, FactDeclaration]
) -> list[dict[str, Any]]:
    parts = footprints.parts_for([fact.type for fact in declared.values()], used)
    return [
        {
            "product_no": product_no,
            "name": name,
            "part": part,
            "type": fact.type,
            "scheme": fact.scheme,
            "unit": fact.unit,
            "description": fact.description,
        }
        for (name, fact), part in zip(declared.items(), parts, strict=True)
    ]
