"""Random footprints and conditions, and whether a database agrees with the closure on every one of them.

For any database: run `setup(material, dialect)`, then `disagreements(material, dialect, run)`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from installs_registry.footprints import Column
from notifier.condition_sql import condition_sql
from risk import (
    Fact,
    Facts,
    FactType,
    InvalidVersion,
    Node,
    Value,
    Vocabulary,
    compile_condition,
    scheme,
)
from storage.queries import Dialect

#: Runs one statement with `:name` parameters; returns its rows.
Run = Callable[[str, Mapping[str, object]], Sequence[Sequence[object]]]
Compile = Callable[[Node, Vocabulary], Callable[[Facts], bool | None]]

TEXTS: Final = [
    *("", "a", "A", "ab", "ba", "aba", "b", "é", "e\u0301", "Zażółć", "🗒"),
    *("a%b", "_", "'", '"', "\\", ":c0", "\n", "\uffff"),
]
INTEGERS: Final = [0, 1, -1, 2, 3, 2**53 - 1, -(2**53) + 1]
NUMBERS: Final = [0.0, -0.0, 1.0, 0.1, -2.5, 2.0, 3.0, 1e300, -1e-300]
SEMVERS: Final = ["1.0.0-a", "1.0.0", "v1.0.0+b", "1.2.0", "1.10.0", "2.0.0"]
DOTTED: Final = ["1", "1.0", "2", "10.0.1", "10.3"]
VOCABULARY: Final = Vocabulary(
    {
        fact.name: fact
        for fact in (
            *(Fact(name, FactType.INTEGER) for name in ("i1", "i2")),
            *(Fact(name, FactType.NUMBER) for name in ("n1", "n2")),
            *(Fact(name, FactType.BOOLEAN) for name in ("b1", "b2")),
            *(Fact(name, FactType.STRING) for name in ("s1", "s2")),
            *(Fact(name, FactType.STRINGS) for name in ("t1", "t2")),
            *(Fact(name, FactType.VERSION, "semver") for name in ("v1", "v2")),
        )
    },
    scheme("list", ["21H2", "22H2", "SP1"]),
)
KINDS: Final = {
    "number": ["i1", "i2", "n1", "n2"],
    "boolean": ["b1", "b2"],
    "string": ["s1", "s2", "platform.os", "platform.arch"],
    "set": ["t1", "t2"],
    "semver": ["v1", "v2"],
    "intdot": ["platform.os_version"],
    "list": ["install.first_version"],
}
LITERALS: Final[Mapping[str, Sequence[Value]]] = {
    "number": [*INTEGERS, *NUMBERS],
    "boolean": [True, False],
    "string": TEXTS,
    "semver": SEMVERS,
    "intdot": DOTTED,
    "list": ["21H2", "22H2", "SP1"],
}
COLUMN_TYPES: Final = {
    FactType.INTEGER: ("INTEGER", "BIGINT"),
    FactType.NUMBER: ("REAL", "DOUBLE PRECISION"),
    FactType.BOOLEAN: ("INTEGER", "BOOLEAN"),
}
COLUMNS: Final = {
    name: Column(f"f.c{place}", f"f.c{place}_key" if VOCABULARY.type_of(name) is FactType.VERSION else None)
    for place, name in enumerate(VOCABULARY.names())
}


@dataclass(frozen=True)
class Material:
    footprints: list[dict[str, Value]]
    conditions: list[Node]

    @classmethod
    def drawn(cls, random: Random, footprints: int, conditions: int) -> Material:
        return cls(
            [dict(_footprint(random)) for _ in range(footprints)],
            [_condition(random, random.choice([0, 0, 1, 2])) for _ in range(conditions)],
        )


def _footprint(random: Random) -> Iterator[tuple[str, Value]]:
    undeclared = [*LITERALS["list"], "23H2"]
    for name in VOCABULARY.names():
        if random.random() < 0.3:
            continue
        kind = next(kind for kind, names in KINDS.items() if name in names)
        if kind == "set":
            yield name, tuple(sorted(random.sample(TEXTS, random.choice([0, 1, 2, 3, 12]))))
        elif kind == "number":
            yield name, random.choice(INTEGERS if name.startswith("i") else NUMBERS)
        else:
            yield name, random.choice(undeclared if kind == "list" else LITERALS[kind])


def _condition(random: Random, levels: int) -> Node:
    if levels == 0:
        return random.choice(TESTS)(random)
    joint = random.choice(["&&", "||", "!"])
    width = 1 if joint == "!" else random.choice([2, 2, 3])
    return Node(joint, tuple(_condition(random, random.randrange(levels)) for _ in range(width)))


def _name(random: Random, kind: str) -> Node:
    return Node("name", value=random.choice(KINDS[kind]))


def _literal(random: Random, kind: str) -> Node:
    value = random.choice(LITERALS[kind])
    assert not isinstance(value, tuple)
    return Node("version" if kind in ("semver", "intdot", "list") else "literal", value=value)


def _value(random: Random, kind: str) -> Node:
    if kind == "number" and random.random() < 0.25:
        return Node("size", (_name(random, random.choice(["set", "string"])),))
    return _name(random, kind) if random.random() < 0.4 else _literal(random, kind)


def _pair(random: Random, op: str, kind: str) -> Node:
    sides = [_name(random, kind), _value(random, kind)]
    if kind == "number" and random.random() < 0.2:
        sides[0] = Node("size", (_name(random, random.choice(["set", "string"])),))
    random.shuffle(sides)
    return Node(op, tuple(sides))


def _comparison(random: Random) -> Node:
    kind = random.choice(["number", "string", "semver", "intdot", "list", "boolean"])
    ops = ["==", "!="] if kind == "boolean" else ["==", "!=", "<", "<=", ">", ">="]
    return _pair(random, random.choice(ops), kind)


def _text_test(random: Random) -> Node:
    return _pair(random, random.choice(["startsWith", "endsWith", "contains"]), "string")


def _in_list(random: Random) -> Node:
    kind = random.choice(["number", "string", "semver", "intdot", "list"])
    items = tuple(_literal(random, kind) for _ in range(random.randint(1, 6)))
    return Node("in", (_name(random, kind), Node("list", items)))


def _in_set(random: Random) -> Node:
    return Node("in", (_value(random, "string"), _name(random, "set")))


def _has(random: Random) -> Node:
    return Node("has", value=random.choice(VOCABULARY.names()))


def _boolean(random: Random) -> Node:
    return _name(random, "boolean")


#: Comparisons share six operators and more, so they are drawn more often.
TESTS: Final = [*[_comparison] * 6, *[_text_test] * 3, _in_list, *[_in_set] * 2, _has, _boolean]


def operator_of(node: Node) -> str:
    """Name a test for the count: `in` a list and `in` a set are two, and so is a comparison of versions."""
    if node.op == "in":
        return f"in {node.args[1].op}"
    return node.op


def setup(material: Material, dialect: Dialect) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield the statements that make the table `footprints` and fill it."""
    columns = ", ".join(_columns(dialect))
    yield f"CREATE TABLE footprints (id INTEGER PRIMARY KEY, {columns})", {}
    for number, footprint in enumerate(material.footprints):
        stored = {"id": number, **_stored(footprint, dialect)}
        names, values = ", ".join(stored), ", ".join(f":{name}" for name in stored)
        yield f"INSERT INTO footprints ({names}) VALUES ({values})", stored  # noqa: S608 names of ours


