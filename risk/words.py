"""What a test says of an install, in words: "notebooks is 12 (> 0)"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from .facts import Facts, Value
from .tree import Node, Scalar

#: Says what made a test true, or false.
Words = Callable[[Facts, bool], str]

#: Longest value shown whole, in characters.
_SHOWN: Final = 80
#: Most values of a list that are shown.
_LISTED: Final = 5
_FLIPPED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
#: What is said of an operator that holds, and of one that does not.
_RELATIONS: Final = {
    "==": ("", "not "),
    "!=": ("not ", ""),
    "in": ("one of ", "not one of "),
    "startsWith": ("starts with ", "does not start with "),
    "endsWith": ("ends with ", "does not end with "),
    "contains": ("contains ", "does not contain "),
}


def words(node: Node) -> Words:
    """Compile what is said of a well-typed test; all that the facts do not change is put together here."""
    if node.op == "literal":
        return lambda _, __: ""
    if node.op == "has":
        return _either(f"{node.value} is known", f"{node.value} is not known")
    if node.op == "name":
        return _either(f"{node.value} is true", f"{node.value} is false")
    left, op, right = _fact_first(node)
    if op == "in" and right.op == "name":
        item = _object(left)
        return lambda facts, truth: f"{right.value} {'holds' if truth else 'does not hold'} {item(facts)}"
    return _comparison(left, op, right)


def _either(holds: str, fails: str) -> Words:
    return lambda _, truth: holds if truth else fails


def _comparison(left: Node, op: str, right: Node) -> Words:
    subject, value, asked = _subject(left), _value(left), _object(right)
    holds, fails = _RELATIONS.get(op, (f"{op} ", f"not {op} "))
    plain = right.op != "name" and op in ("==", "in")

    def say(facts: Facts, truth: bool) -> str:  # noqa: FBT001 as Words has it
        if truth and plain:
            return f"{subject} is {value(facts)}"
        return f"{subject} is {value(facts)} ({holds if truth else fails}{asked(facts)})"

    return say


def _fact_first(node: Node) -> tuple[Node, str, Node]:
    left, right = node.args
    if left.op in ("literal", "version") and (node.op in _FLIPPED or node.op in ("==", "!=")):
        return right, _FLIPPED.get(node.op, node.op), left
    return left, node.op, right


def _subject(node: Node) -> str:
    if node.op == "size":
        return f"size of {node.args[0].value}"
    return str(node.value) if node.op == "name" else show(node.value)


def _value(node: Node) -> Callable[[Facts], str]:
    if node.op == "name":
        return lambda facts: show(facts[str(node.value)])
    if node.op == "size":
        name = str(node.args[0].value)
        return lambda facts: str(len(value)) if isinstance(value := facts[name], str | tuple) else ""
    shown = ", ".join(show(item.value) for item in node.args[:_LISTED]) if node.args else show(node.value)
    shown += ", …" if len(node.args) > _LISTED else ""
    return lambda _: shown


def _object(node: Node) -> Callable[[Facts], str]:
    value = _value(node)
    if node.op in ("name", "size"):
        subject = _subject(node)
        return lambda facts: f"{subject}, which is {value(facts)}"
    return value


def show(value: Value | Scalar) -> str:
    """Return a value as a person reads it; control characters are escaped, long texts cut."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    if isinstance(value, str) and len(value) > _SHOWN:
        value = value[:_SHOWN] + "…"
    return repr(value)
