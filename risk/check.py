"""The types of a condition: a comparison is between values of one kind, as the product declares its facts."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

from .facts import FactType, Vocabulary
from .tree import COMPARISONS, TEXT_TESTS, Node, names
from .versions import InvalidVersion, Scheme

#: Nodes that are values; the others are tests.
VALUES: Final = frozenset({"literal", "name", "version", "size", "list"})
#: Nodes that join tests.
JOINTS: Final = frozenset({"!", "&&", "||"})


class ConditionError(ValueError):
    """A condition is wrong at one place; the first argument is a sentence for people."""

    def __init__(self, sentence: str, position: int, length: int) -> None:
        super().__init__(sentence)
        #: where, in characters from 0
        self.position = position
        #: how many characters are meant
        self.length = length


def check_condition(node: Node, vocabulary: Vocabulary) -> None:
    """Raise ConditionError, pointing at the place, unless this is a test of facts of the product."""
    if kind_of(node, vocabulary) is not FactType.BOOLEAN:
        raise _error(node, "Expected a test: compare this with something.")


def kind_of(node: Node, vocabulary: Vocabulary) -> FactType:
    """Return the type of the node's value, `number` standing for `integer` too; raises ConditionError."""
    op, args = node.op, node.args
    if op == "literal":
        return _literal_kind(node)
    if op in ("name", "has"):
        kind = _name_kind(node, vocabulary)
        return FactType.BOOLEAN if op == "has" else kind
    if op == "version":
        return FactType.VERSION
    if op == "size":
        if kind_of(args[0], vocabulary) not in (FactType.STRING, FactType.STRINGS):
            raise _error(args[0], "size() takes a text or a set.")
        return FactType.NUMBER
    if op == "list":
        raise _error(node, "A list stands only to the right of `in`.")
    if op in JOINTS:
        for arg in args:
            check_condition(arg, vocabulary)
    elif op == "in":
        _check_membership(node, vocabulary)
    else:
        _check_pair(node, vocabulary)
    return FactType.BOOLEAN


def scheme_of(node: Node, vocabulary: Vocabulary) -> Scheme | None:
    """Return the scheme in which a well-typed test reads versions, None where it reads none."""
    for name in names(node):
        if vocabulary.type_of(name) is FactType.VERSION:
            return vocabulary.scheme_of(name)
    return None


def _literal_kind(node: Node) -> FactType:
    if isinstance(node.value, bool):
        return FactType.BOOLEAN
    return FactType.STRING if isinstance(node.value, str) else FactType.NUMBER


def _name_kind(node: Node, vocabulary: Vocabulary) -> FactType:
    name = str(node.value)
    kind = vocabulary.type_of(name)
    if kind is None:
        near = get_close_matches(name, vocabulary.names(), 1)
        hint = f"; did you mean `{near[0]}`?" if near else "."
        raise _error(node, f"`{name}` is not a fact of {vocabulary.product}{hint}")
    return FactType.NUMBER if kind is FactType.INTEGER else kind


def _check_membership(node: Node, vocabulary: Vocabulary) -> None:
    left, right = node.args
    if right.op == "list":
        if any(item.op not in ("literal", "version") for item in right.args):
            raise _error(right, "A list holds texts, numbers or versions.")
        kind = _one_kind(node, (left, *right.args), vocabulary)
        if kind is FactType.BOOLEAN:
            raise _error(node, "`in` a list is for texts, numbers and versions.")
        return
    if kind_of(right, vocabulary) is not FactType.STRINGS:
        raise _error(right, "Expected a list in [ ] or a set of texts to the right of `in`.")
    if left.op not in VALUES or kind_of(left, vocabulary) is not FactType.STRING:
        raise _error(left, "Expected a text to the left of `in` a set.")


def _check_pair(node: Node, vocabulary: Vocabulary) -> None:
    kind = _one_kind(node, node.args, vocabulary)
    if node.op in TEXT_TESTS and kind is not FactType.STRING:
        raise _error(node, f"{node.op}() is for texts; for sets, write 'x' in the_set.")
    if kind is FactType.BOOLEAN and node.op in COMPARISONS[2:]:
        raise _error(node, f"true and false have no order: expected == or != and not {node.op}.")


def _one_kind(node: Node, parts: tuple[Node, ...], vocabulary: Vocabulary) -> FactType:
    """Return the kind that all parts share; one of them must read a fact, and none be a test or a set."""
    for part in parts:
        if part.op not in VALUES:
            raise _error(part, "Tests are not compared: join them with && and ||.")
    kinds = [kind_of(part, vocabulary) for part in parts]
    if not any(names(part) for part in parts):
        raise _error(node, "This says nothing about an install: expected a fact on one side.")
    for part, kind in zip(parts, kinds, strict=True):
        if kind is FactType.STRINGS:
            raise _error(part, "A set is tested with 'x' in the_set or size(the_set).")
        if kind is not kinds[0]:
            raise _error(part, _mismatch(kinds[0], kind))
    if kinds[0] is FactType.VERSION:
        _check_versions(parts, vocabulary)
    return kinds[0]


def _mismatch(left: FactType, right: FactType) -> str:
    hint = " Write a version as version('4.2')." if FactType.VERSION in (left, right) else ""
    return f"Expected a {left} here, as on the left, not a {right}.{hint}"


def _check_versions(parts: tuple[Node, ...], vocabulary: Vocabulary) -> None:
    schemes = [vocabulary.scheme_of(str(part.value)) for part in parts if part.op == "name"]
    if any(scheme.name != schemes[0].name for scheme in schemes):
        raise _error(parts[-1], f"Versions of {schemes[0].name} and {schemes[-1].name} cannot be compared.")
    for part in parts:
        if part.op == "version":
            try:
                schemes[0].sort_key(str(part.value))
            except InvalidVersion as error:
                raise _error(part, str(error)) from error


def _error(node: Node, sentence: str) -> ConditionError:
    return ConditionError(sentence, node.position, node.length)
