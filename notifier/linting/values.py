"""The lint of the values: a condition that compares a fact with what no install has now.

Values that installs once had are not kept, so nobody can say what none has ever had.

OpenShift once wrote `type="AWS|GCP"` where two alternatives were meant: a warning that could never be given.
Looked up by EXISTS in the one table that holds the fact, so a value that is about is found in its first rows; one
that nobody has costs a scan of one column, and no more than ten values of a condition are looked up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from feeds.conditions import ConditionError, parse_condition
from feeds.types import LintWarning
from installs_registry import footprints
from installs_registry.known import KnownProduct
from notifier.condition_sql import condition_sql
from risk import Node
from storage import Tx

#: Values of one condition that are looked up.
MOST_VALUES: Final = 10

_TEXT_TESTS: Final = ("startsWith", "endsWith", "contains")
_ALTERNATIVES: Final = re.compile(r"[|,;/]| or ")


@dataclass(frozen=True, slots=True)
class _Test:
    """One fact held against one value."""

    node: Node
    name: str
    value: Node
    #: Where the value stands in the condition, counted from 1.
    position: int


def never_seen(tx: Tx, product: KnownProduct, condition: str | None) -> Iterator[LintWarning]:
    """Yield what the condition compares with a value that no install of the product has."""
    if condition is None or not _any(tx, f"installs i WHERE {_OF_PRODUCT.format('i')}", product):
        return
    try:
        root = parse_condition(condition, product.vocabulary)
    except ConditionError as error:
        # A fact may have been retired, or have got another type, since this was filed.
        yield LintWarning("/condition", f"It no longer fits what {product.id} declares: {error}")
        return
    for test in islice(_tests(root), MOST_VALUES):
        if not _seen(tx, product, test.node, test.name):
            yield LintWarning("/condition", _sentence(tx, product, test))


def _sentence(tx: Tx, product: KnownProduct, test: _Test) -> str:
    where = f"At character {test.position}: "
    if not _seen(tx, product, Node("has", value=test.name), test.name):
        return f"{where}no install reports {test.name} now, so it can only be unknown."
    text = str(test.value.value)
    how = {"contains": "containing ", "startsWith": "beginning with ", "endsWith": "ending with "}
    told = f"{where}no install has {test.name} {how.get(test.node.op, '')}{_quoted(test.value)} now."
    parts = [part.strip() for part in _ALTERNATIVES.split(text)]
    if test.value.op == "literal" and test.node.op == "==" and len(parts) > 1 and all(parts):
        meant = ", ".join(f"'{part}'" for part in parts)
        return f"{told} If these are alternatives, write: {test.name} in [{meant}]"
    return told


def _quoted(value: Node) -> str:
    return f"'{value.value}'" if isinstance(value.value, str) else f"{value.value}"


def _tests(root: Node) -> Iterator[_Test]:
    """Yield each fact with each value that it is compared with as such; thresholds are none."""
    if root.op in {"!", "&&", "||"}:
        for part in root.args:
            yield from _tests(part)
    elif root.op in {"==", "!=", "in", *_TEXT_TESTS}:
        yield from _pairs(root)


def _pairs(test: Node) -> Iterator[_Test]:
    one, other = test.args
    if one.op == "name" and other.op == "list":
        for member in other.args:
            yield _test(Node("==", (one, member)), one, member)
    elif one.op == "name" and other.op in {"literal", "version"}:
        op = "==" if test.op == "!=" else test.op
        yield _test(replace(test, op=op), one, other)
    elif one.op in {"literal", "version"} and other.op == "name":
        op = "==" if test.op == "!=" else test.op
        yield _test(replace(test, op=op), other, one)


def _test(node: Node, name: Node, value: Node) -> _Test:
    return _Test(node, str(name.value), value, value.position + 1)


def _seen(tx: Tx, product: KnownProduct, node: Node, name: str) -> bool:
    columns = footprints.columns(product)
    test = condition_sql(node, product.vocabulary, columns, tx.dialect)
    return _any(tx, f"{_rows(product, name, columns[name].sql)} AND ({test.text}) IS TRUE", product, test.parameters)


def _rows(product: KnownProduct, name: str, column: str) -> str:
    """Return the rows that hold a name's values, and how to pick the product's."""
    alias = column.partition(".")[0]
    if name == "install.first_version":
        return f"versions v1 WHERE {_OF_PRODUCT.format('v1')}"
    if name in product.facts:
        table = footprints.footprint_table(product.no, product.parts[name])
        return f"{table} {alias} WHERE {alias}.install_no IS NOT NULL"
    return f"installs i WHERE {_OF_PRODUCT.format('i')}"


_OF_PRODUCT: Final = "{}.product_no = :product_no"


def _any(tx: Tx, rows: str, product: KnownProduct, parameters: dict[str, object] | None = None) -> bool:
    where = dict(parameters or {})
    if ":product_no" in rows:
        where["product_no"] = product.no
    text = f"SELECT 1 AS there WHERE EXISTS (SELECT 1 FROM {rows})"  # noqa: S608 - our own names, and a checked tree
    return bool(tx.built(text, where))
