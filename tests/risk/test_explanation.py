"""The reasons: each one is needed, each one is true, and what is missing is named."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from risk import (
    Explanation,
    Fact,
    FactType,
    Node,
    Value,
    Vocabulary,
    compile_condition,
    explain_condition,
    parse_condition,
    scheme,
)

from .builders import a_vocabulary


def explained(text: str, **facts: Value) -> Explanation:
    vocabulary = a_vocabulary()
    named = {name.replace("__", "."): value for name, value in facts.items()}
    return explain_condition(parse_condition(text, vocabulary), vocabulary, named)


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("notebooks > 0", "notebooks is 12 (> 0)"),
        ("0 < notebooks", "notebooks is 12 (> 0)"),
        ("!(notebooks <= 0)", "notebooks is 12 (not <= 0)"),
        ("notebooks < 3", "notebooks is 12 (not < 3)"),
        ("notebooks == 12", "notebooks is 12"),
        ("notebooks != 3", "notebooks is 12 (not 3)"),
        ("notebooks == 3", "notebooks is 12 (not 3)"),
        ("notebooks > disk", "notebooks is 12 (> disk, which is 2.5)"),
        ("disk == 2.50", "disk is 2.5"),
        ("storage_format in ['v1', 'v2']", "storage_format is 'v2'"),
        ("storage_format in ['v1', 'v3']", "storage_format is 'v2' (not one of 'v1', 'v3')"),
        ("notebooks in [1, 2, 3, 4, 5, 6]", "notebooks is 12 (not one of 1, 2, 3, 4, 5, …)"),
        ("'ocr' in plugins", "plugins holds 'ocr'"),
        ("'OCR' in plugins", "plugins does not hold 'OCR'"),
        ("storage_format in plugins", "plugins does not hold storage_format, which is 'v2'"),
        ("size(plugins) > 1", "size of plugins is 2 (> 1)"),
        ("size(storage_format) == 2", "size of storage_format is 2"),
        ("sync", "sync is true"),
        ("!sync", "sync is true"),
        ("sync == true", "sync is true"),
        ("has(sync)", "sync is known"),
        ("has(platform.arch)", "platform.arch is not known"),
        ("storage_format.startsWith('v')", "storage_format is 'v2' (starts with 'v')"),
        ("storage_format.contains('x')", "storage_format is 'v2' (does not contain 'x')"),
        ("'v2 beta'.startsWith(storage_format)", "'v2 beta' is 'v2 beta' (starts with storage_format, which is 'v2')"),
        ("engine < version('2.0.0')", "engine is '1.10.0' (< '2.0.0')"),
    ],
)
def test_a_reason_says_what_the_fact_is_and_what_was_asked(text: str, because: str) -> None:
    facts: dict[str, Value] = {"notebooks": 12, "disk": 2.5, "sync": True, "storage_format": "v2"}
    assert explained(text, **facts, plugins=("ocr", "pdf"), engine="1.10.0").because == (because,)


def test_all_parts_of_an_and_that_holds_are_reasons() -> None:
    said = explained("notebooks > 0 && storage_format in ['v1', 'v2']", notebooks=12, storage_format="v2")
    assert said == Explanation(("notebooks is 12 (> 0)", "storage_format is 'v2'"))


def test_only_the_part_of_an_or_that_holds_is_a_reason() -> None:
    assert explained("notebooks > 0 || sync", notebooks=0, sync=True) == Explanation(("sync is true",))


def test_parts_that_each_suffice_are_one_reason() -> None:
    said = explained("notebooks > 0 || sync && disk > 1", notebooks=1, sync=True, disk=2.0)
    assert said.because == ("any of these is enough: notebooks is 1 (> 0); sync is true and disk is 2 (> 1)",)


def test_a_reason_told_twice_is_told_once() -> None:
    assert explained("sync && sync", sync=True) == Explanation(("sync is true",))
    assert explained("sync || sync", sync=True) == Explanation(("sync is true",))


def test_the_facts_that_would_settle_it_are_missing_and_no_others() -> None:
    said = explained("notebooks > 0 && (sync || disk > 1 || 'a' in plugins)", notebooks=1, sync=False)
    assert said == Explanation(("notebooks is 1 (> 0)", "sync is false"), ("disk", "plugins"))


def test_a_version_that_cannot_be_placed_is_missing() -> None:
    assert explained("platform.os_version > version('1')", platform__os_version="?").missing == ("platform.os_version",)


def test_nothing_is_said_of_a_condition_that_reads_no_fact() -> None:
    assert explained("true || sync") == Explanation()
    assert explain_condition(None, a_vocabulary(), {}) == Explanation()


def test_a_value_is_shown_short_and_harmless() -> None:
    said = explained("storage_format != ''", storage_format="\r\nBcc: e@x\x1b[31m" + "x" * 4000).because[0]
    assert said.startswith(r"storage_format is '\r\nBcc: e@x\x1b[31mxxx")
    assert len(said) < 150


#: Each name is read once in a condition, so that a reason stands for one test of it.
READ_ONCE = Vocabulary({f"f{number}": Fact(f"f{number}", FactType.INTEGER) for number in range(8)}, scheme("intdot"))


def _drawn(random: Random, names: list[str]) -> Node:
    if len(names) == 1:
        op = random.choice(["==", "!=", "<", "<=", ">", ">="])
        node = Node(op, (Node("name", value=names[0]), Node("literal", value=random.randint(1, 3))))
    else:
        cut = random.randint(1, len(names) - 1)
        node = Node(random.choice(["&&", "||"]), (_drawn(random, names[:cut]), _drawn(random, names[cut:])))
    return Node("!", (node,)) if random.random() < 0.3 else node


@settings(max_examples=400)
@given(st.randoms(use_true_random=False), st.integers(1, 6))
def test_denying_a_reason_changes_the_outcome(random: Random, width: int) -> None:
    node = _drawn(random, [f"f{number}" for number in range(width)])
    facts: dict[str, Value] = {f"f{number}": random.randint(0, 4) for number in range(width) if random.random() < 0.8}
    truth = compile_condition(node, READ_ONCE)
    before = truth(facts)
    said = explain_condition(node, READ_ONCE, facts)
    assert bool(said.missing) is (before is None)
    assume(said.because)
    for reason in said.because:
        denied = dict(facts)
        for name in {word for word in reason.replace(";", "").split() if word in facts}:
            denied[name] = _denying(node, name, facts)
        assert truth(denied) is not before, reason


def _denying(node: Node, name: str, facts: dict[str, Value]) -> Value:
    """Return a value of the fact with which the one test that reads it comes out the other way."""
    test = next(part for part in _tests(node) if part.args[0].value == name)
    truth = compile_condition(test, READ_ONCE)
    return next(value for value in range(-1, 6) if truth({name: value}) is not truth(facts))


def _tests(node: Node) -> list[Node]:
    if node.args[0].op == "name":
        return [node]
    return [test for arg in node.args for test in _tests(arg)]


@given(st.randoms(use_true_random=False), st.integers(1, 6))
def test_knowing_all_that_is_missing_settles_it(random: Random, width: int) -> None:
    node = _drawn(random, [f"f{number}" for number in range(width)])
    facts: dict[str, Value] = {f"f{number}": random.randint(0, 4) for number in range(width) if random.random() < 0.5}
    missing = explain_condition(node, READ_ONCE, facts).missing
    known = facts | {name: random.randint(0, 4) for name in missing}
    assert compile_condition(node, READ_ONCE)(known) is not None
