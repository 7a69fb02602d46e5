"""A condition over the columns of a fleet: the rule itself, asked once of each different value.

So the fourth way to say who matches (beside the rule, and SQL on two databases) has no comparisons of its own. What
joins them is Kleene's logic, two bits at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from installs_registry.fleet.column import Cell, Column
from installs_registry.footprints import value_of
from risk import Fact, FactType, Node, Value, Vocabulary, compile_condition, fits, names

#: What a condition is at each place, in two bits: it may match, it may miss. Both: unknown.
Truths = NDArray[np.uint8]
MATCH: Final = np.uint8(1)
MISS: Final = np.uint8(2)
_ONE_BIT: Final = np.uint8(1)
_BITS: Final[Mapping[bool | None, np.uint8]] = MappingProxyType({True: MATCH, False: MISS, None: MATCH | MISS})
#: Types of facts whose cells are not their values.
_KEPT_OTHERWISE: Final = frozenset({FactType.BOOLEAN, FactType.STRINGS})


def truths(
    node: Node | None, vocabulary: Vocabulary, columns: Mapping[str, Column], places: NDArray[np.int64]
) -> Truths:
    """Return what a condition is at these places; the columns are those of `counted.names_read`."""
    if node is None:
        return np.full(len(places), MATCH, np.uint8)
    if node.op == "!":
        return _contrary(truths(node.args[0], vocabulary, columns, places))
    if node.op in ("&&", "||"):
        parts = (truths(arg, vocabulary, columns, places) for arg in node.args)
        return reduce(_both if node.op == "&&" else _either, parts)
    return _tested(node, vocabulary, columns, places)


def _contrary(one: Truths) -> Truths:
    return (one >> _ONE_BIT) | ((one & MATCH) << _ONE_BIT)


def _both(one: Truths, other: Truths) -> Truths:
    return (one & other & MATCH) | ((one | other) & MISS)


def _either(one: Truths, other: Truths) -> Truths:
    return ((one | other) & MATCH) | (one & other & MISS)


def _tested(test: Node, vocabulary: Vocabulary, columns: Mapping[str, Column], places: NDArray[np.int64]) -> Truths:
    rule = compile_condition(test, vocabulary)
    if not names(test) or not fits(test, vocabulary):
        return np.full(len(places), _BITS[rule({})], np.uint8)
    [name] = names(test)
    values = _values(columns[name].cells, vocabulary.facts.get(name))
    outcomes = [_BITS[rule({} if value is None else {name: value})] for value in values]
    return np.array(outcomes, np.uint8)[columns[name].codes[places]]


def _values(cells: Sequence[Cell], fact: Fact | None) -> Sequence[Value | None]:
    """Return the values of a column's cells; what is built in, and no fact, is kept as text."""
    if fact is None or fact.type not in _KEPT_OTHERWISE:
        return cells
    return [None if cell is None else value_of(fact, cell) for cell in cells]
