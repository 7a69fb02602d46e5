"""A condition over columns in memory is what the compiled rule says of each footprint."""

from __future__ import annotations

import json
from collections import Counter
from random import Random

import numpy as np

from installs_registry.fleet.column import Cell, Column
from notifier.condition_masks import MATCH, MISS, truths
from notifier.counted import names_read
from risk import Node, Value, Vocabulary, compile_condition, scheme

from .agreement import VOCABULARY, Material

OUTCOMES = {True: MATCH, False: MISS, None: MATCH | MISS}


def _cell(value: Value | None) -> Cell:
    if isinstance(value, tuple):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return int(value) if isinstance(value, bool) else value


def _columns(material: Material) -> dict[str, Column]:
    places = np.arange(len(material.footprints))
    columns = {name: Column() for name in VOCABULARY.names()}
    for name, column in columns.items():
        column.reserve(len(places))
        column.put(places, [_cell(footprint.get(name)) for footprint in material.footprints])
    return columns


def test_columns_agree_with_the_closure_on_each_operator_and_outcome() -> None:
    material = Material.drawn(Random("columns"), footprints=120, conditions=1400)
    columns, places = _columns(material), np.arange(120)
    seen: Counter[tuple[str, bool | None]] = Counter()
    for condition in material.conditions:
        if names_read(condition, VOCABULARY) is None:
            continue
        closure = compile_condition(condition, VOCABULARY)
        expected = [closure(footprint) for footprint in material.footprints]
        found = truths(condition, VOCABULARY, columns, places)
        assert list(found) == [OUTCOMES[outcome] for outcome in expected], condition
        seen.update((condition.op, outcome) for outcome in expected)
    operators = {operator for operator, _ in seen}
    assert {"==", "!=", "<", "<=", ">", ">=", "in", "startsWith", "endsWith", "contains", "name"} <= operators
    assert {(operator, outcome) for operator in ("!", "&&", "||") for outcome in OUTCOMES} <= seen.keys()


def test_what_compares_two_facts_cannot_be_told_from_columns() -> None:
    compared = Node("==", (Node("name", value="i1"), Node("name", value="i2")))
    assert names_read(Node("!", (compared,)), VOCABULARY) is None


def test_a_fact_that_is_no_longer_declared_is_not_read_and_is_unknown() -> None:
    retired = Node(">", (Node("name", value="i1"), Node("literal", value=0)))
    vocabulary = Vocabulary({}, scheme("semver"))
    assert names_read(retired, vocabulary) == frozenset()
    assert list(truths(retired, vocabulary, {}, np.arange(2))) == [OUTCOMES[None]] * 2
