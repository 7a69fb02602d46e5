"""What a test says of an install, in words: "notebooks is 12 (> 0)"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from .facts import Facts, Value
from .tree import Node, Scalar, names

#: Says one thing of an install's facts.
Say = Callable[[Facts], str]

#: Longest value shown whole, in characters.
_SHOWN: Final = 80
#: Most values of a list that are shown.
_LISTED: Final = 5
#: Said before the right side where it holds, and where it does not; `<` and the like are said as they are written.
_RELATIONS: Final = {
    "==": ("", "not "),
    "!=": ("not ", ""),
    "in": ("one of ", "not one of "),
    "startsWith": ("starts with ", "does not start with "),
    "endsWith": ("ends with ", "does not end with "),
    "contains": ("contains ", "does not contain "),
}
_FLIPPED: Final = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


class Words(NamedTuple):
    """What is said of a test where it is true, and where it is false."""

    true: Say
    false: Say


def words(node: Node) -> Words | None:
    """Compile what is said of a well-typed test, None where it reads no fact; what no fact changes is put together."""
    if node.op == "literal":
        return None
    if node.op in ("has", "name"):
        said = ("true", "false") if node.op == "name" else ("known", "not known")
        return Words(*(_always(f"{node.value} is {word}") for word in said))
    left, op, right = _fact_first(node)
    if op == "in" and right.op == "name":
        item = f"{_subject(left)}, which is " if names(left) else ""
        return Words(*(_value(left, f"{right.value} {verb} {item}") for verb in ("holds", "does not hold")))
    holds, fails = _RELATIONS.get(op, (f"{op} ", f"not {op} "))
    if names(right):
        return Words(_beside(left, holds, right), _beside(left, fails, right))
    head, asked = f"{_subject(left)} is ", _shown(right)
    plain = "" if op in ("==", "in") else f" ({holds}{asked})"
    return Words(_value(left, head, plain), _value(left, head, f" ({fails}{asked})"))


def _fact_first(node: Node) -> tuple[Node, str, Node]:
    left, right = node.args
    if left.op in ("literal", "version") and node.op in _FLIPPED:
        return right, _FLIPPED[node.op], left
    return left, node.op, right


def _subject(node: Node) -> str:
    if node.op == "size":
        return f"size of {node.args[0].value}"
    return str(node.value) if node.op == "name" else show(node.value)


def _beside(left: Node, relation: str, right: Node) -> Say:
    """Compile what is said of two values that facts change."""
    one = _value(left, f"{_subject(left)} is ", f" ({relation}{_subject(right)}, which is ")
    other = _value(right, "", ")")
    return lambda facts: one(facts) + other(facts)


def _value(node: Node, before: str, after: str = "") -> Say:
    """Compile the saying of a value between two texts."""
    if node.op == "name":
        name = str(node.value)
        return _fact(name, before, after)
    if node.op == "size":
        name = str(node.args[0].value)
        return lambda facts: f"{before}{_size(facts[name])}{after}"
    return _always(f"{before}{_shown(node)}{after}")


def _fact(name: str, before: str, after: str) -> Say:
    def say(facts: Facts) -> str:
        value = facts[name]
        if type(value) is int or (
            type(value) is str and len(value) <= _SHOWN
        ):  # nearly always, and `show` says the same
            return f"{before}{value!r}{after}"
        return f"{before}{show(value)}{after}"

    return say


def _always(text: str) -> Say:
    return lambda _: text


def _shown(node: Node) -> str:
    """Return a constant, of a list the first values, as a person reads it."""
    if not node.args:
        return show(node.value)
    return ", ".join(show(item.value) for item in node.args[:_LISTED]) + (", …" if len(node.args) > _LISTED else "")


def _size(value: Value) -> str:
    return str(len(value)) if isinstance(value, str | tuple) else ""


def show(value: Value | Scalar) -> str:
    """Return a value as a person reads it; control characters are escaped, long texts cut."""
    if isinstance(value, str):
        return repr(value if len(value) <= _SHOWN else value[:_SHOWN] + "…")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return repr(value)
