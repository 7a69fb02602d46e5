"""The compiled explanation says, word for word, what a plain walk over the tree says."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from risk import Explanation, Facts, Node, Value, compile_condition, explain_condition, names

from .read_once import READ_ONCE, a_condition, some_facts

_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_RELATIONS = {
    "==": ("", "not "),
    "!=": ("not ", ""),
    "in": ("one of ", "not one of "),
    "startsWith": ("starts with ", "does not start with "),
    "endsWith": ("ends with ", "does not end with "),
    "contains": ("contains ", "does not contain "),
}


def truth_of(node: Node, facts: Facts) -> bool | None:
    return compile_condition(node, READ_ONCE)(facts)


def plainly(node: Node, facts: Facts) -> Explanation:
    if truth_of(node, facts) is None:
        return unknown(node, facts)
    return Explanation(because(node, facts))


def because(node: Node, facts: Facts) -> tuple[str, ...]:
    if node.op == "!":
        return because(node.args[0], facts)
    if node.op not in ("&&", "||"):
        return (sentence(node, facts),)
    truth = truth_of(node, facts)
    said = [because(part, facts) for part in node.args if truth_of(part, facts) is truth]
    if truth is (node.op == "&&"):
        return tuple(dict.fromkeys(reason for reasons in said for reason in reasons))
    if len(said) == 1:
        return said[0]
    ways = list(dict.fromkeys(" and ".join(reasons) for reasons in said))
    return (ways[0] if len(ways) == 1 else f"any of these is enough: {'; '.join(ways)}",)


def unknown(node: Node, facts: Facts) -> Explanation:
    if node.op == "!":
        return unknown(node.args[0], facts)
    if node.op not in ("&&", "||"):
        return Explanation(missing=tuple(sorted(name for name in names(node) if name not in facts)))
    open_parts = [unknown(part, facts) for part in node.args if truth_of(part, facts) is None]
    known = [because(part, facts) for part in node.args if names(part) <= facts.keys() or is_firm(part, facts)]
    if len(open_parts) == 1:
        known.append(open_parts[0].because)
    missing = sorted({name for part in open_parts for name in part.missing})
    return Explanation(tuple(dict.fromkeys(reason for reasons in known for reason in reasons)), tuple(missing))


def is_firm(node: Node, facts: Facts) -> bool:
    if node.op in ("!", "&&", "||"):
        return all(is_firm(part, facts) for part in node.args)
    return truth_of(node, facts) is not None


def sentence(node: Node, facts: Facts) -> str:
    truth = bool(truth_of(node, facts))
    if node.op in ("name", "has"):
        word = ("false", "true") if node.op == "name" else ("not known", "known")
        return f"{node.value} is {word[truth]}"
    (left, right), op = node.args, node.op
    if left.op in ("literal", "version") and op in _FLIPPED:
        left, op, right = right, _FLIPPED[op], left
    if op == "in" and right.op == "name":
        return f"{right.value} {'holds' if truth else 'does not hold'} {asked(left, facts)}"
    holds, fails = _RELATIONS.get(op, (f"{op} ", f"not {op} "))
    tail = f" ({holds if truth else fails}{asked(right, facts)})"
    if truth and op in ("==", "in") and not names(right):
        tail = ""
    return f"{subject(left)} is {value(left, facts)}{tail}"


def subject(node: Node) -> str:
    return f"size of {node.args[0].value}" if node.op == "size" else str(node.value)


def asked(node: Node, facts: Facts) -> str:
    shown = value(node, facts)
    return f"{subject(node)}, which is {shown}" if names(node) else shown


def value(node: Node, facts: Facts) -> str:
    if node.op == "size":
        held = facts[str(node.args[0].value)]
        assert isinstance(held, tuple)
        return str(len(held))
    if node.op == "list":
        return ", ".join(shown(item.value) for item in node.args)
    return shown(facts[str(node.value)] if node.op == "name" else node.value)


def shown(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else repr(value)


@settings(max_examples=400)
@given(st.randoms(use_true_random=False), st.integers(1, 4), st.integers(1, 3))
def test_the_compiled_explanation_is_that_of_a_plain_walk(random: Random, width: int, others: int) -> None:
    """Two conditions are joined, so that a fact may be read twice and a thing be said twice."""
    parts = a_condition(random, width), a_condition(random, others)
    node = Node(random.choice(["&&", "||"]), random.choice([parts, (parts[0], parts[0]), (*parts, parts[0])]))
    facts = some_facts(random, share=random.choice([0.5, 0.8, 1.0]))
    assert explain_condition(node, READ_ONCE, facts) == plainly(node, facts)
