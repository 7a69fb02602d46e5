"""The syntax tree of a condition, and its form in JSON, which is how a condition travels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

#: What a leaf holds: a literal's value, a name, or a version's text.
Scalar = int | float | bool | str

#: Most levels of a tree that is read back; the parser's limit on depth yields fewer.
MAX_LEVELS: Final = 150
COMPARISONS: Final = ("==", "!=", "<", "<=", ">", ">=")
TEXT_TESTS: Final = ("startsWith", "endsWith", "contains")


@dataclass(frozen=True, slots=True)
class Node:
    """An operator and its arguments, or a leaf.

    Leaves: `literal`, `name`, `version`, `has` (of a name). The others: `size`, `list` (of leaves), `in`,
    the comparisons, the text tests, `!`, `&&` and `||` (of two or more).
    """

    op: str
    args: tuple[Node, ...] = ()
    #: of a leaf
    value: Scalar = ""
    #: where the text of this node begins and how long it is, in characters; nothing of it in JSON
    position: int = field(default=0, compare=False)
    length: int = field(default=0, compare=False)


def tree_to_json(node: Node) -> object:
    """Return plain lists and scalars: a literal as itself, `["name", "notebooks"]`, `[">", …, …]`."""
    if node.op == "literal":
        return node.value
    if node.op in _LEAVES:
        return [node.op, node.value]
    return [node.op, *(tree_to_json(arg) for arg in node.args)]


def tree_from_json(obj: object) -> Node:
    """Read what `tree_to_json` wrote; raises ValueError for anything else."""
    return _read(obj, MAX_LEVELS)


def _read(obj: object, levels: int) -> Node:
    if isinstance(obj, float) and not math.isfinite(obj):
        raise ValueError(f"{obj!r} is not a number of a condition.")
    if isinstance(obj, int | float | bool | str):
        return Node("literal", value=obj)
    if levels == 0 or not isinstance(obj, list) or not obj or not isinstance(obj[0], str):
        raise ValueError("This is not the tree of a condition.")
    op, args = obj[0], obj[1:]
    if op in _LEAVES:
        if len(args) == 1 and isinstance(args[0], str):
            return Node(op, value=args[0])
        raise ValueError(f"`{op}` takes one text.")
    least, most = _ARITY.get(op, (1, 0))
    if not least <= len(args) <= most:
        raise ValueError(f"`{op}` does not take {len(args)} arguments.")
    return Node(op, tuple(_read(arg, levels - 1) for arg in args))


def names(node: Node) -> frozenset[str]:
    """Return the names it reads: facts, `platform.os`, `install.first_version`."""
    if node.op in ("name", "has"):
        return frozenset([str(node.value)])
    return frozenset().union(*map(names, node.args))


_LEAVES: Final = frozenset({"name", "has", "version"})
_MANY: Final = 10_000
_ARITY: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    dict.fromkeys((*COMPARISONS, *TEXT_TESTS, "in"), (2, 2))
    | dict.fromkeys(("!", "size"), (1, 1))
    | {"list": (1, _MANY), "&&": (2, _MANY), "||": (2, _MANY)}
)
