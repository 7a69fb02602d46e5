"""A condition compiled for one install at a time: match (True), miss (False) or unknown (None), and why.

`&&`, `||` and `!` follow Kleene's logic: what is unknown stays unknown unless the known parts decide.
A test that today's declarations no longer allow (a fact retired, its type changed) is unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from operator import methodcaller
from typing import Any, Final, NamedTuple

from .facts import Facts, FactType, Value, Vocabulary
from .kinds import fits, scheme_of
from .operators import BESIDE_CONSTANTS, COMPARE, Test, Truth
from .tree import Node, names, tree_to_json
from .versions import Scheme
from .words import Sentence, Shown, Words, words

#: Reads one value from the facts, None where it is absent; typed loosely, as `fits` has seen to the types.
Read = Callable[[Facts], Any]
#: Why it is as it is.
Sentences = tuple[Sentence, ...]

#: Most values that a demand names.
_MOST_DEMANDED: Final = 16


class Explanation(NamedTuple):
    """Why a condition matches, misses, or is unknown."""

    #: each is needed: were one of them otherwise, so would be the outcome
    because: tuple[str, ...] = ()
    #: the names whose absence makes it unknown
    missing: tuple[str, ...] = ()


class Demand(NamedTuple):
    """A fact that must have one of these values, or be absent; with any other the condition misses."""

    name: str
    values: frozenset[Value]


@dataclass(frozen=True, slots=True, eq=False)
class Single:
    """One comparison, or another test without && || !, or the contrary of one."""

    truth: Test
    #: None where it reads no fact
    words: Words | None
    reads: tuple[tuple[str, Read], ...]
    demands: tuple[Demand, ...] = ()

    def sentences(self, *, truth: bool) -> Sentences:
        """Return why it matches or misses; `truth` is which of the two."""
        return () if self.words is None else (self.words[not truth],)

    def because(self, shown: Shown, *, truth: bool) -> tuple[str, ...]:
        """Say why it matches or misses; `truth` is what it has been found to do."""
        return tuple(map(shown.say, self.sentences(truth=truth)))

    def unknown(self, shown: Shown) -> Explanation:
        """Say what makes it unknown."""
        return Explanation(missing=tuple(name for name, read in self.reads if read(shown.facts) is None))

    def firm(self, facts: Facts) -> bool:
        """Tell whether no part of it is unknown."""
        return self.truth(facts) is not None


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """Conditions joined by `&&` or `||`."""

    truth: Test
    parts: tuple[Condition, ...]
    #: the truth of one part that settles the whole: True for ||, False for &&
    decisive: bool
    #: why it is the contrary of decisive, for which all parts are needed; None where that depends on the facts
    needed: Sentences | None
    demands: tuple[Demand, ...]

    def sentences(self, *, truth: bool) -> Sentences | None:
        """Return why it matches or misses, None where that depends on the facts; `truth` is which of the two."""
        return None if truth is self.decisive else self.needed

    def because(self, shown: Shown, *, truth: bool) -> tuple[str, ...]:
        """Say why it matches or misses; `truth` is what it has been found to do."""
        if truth is not self.decisive:
            if self.needed is not None:
                return tuple(map(shown.say, self.needed))
            return tuple(dict.fromkeys([said for part in self.parts for said in part.because(shown, truth=truth)]))
        enough = [part.because(shown, truth=truth) for part in self.parts if part.truth(shown.facts) is truth]
        if len(enough) == 1:
            return enough[0]
        if not all(enough):
            return ()
        said = list(dict.fromkeys(map(" and ".join, enough)))
        return (said[0] if len(said) == 1 else f"any of these is enough: {'; '.join(said)}",)

    def unknown(self, shown: Shown) -> Explanation:
        """Say what is missing, and what is known of which the contrary would settle the matter."""
        facts = shown.facts
        truths = [(part, part.truth(facts)) for part in self.parts]
        known = [part.because(shown, truth=truth) for part, truth in truths if truth is not None and part.firm(facts)]
        unknown = [part.unknown(shown) for part, truth in truths if truth is None]
        if len(unknown) == 1:
            known.append(unknown[0].because)
        missing = {name for part in unknown for name in part.missing}
        return Explanation(tuple(dict.fromkeys(chain.from_iterable(known))), tuple(sorted(missing)))

    def firm(self, facts: Facts) -> bool:
        """Tell whether no part of it is unknown."""
        return all(part.firm(facts) for part in self.parts)


Condition = Single | Joined
#: Conditions, and parts of them, that the defects of one product share: by what they say and whether they are negated.
Shared = dict[tuple[str, bool], Condition]


def compile_condition(node: Node | None, vocabulary: Vocabulary) -> Test:
    """Compile to a function of an install's facts; no condition matches every install."""
    return build(node, vocabulary, {}).truth