def _columns(dialect: Dialect) -> Iterator[str]:
    for name, column in COLUMNS.items():
        kind = VOCABULARY.type_of(name) or FactType.STRING
        types = COLUMN_TYPES.get(kind, ("TEXT", 'TEXT COLLATE "C"'))
        yield f"{column.sql.removeprefix('f.')} {types[dialect == 'postgresql']}"
        if column.key:
            yield f"{column.key.removeprefix('f.')} TEXT"


def _stored(footprint: Mapping[str, Value], dialect: Dialect) -> dict[str, object]:
    made: dict[str, object] = {}
    for name, value in footprint.items():
        column = COLUMNS[name]
        stored: object = json.dumps(value) if isinstance(value, tuple) else value
        made[column.sql.removeprefix("f.")] = int(value) if isinstance(value, bool) and dialect == "sqlite" else stored
        if column.key:
            made[column.key.removeprefix("f.")] = _sort_key(name, str(value))
    return made


def _sort_key(name: str, text: str) -> str | None:
    try:
        return VOCABULARY.scheme_of(name).sort_key(text)
    except InvalidVersion:
        return None


@dataclass(frozen=True)
class Disagreement:
    condition: Node
    footprint: dict[str, Value]
    closure: bool | None
    database: tuple[object, ...]


def disagreements(
    material: Material, dialect: Dialect, run: Run, compiler: Compile = compile_condition
) -> tuple[list[Disagreement], Counter[tuple[str, bool | None]]]:
    """Compare each condition on each footprint, in the three idioms; also count (operator, outcome)."""
    wrong: list[Disagreement] = []
    seen: Counter[tuple[str, bool | None]] = Counter()
    for condition in material.conditions:
        sql = condition_sql(condition, VOCABULARY, COLUMNS, dialect)
        idioms = ", ".join(f"({sql.text}) {idiom}" for idiom in ("IS TRUE", "IS NULL", "IS NOT FALSE"))
        rows = run(f"SELECT {idioms} FROM footprints AS f ORDER BY f.id", sql.parameters)  # noqa: S608 names of ours
        truth = compiler(condition, VOCABULARY)
        for footprint, row in zip(material.footprints, rows, strict=True):
            outcome = truth(footprint)
            seen[operator_of(condition), outcome] += 1
            if tuple(map(bool, row)) != (outcome is True, outcome is None, outcome is not False):
                wrong.append(Disagreement(condition, footprint, outcome, tuple(row)))
    return wrong, seen
