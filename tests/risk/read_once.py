"""Random conditions that read each fact in one place only, so that a reason stands for one test of it."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Final

from risk import Fact, FactType, Node, Value, Vocabulary, scheme

#: Values enough to make each test that is drawn come out true, and to make it come out false.
VALUES: Final[Mapping[FactType, list[Value]]] = {
    FactType.INTEGER: [-1, 0, 1, 2, 3, 4, 5],
    FactType.NUMBER: [-0.5, 0.0, 0.5, 1.0, 2.0, 4.5],
    FactType.BOOLEAN: [True, False],
    FactType.STRING: ["", "x", "xy", "yx", "Xy", "zzz"],
    FactType.STRINGS: [(), ("x",), ("x", "xy"), ("Xy", "q", "zzz")],
    FactType.VERSION: ["1.0.0-a", "1.0.0", "1.2.0", "1.10.0", "2.0.0"],
}
#: Four facts of each type: f0, f1 … f23.
KINDS: Final = {f"f{number}": kind for number, kind in enumerate([*FactType] * 4)}
READ_ONCE: Final = Vocabulary(
    {name: Fact(name, kind, "semver" if kind is FactType.VERSION else None) for name, kind in KINDS.items()},
    scheme("intdot"),
)


def some_facts(random: Random, share: float = 0.8) -> dict[str, Value]:
    return {name: random.choice(VALUES[kind]) for name, kind in KINDS.items() if random.random() < share}


def a_condition(random: Random, tests: int) -> Node:
    names = list(KINDS)
    random.shuffle(names)
    return _joined(random, [_test(random, names) for _ in range(tests)])


def _joined(random: Random, tests: list[Node]) -> Node:
    if len(tests) == 1:
        node = tests[0]
    else:
        cut = random.randint(1, len(tests) - 1)
        node = Node(random.choice(["&&", "||"]), (_joined(random, tests[:cut]), _joined(random, tests[cut:])))
    return Node("!", (node,)) if random.random() < 0.3 else node


def _test(random: Random, left: list[str]) -> Node:
    """Take one of the names left, or two to compare, and make a test of it."""
    name = Node("name", value=left.pop())
    kind = KINDS[str(name.value)]
    peer = next((other for other in left if KINDS[other] is kind), None)
    if random.random() < 0.1:
        return Node("has", value=name.value)
    if kind is FactType.BOOLEAN:
        return name if random.random() < 0.5 else Node("==", (name, Node("literal", value=random.random() < 0.5)))
    if kind is FactType.STRINGS:
        held = Node("in", (Node("literal", value=random.choice(["x", "zzz"])), name))
        return held if random.random() < 0.5 else Node(">", (Node("size", (name,)), Node("literal", value=1)))
    if peer is not None and random.random() < 0.3:
        left.remove(peer)
        return Node(random.choice(["==", "!=", "<", ">="]), (name, Node("name", value=peer)))
    return _beside_a_constant(random, name, kind)


def _beside_a_constant(random: Random, name: Node, kind: FactType) -> Node:
    if random.random() < 0.3:
        return Node("in", (name, Node("list", tuple(_constant(random, kind) for _ in range(2)))))
    if kind is FactType.STRING and random.random() < 0.5:
        return Node(random.choice(["startsWith", "endsWith", "contains"]), (name, _constant(random, kind)))
    sides = [name, _constant(random, kind)]
    random.shuffle(sides)
    return Node(random.choice(["==", "!=", "<", "<=", ">", ">="]), tuple(sides))


def _constant(random: Random, kind: FactType) -> Node:
    """Return a value that is neither the lowest nor the highest, so that every test can hold and can fail."""
    value = random.choice(VALUES[kind][2:4])
    assert not isinstance(value, tuple)
    return Node("version" if kind is FactType.VERSION else "literal", value=value)
