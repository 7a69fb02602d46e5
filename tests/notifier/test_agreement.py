"""The closure and the SQL of a condition give one answer, on every footprint."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Final

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pysqlite3 import dbapi2 as sqlite3

from risk import Facts, Node, Vocabulary, compile_condition
from storage.queries import Dialect
from tests.postgresql_server import Server

from .agreement import Material, Run, disagreements, setup

OPERATORS: Final = [
    *("==", "!=", "<", "<=", ">", ">=", "in list", "in name", "startsWith", "endsWith", "contains", "name"),
    *("!", "&&", "||"),
]


def in_sqlite(material: Material) -> Run:
    connection = sqlite3.connect(":memory:")

    def run(statement: str, parameters: Mapping[str, object]) -> Sequence[Sequence[object]]:
        rows: Sequence[Sequence[object]] = connection.execute(statement, parameters).fetchall()
        return rows

    for statement, parameters in setup(material, "sqlite"):
        run(statement, parameters)
    return run


@pytest.fixture(scope="module")
def postgresql(material: Material, postgresql_server: Server) -> Iterator[Run]:
    with psycopg.connect(postgresql_server.url(postgresql_server.create())) as connection:

        def run(statement: str, parameters: Mapping[str, object]) -> Sequence[Sequence[object]]:
            text = re.sub(r":(\w+)", r"%(\1)s", statement).encode()
            cursor = connection.execute(text, parameters)
            return cursor.fetchall() if cursor.description else []

        for statement, parameters in setup(material, "postgresql"):
            run(statement, parameters)
        yield run


@pytest.fixture(scope="module")
def material() -> Material:
    return Material.drawn(Random("footprints"), footprints=120, conditions=1400)


@pytest.fixture(scope="module")
def sqlite(material: Material) -> Run:
    return in_sqlite(material)


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_the_databases_agree_with_the_closure_on_each_operator_and_outcome(
    material: Material, dialect: Dialect, request: pytest.FixtureRequest
) -> None:
    wrong, seen = disagreements(material, dialect, request.getfixturevalue(dialect))
    assert wrong == []
    assert seen.total() >= 20_000
    rare = {(op, outcome): seen[op, outcome] for op in OPERATORS for outcome in (True, False, None)}
    assert {case: count for case, count in rare.items() if count < 500} == {}
    assert min(seen["has", True], seen["has", False]) >= 500
    assert seen["has", None] == 0


@settings(max_examples=30)
@given(st.integers())
def test_sqlite_agrees_with_the_closure_on_fresh_material(seed: int) -> None:
    fresh = Material.drawn(Random(seed), footprints=12, conditions=12)
    assert disagreements(fresh, "sqlite", in_sqlite(fresh))[0] == []


def a_part_of(material: Material) -> Material:
    return replace(material, conditions=material.conditions[:250])


def with_error(run: Run, right: str, wrong: str) -> Run:
    def planted(statement: str, parameters: Mapping[str, object]) -> Sequence[Sequence[object]]:
        head, tail = statement.split(" FROM footprints")
        return run(f"{head.replace(right, wrong)} FROM footprints{tail}", parameters)

    return planted


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("<=", "<"),
        (" AND ", " OR "),
        ("NOT ", ""),
        ("_key", ""),
        ("> 0", ">= 0"),
        ("IS NOT NULL", "IS NULL"),
        ("THEN NULL", "THEN FALSE"),
        ("length(CAST", "1 + length(CAST"),
    ],
)
def test_an_error_planted_in_sqlites_sql_is_found(material: Material, sqlite: Run, right: str, wrong: str) -> None:
    assert disagreements(a_part_of(material), "sqlite", with_error(sqlite, right, wrong))[0] != []


@pytest.mark.parametrize(("right", "wrong"), [("<=", "<"), (" AND ", " OR "), ("NOT ", ""), ("@>", "<@")])
def test_an_error_planted_in_postgresqls_sql_is_found(
    material: Material, postgresql: Run, right: str, wrong: str
) -> None:
    assert disagreements(a_part_of(material), "postgresql", with_error(postgresql, right, wrong))[0] != []


def _unknown_is_a_miss(node: Node, vocabulary: Vocabulary) -> Callable[[Facts], bool | None]:
    truth = compile_condition(node, vocabulary)
    return lambda facts: bool(truth(facts))


def _versions_as_text(node: Node, vocabulary: Vocabulary) -> Callable[[Facts], bool | None]:
    def plain(node: Node) -> Node:
        return Node("literal" if node.op == "version" else node.op, tuple(map(plain, node.args)), node.value)

    return compile_condition(plain(node), vocabulary)


@pytest.mark.parametrize("planted", [_unknown_is_a_miss, _versions_as_text])
def test_an_error_planted_in_the_closure_is_found(
    material: Material, sqlite: Run, planted: Callable[[Node, Vocabulary], Callable[[Facts], bool | None]]
) -> None:
    assert disagreements(a_part_of(material), "sqlite", sqlite, planted)[0] != []
