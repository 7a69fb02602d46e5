"""What a test says of an install, in words: "notebooks is 12 (> 0)"."""

from __future__ import annotations

from typing import Final, NamedTuple

from .facts import Facts, Value
from .tree import Node, Scalar, names

#: Text, the place of a value, text, and so on, text last; a place is called as a person would: "size of pages".
Sentence = tuple[str, ...]

#: Longest value shown whole, in characters.
_SHOWN: Final = 80
#: Most values of a list that are shown.
_LISTED: Final = 5
_SIZE: Final = "size of "
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

    true: Sentence
    false: Sentence


class Shown(dict[str, str]):
    """The values of an install's facts as sentences show them, each made when it is first asked for."""

    __slots__ = ("facts",)

    def __init__(self, facts: Facts) -> None:
        self.facts = facts

    def __missing__(self, place: str) -> str:
        value = self.facts.get(place)
        shown = self[place] = _size(self.facts[place.removeprefix(_SIZE)]) if value is None else show(value)
        return shown

    def say(self, sentence: Sentence) -> str:
        """Put the values into their places."""
        match sentence:
            case (before, place, after):  # nearly all
                return f"{before}{self[place]}{after}"
        pieces = [*sentence]
        pieces[1::2] = map(self.__getitem__, sentence[1::2])
        return "".join(pieces)


def words(node: Node) -> Words | None:
    """Compile what is said of a well-typed test, None where it reads no fact; what no fact changes is put together."""
    if node.op == "literal":
        return None
    if node.op in ("has", "name"):
        said = ("true", "false") if node.op == "name" else ("known", "not known")
        return Words(*((f"{node.value} is {word}",) for word in said))
    left, op, right = _fact_first(node)
    if op == "in" and right.op == "name":
        return Words(*(_sentence(f"{right.value} {verb} ", *_asked(left)) for verb in ("holds", "does not hold")))
    holds, fails = _RELATIONS.get(op, (f"{op} ", f"not {op} "))
    head = f"{_subject(left)} is ", left
    plain = op in ("==", "in") and not names(right)
    asked = () if plain else (f" ({holds}", *_asked(right), ")")
    return Words(_sentence(*head, *asked), _sentence(*head, f" ({fails}", *_asked(right), ")"))


def _sentence(*parts: str | Node) -> Sentence:
    pieces = [""]
    for part in parts:
        if isinstance(part, str):
            pieces[-1] += part
        elif names(part):
            pieces += (_subject(part), "")
        else:
            pieces[-1] += _constant(part)
    return tuple(pieces)


def _asked(node: Node) -> tuple[str | Node, ...]:
    return (f"{_subject(node)}, which is ", node) if names(node) else (node,)


def _fact_first(node: Node) -> tuple[Node, str, Node]:
    left, right = node.args
    if left.op in ("literal", "version") and node.op in _FLIPPED:
        return right, _FLIPPED[node.op], left
    return left, node.op, right


def _subject(node: Node) -> str:
    if node.op == "size":
        return f"{_SIZE}{node.args[0].value}"
    return str(node.value) if node.op == "name" else _constant(node)


def _constant(node: Node) -> str:
    """Return a constant, of a list the first values, as a person reads it."""
    listed = ", ".join(show(item.value) for item in (node.args or (node,))[:_LISTED])
    return f"{listed}, …" if len(node.args) > _LISTED else listed


def _size(value: Value) -> str:
    return str(len(value)) if isinstance(value, str | tuple) else ""


def show(value: Value | Scalar) -> str:
    """Return a value as a person reads it; control characters are escaped, long texts cut."""
    if type(value) is int:
        return repr(value)
    if isinstance(value, str):
        return repr(value if len(value) <= _SHOWN else value[:_SHOWN] + "…")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return repr(value)
