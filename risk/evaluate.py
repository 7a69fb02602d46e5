"""A condition compiled for one install at a time: match (True), miss (False) or unknown (None), and why.

`&&`, `||` and `!` follow Kleene's logic: what is unknown stays unknown unless the known parts decide.
A test that today's declarations no longer allow (a fact retired, its type changed) is unknown.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol

from .check import check_condition, scheme_of
from .facts import Facts, FactType, Vocabulary
from .tokens import ConditionError
from .tree import Node, names
from .versions import InvalidVersion, Scheme
from .words import Words, words

Truth = bool | None
Test = Callable[[Facts], Truth]
#: Reads one value from the facts, None where it is absent; typed loosely, as `check` has seen to the types.
Read = Callable[[Facts], Any]


class Explanation(NamedTuple):
    """Why a condition matches, misses, or is unknown."""

    #: each is needed: were one of them otherwise, so would be the outcome
    because: tuple[str, ...] = ()
    #: the names whose absence makes it unknown
    missing: tuple[str, ...] = ()


class Condition(Protocol):
    """A compiled condition, or a part of one."""

    @property
    def truth(self) -> Test:
        """Returns match (True), miss (False) or unknown (None)."""

    def explain(self, facts: Facts, truth: Truth) -> Explanation:
        """Say why it is what it is; `truth` is what it has been found to be."""

    def firm(self, facts: Facts) -> bool:
        """Tell whether no part of it is unknown."""


def compile_condition(node: Node | None, vocabulary: Vocabulary) -> Test:
    """Compile to a function of an install's facts; no condition matches every install."""
    return build(node, vocabulary).truth


def explain_condition(node: Node | None, vocabulary: Vocabulary, facts: Facts) -> Explanation:
    """Say why a condition matches, misses or is unknown for these facts."""
    condition = build(node, vocabulary)
    return condition.explain(facts, condition.truth(facts))


def build(node: Node | None, vocabulary: Vocabulary) -> Condition:
    """Compile a condition whole."""
    if node is None:
        return build(Node("literal", value=True), vocabulary)
    if node.op == "!":
        part = build(node.args[0], vocabulary)
        return _Not(part, _negation(part.truth))
    if node.op in ("&&", "||"):
        parts = tuple(build(arg, vocabulary) for arg in node.args)
        decisive = node.op == "||"
        return _Joined(parts, decisive, _junction(tuple(part.truth for part in parts), decisive=decisive))
    try:
        check_condition(node, vocabulary)
    except ConditionError:
        return _Single(_nothing, words(Node("literal")), tuple((name, _nothing) for name in sorted(names(node))))
    reads = tuple((name, _read_name(name, vocabulary)) for name in sorted(names(node)))
    return _Single(_test(node, vocabulary), words(node), reads)


@dataclass(frozen=True, slots=True)
class _Single:
    """One comparison, or another test without && || !."""

    truth: Test
    words: Words
    reads: tuple[tuple[str, Read], ...]

    def explain(self, facts: Facts, truth: Truth) -> Explanation:
        if truth is None:
            return Explanation(missing=tuple(name for name, read in self.reads if read(facts) is None))
        said = self.words(facts, truth)
        return Explanation((said,) if said else ())

    def firm(self, facts: Facts) -> bool:
        return self.truth(facts) is not None


@dataclass(frozen=True, slots=True)
class _Not:
    part: Condition
    truth: Test

    def explain(self, facts: Facts, truth: Truth) -> Explanation:
        return self.part.explain(facts, None if truth is None else not truth)

    def firm(self, facts: Facts) -> bool:
        return self.part.firm(facts)