def explain_condition(node: Node | None, vocabulary: Vocabulary, facts: Facts) -> Explanation:
    """Say why a condition matches, misses or is unknown for these facts."""
    condition = build(node, vocabulary, {})
    return explain(condition, Shown(facts), condition.truth(facts))


def explain(condition: Condition, shown: Shown, truth: Truth) -> Explanation:
    """Say why a compiled condition is what it is; `truth` is what it has been found to be."""
    return condition.unknown(shown) if truth is None else Explanation(condition.because(shown, truth=truth))


def build(node: Node | None, vocabulary: Vocabulary, shared: Shared, *, negated: bool = False) -> Condition:
    """Compile a condition whole, or its contrary: !(a && b) is !a || !b in Kleene's logic too."""
    node = node or Node("literal", value=True)
    if node.op == "!":
        return build(node.args[0], vocabulary, shared, negated=not negated)
    key = (repr(tree_to_json(node)), negated)
    if key not in shared:
        make = _joined if node.op in ("&&", "||") else _single
        shared[key] = make(node, vocabulary, shared, negated=negated)
    return shared[key]


def _joined(node: Node, vocabulary: Vocabulary, shared: Shared, *, negated: bool) -> Joined:
    decisive = (node.op == "||") is not negated
    parts = tuple(build(arg, vocabulary, shared, negated=negated) for arg in node.args)
    truth = _junction(tuple(part.truth for part in parts), decisive=decisive)
    demands = () if decisive else tuple(demand for part in parts for demand in part.demands)
    return Joined(truth, parts, decisive, _needed(parts, truth=not decisive), demands)


def _needed(parts: tuple[Condition, ...], *, truth: bool) -> Sentences | None:
    """Return why parts all have this truth, which each of them must; None where a thing might be said twice."""
    singles = [part for part in parts if isinstance(part, Single)]
    read = [name for single in singles for name, _ in single.reads]
    if len(singles) < len(parts) or len(set(read)) < len(read):
        return None
    return tuple(single.words[not truth] for single in singles if single.words is not None)


def _single(node: Node, vocabulary: Vocabulary, _: Shared, *, negated: bool) -> Single:
    named = sorted(names(node))
    if not fits(node, vocabulary):
        return Single(_nothing, None, tuple((name, _nothing) for name in named))
    test, said = _test(node, vocabulary), words(node)
    if negated:
        test, said = _negation(node, test), said and Words(said.false, said.true)
    reads = tuple((name, _read_name(name, vocabulary)) for name in named)
    return Single(test, said, reads, tuple(_demands(node, negated=negated)))


def _demands(node: Node, *, negated: bool) -> list[Demand]:
    if node.op == "name":
        return [Demand(str(node.value), frozenset([not negated]))]
    if node.op not in ("==", "!=", "in") or negated is not (node.op == "!="):
        return []
    left, right = node.args
    values = right.args or (right,)
    if left.op != "name" or any(value.op != "literal" for value in values) or len(values) > _MOST_DEMANDED:
        return []
    return [Demand(str(left.value), frozenset(value.value for value in values))]


def _negation(node: Node, test: Test) -> Test:
    if node.op == "name":
        name = str(node.value)
        return lambda facts: None if (value := facts.get(name)) is None else not value
    return lambda facts: None if (truth := test(facts)) is None else not truth


def _junction(parts: tuple[Test, ...], *, decisive: bool) -> Test:
    needed = not decisive

    def test(facts: Facts) -> Truth:
        joined: Truth = needed
        for part in parts:
            truth = part(facts)
            if truth is not needed:
                if truth is decisive:
                    return decisive
                joined = None
        return joined

    return test


def _test(node: Node, vocabulary: Vocabulary) -> Test:
    if node.op in ("literal", "name"):
        return _read(node, vocabulary, None)
    if node.op == "has":
        name = str(node.value)
        return lambda facts: facts.get(name) is not None
    scheme = scheme_of(node, vocabulary)
    one, other = node.args
    if one.op == "name" and scheme is None and not names(other) and node.op in BESIDE_CONSTANTS:
        return BESIDE_CONSTANTS[node.op](str(one.value), _constant(other, None))
    left, right = _read(one, vocabulary, scheme), _read(other, vocabulary, scheme)
    compare = COMPARE[node.op]
    return lambda facts: (
        None if (value := left(facts)) is None or (than := right(facts)) is None else compare(value, than)
    )


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
        return methodcaller("get", name)
    place = vocabulary.scheme_of(name).place
    return lambda facts: place(str(facts[name])) if name in facts else None


def _nothing(_: Facts) -> None:
    """Read what today's declarations do not have, or have otherwise."""
