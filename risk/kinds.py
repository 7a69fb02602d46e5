"""The kinds of a condition's values, and whether a test fits what its product declares today.

It did when it was filed; since then a fact may have been retired, or its type or scheme have changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from .facts import FactType, Vocabulary
from .tree import COMPARISONS, TEXT_TESTS, Node, names
from .versions import Scheme


def fits(test: Node, vocabulary: Vocabulary) -> bool:
    """Tell whether the declarations allow a test, which is a part of a condition without && || !."""
    if test.op == "has":
        return vocabulary.type_of(str(test.value)) is not None
    if test.op not in _TAKES:
        return kind_of(test, vocabulary) is FactType.BOOLEAN
    left, right = test.args
    if test.op == "in" and right.op == "list":
        return not names(right) and _alike(test, (left, *right.args), vocabulary)
    if test.op == "in":
        return [kind_of(side, vocabulary) for side in test.args] == [FactType.STRING, FactType.STRINGS]
    return _alike(test, test.args, vocabulary)


def kind_of(value: Node, vocabulary: Vocabulary) -> FactType | None:
    """Return the kind of a value, NUMBER for an integer too; None for what is no value, or is not declared."""
    if value.op == "literal":
        return _LITERALS[type(value.value)]
    if value.op == "version":
        return FactType.VERSION
    if value.op == "name":
        kind = vocabulary.type_of(str(value.value))
        return FactType.NUMBER if kind is FactType.INTEGER else kind
    if value.op == "size" and kind_of(value.args[0], vocabulary) in (FactType.STRING, FactType.STRINGS):
        return FactType.NUMBER
    return None


def scheme_of(test: Node, vocabulary: Vocabulary) -> Scheme | None:
    """Return the scheme in which a test that fits reads versions, None where it reads none."""
    versions = [name for name in names(test) if vocabulary.type_of(name) is FactType.VERSION]
    return vocabulary.scheme_of(versions[0]) if versions else None


def _alike(test: Node, sides: Sequence[Node], vocabulary: Vocabulary) -> bool:
    """Tell whether the sides are of one kind that the operator takes, and one of them reads a fact."""
    kinds = {kind_of(side, vocabulary) for side in sides}
    if len(kinds) > 1 or not kinds <= _TAKES[test.op] or not names(test):
        return False
    if FactType.VERSION not in kinds:
        return True
    first, *others = (vocabulary.scheme_of(name) for name in names(test))
    given = (str(side.value) for side in sides if side.op == "version")
    return all(other.name == first.name for other in others) and None not in map(first.place, given)


_LITERALS: Final[Mapping[type, FactType]] = MappingProxyType(
    {bool: FactType.BOOLEAN, int: FactType.NUMBER, float: FactType.NUMBER, str: FactType.STRING}
)
_ORDERED: Final = frozenset({FactType.NUMBER, FactType.STRING, FactType.VERSION})
#: The kinds that an operator takes.
_TAKES: Final[Mapping[str, frozenset[FactType | None]]] = MappingProxyType(
    dict.fromkeys((*COMPARISONS, "in"), _ORDERED)
    | dict.fromkeys(("==", "!="), _ORDERED | {FactType.BOOLEAN})
    | dict.fromkeys(TEXT_TESTS, frozenset({FactType.STRING}))
)
