"""Whether a condition fits what its product declares; where it does not, why.

Whether is for the rules to say, which ask it again with each declaration; this says why, and points at the place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from risk import FactType, InvalidVersion, Node, Vocabulary, fits
from risk.kinds import kind_of
from risk.tree import COMPARISONS, TEXT_TESTS, names

from .errors import ConditionError

#: Nodes that are values; the others are tests.
_VALUES = frozenset({"literal", "name", "version", "size", "list"})


def check_condition(node: Node, vocabulary: Vocabulary) -> None:
    """Raise ConditionError, pointing at the place, unless this is a test of facts of the product."""
    if node.op in ("!", "&&", "||"):
        for arg in node.args:
            check_condition(arg, vocabulary)
    elif not fits(node, vocabulary):
        raise next(_misfits(node, vocabulary), _error(node, "Expected a test: compare this with something."))


def _misfits(node: Node, vocabulary: Vocabulary) -> Iterator[ConditionError]:
    """Yield what is wrong with a test or a value; where it is several things, the first is the one to say."""
    if node.op in ("name", "has"):
        if vocabulary.type_of(str(node.value)) is None:
            yield _error(node, _unknown_name(str(node.value), vocabulary))
    elif node.op == "size":
        yield from _misfits(node.args[0], vocabulary)
        if kind_of(node, vocabulary) is None:
            yield _error(node.args[0], "size() takes a text or a set.")
    elif node.op == "list":
        yield _error(node, "A list stands only to the right of `in`.")
    elif node.op == "in":
        yield from _of_membership(node, vocabulary)
    elif node.op in (*COMPARISONS, *TEXT_TESTS):
        yield from _of_pair(node, vocabulary)


def _unknown_name(name: str, vocabulary: Vocabulary) -> str:
    near = get_close_matches(name, vocabulary.names(), 1)
    hint = f"; did you mean `{near[0]}`?" if near else "."
    return f"`{name}` is not a fact of {vocabulary.product}{hint}"


def _of_membership(node: Node, vocabulary: Vocabulary) -> Iterator[ConditionError]:
    left, right = node.args
    if right.op == "list":
        yield from _of_sides(node, (left, *right.args), vocabulary)
        if kind_of(left, vocabulary) is FactType.BOOLEAN:
            yield _error(node, "`in` a list is for texts, numbers and versions.")
        return
    yield from _misfits(right, vocabulary)
    if kind_of(right, vocabulary) is not FactType.STRINGS:
        yield _error(right, "Expected a list in [ ] or a set of texts to the right of `in`.")
    yield from _misfits(left, vocabulary) if left.op in _VALUES else ()
    if kind_of(left, vocabulary) is not FactType.STRING:
        yield _error(left, "Expected a text to the left of `in` a set.")


def _of_pair(node: Node, vocabulary: Vocabulary) -> Iterator[ConditionError]:
    yield from _of_sides(node, node.args, vocabulary)
    kind = kind_of(node.args[0], vocabulary)
    if node.op in TEXT_TESTS and kind is not FactType.STRING:
        yield _error(node, f"{node.op}() is for texts; for sets, write 'x' in the_set.")
    if node.op in COMPARISONS[2:] and kind is FactType.BOOLEAN:
        yield _error(node, f"true and false have no order: expected == or != and not {node.op}.")


def _of_sides(node: Node, sides: Sequence[Node], vocabulary: Vocabulary) -> Iterator[ConditionError]:
    """Yield what keeps the sides from being compared: they share a kind, and one of them reads a fact."""
    for side in sides:
        if side.op not in _VALUES:
            yield _error(side, "Tests are not compared: join them with && and ||.")
    for side in sides:
        yield from _misfits(side, vocabulary)
    if not names(node):
        yield _error(node, "This says nothing about an install: expected a fact on one side.")
    kinds = [kind_of(side, vocabulary) for side in sides]
    for side, kind in zip(sides, kinds, strict=True):
        if kind is FactType.STRINGS:
            yield _error(side, "A set is tested with 'x' in the_set or size(the_set).")
        if kind is not kinds[0]:
            hint = " Write a version as version('4.2')." if FactType.VERSION in (kind, kinds[0]) else ""
            yield _error(side, f"Expected a {kinds[0]} here, as on the left, not a {kind}.{hint}")
    if kinds[0] is FactType.VERSION:
        yield from _of_versions(sides, vocabulary)


def _of_versions(sides: Sequence[Node], vocabulary: Vocabulary) -> Iterator[ConditionError]:
    first, *others = (vocabulary.scheme_of(str(side.value)) for side in sides if side.op == "name")
    for other in others:
        if other.name != first.name:
            yield _error(sides[-1], f"Versions of {first.name} and {other.name} cannot be compared.")
    for side in sides:
        if side.op == "version":
            try:
                first.sort_key(str(side.value))
            except InvalidVersion as error:
                yield _error(side, str(error))


def _error(node: Node, sentence: str) -> ConditionError:
    return ConditionError(sentence, node.position, node.length)