@dataclass(frozen=True, slots=True)
class _Joined:
    """`&&` or `||`."""

    parts: tuple[Condition, ...]
    #: the truth of one part that settles the whole: True for ||, False for &&
    decisive: bool
    truth: Test

    def explain(self, facts: Facts, truth: Truth) -> Explanation:
        if truth is None:
            return self._unsettled(facts)
        if truth is not self.decisive:
            return _together([part.explain(facts, truth) for part in self.parts])
        return _any_of([part.explain(facts, truth) for part in self.parts if part.truth(facts) is truth])

    def _unsettled(self, facts: Facts) -> Explanation:
        """Say what is missing, and what is known of which the contrary would settle the matter."""
        truths = [(part, part.truth(facts)) for part in self.parts]
        unknown = [part.explain(facts, None) for part, truth in truths if truth is None]
        if len(unknown) > 1:
            unknown = [Explanation(missing=one.missing) for one in unknown]
        return _together([part.explain(facts, truth) for part, truth in truths if part.firm(facts)] + unknown)

    def firm(self, facts: Facts) -> bool:
        return all(part.firm(facts) for part in self.parts)


def _together(parts: list[Explanation]) -> Explanation:
    because = dict.fromkeys([said for part in parts for said in part.because])
    missing = {name for part in parts for name in part.missing}
    return Explanation(tuple(because), tuple(sorted(missing)))


def _any_of(parts: list[Explanation]) -> Explanation:
    """Make one reason of several that each settle the matter; none where one of them needs no fact."""
    if len(parts) == 1:
        return parts[0]
    if not all(part.because for part in parts):
        return Explanation()
    said = dict.fromkeys(" and ".join(part.because) for part in parts)
    return Explanation((next(iter(said)) if len(said) == 1 else f"any of these is enough: {'; '.join(said)}",))


def _negation(part: Test) -> Test:
    def test(facts: Facts) -> Truth:
        truth = part(facts)
        return None if truth is None else not truth

    return test


def _junction(parts: tuple[Test, ...], *, decisive: bool) -> Test:
    def test(facts: Facts) -> Truth:
        joined: Truth = not decisive
        for part in parts:
            truth = part(facts)
            if truth is decisive:
                return decisive
            if truth is None:
                joined = None
        return joined

    return test


def _test(node: Node, vocabulary: Vocabulary) -> Test:
    if node.op in ("literal", "name"):
        return _read(node, vocabulary, None)
    if node.op == "has":
        return lambda facts: facts.get(str(node.value)) is not None
    scheme = scheme_of(node, vocabulary)
    one, other = node.args
    compare, left = _OPERATORS[node.op], _read(one, vocabulary, scheme)
    if names(other):
        return _compare(compare, left, _read(other, vocabulary, scheme))
    return _compare_constant(compare, left, _constant(other, scheme))


def _compare(compare: Callable[[Any, Any], bool], left: Read, right: Read) -> Test:
    def test(facts: Facts) -> Truth:
        one, other = left(facts), right(facts)
        return None if one is None or other is None else compare(one, other)

    return test


def _compare_constant(compare: Callable[[Any, Any], bool], read: Read, constant: object) -> Test:
    def test(facts: Facts) -> Truth:
        value = read(facts)
        return None if value is None else compare(value, constant)

    return test


def _constant(node: Node, scheme: Scheme | None) -> object:
    if node.op == "list":
        return frozenset(_constant(item, scheme) for item in node.args)
    return scheme.sort_key(str(node.value)) if scheme and node.op == "version" else node.value


def _read(node: Node, vocabulary: Vocabulary, scheme: Scheme | None) -> Read:
    if node.op == "name":
        return _read_name(str(node.value), vocabulary)
    if node.op == "size":
        read = _read_name(str(node.args[0].value), vocabulary)
        return lambda facts: None if (value := read(facts)) is None else len(value)
    constant = _constant(node, scheme)
    return lambda _: constant


def _read_name(name: str, vocabulary: Vocabulary) -> Read:
    if vocabulary.type_of(name) is not FactType.VERSION:
        return operator.methodcaller("get", name)
    sort_key = vocabulary.scheme_of(name).sort_key

    def read(facts: Facts) -> str | None:
        try:
            return sort_key(str(facts[name])) if name in facts else None
        except InvalidVersion:
            return None

    return read


def _nothing(_: Facts) -> None:
    """Read what today's declarations do not have, or have otherwise."""


_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = MappingProxyType(
    {
        "==": operator.eq,
        "!=": operator.ne,
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
        "in": lambda item, members: item in members,
        "startsWith": str.startswith,
        "endsWith": str.endswith,
        "contains": operator.contains,
    }
)
