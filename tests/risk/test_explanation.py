"""The reasons: each one is needed, each one is true, and what is missing is named."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.conditions import parse_condition
from risk import (
    Explanation,
    Facts,
    FactType,
    Node,
    Question,
    Value,
    compile_condition,
    explain_condition,
    names,
    tree_to_json,
)

from .builders import a_defect, a_product, a_vocabulary, an_index
from .read_once import KINDS, READ_ONCE, VALUES, a_condition, some_facts


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


def _tests(node: Node) -> list[Node]:
    """Return the parts of a condition that are single tests."""
    if node.op in ("!", "&&", "||"):
        return [test for arg in node.args for test in _tests(arg)]
    return [node]


def _named(node: Node, reason: str) -> list[Node]:
    """Return the tests whose facts a reason names."""
    named = set(re.findall(r"\bf\d+\b", reason))
    return [test for test in _tests(node) if names(test) & named]


def _denied(test: Node, name: str, facts: Facts) -> Facts | None:
    """Return the facts with this one changed so that the test comes out the other way.

    None where no value of it alone can do that: where it is below the lowest value of another fact, say.
    """
    truth = compile_condition(test, READ_ONCE)
    others = {other: value for other, value in facts.items() if other != name}
    tried = [others, *({**others, name: value} for value in VALUES[KINDS[name]])]
    return next((changed for changed in tried if truth(changed) is (not truth(facts))), None)


def _denials(node: Node, reason: str, facts: Facts) -> Iterator[Facts]:
    """Yield facts that deny a reason: by each one fact alone, or one for each of the tests that are each enough."""
    named = _named(node, reason)
    if len(named) == 1:
        changed = [_denied(named[0], name, facts) for name in sorted(names(named[0]))]
        yield from (each for each in changed if each is not None)
        return
    for test in named:
        ways = [_denied(test, name, facts) for name in sorted(names(test))]
        denied = next((way for way in ways if way is not None), None)
        if denied is None:
            return
        facts = denied
    yield facts


@settings(max_examples=400)
@given(st.randoms(use_true_random=False), st.integers(1, 6))
def test_denying_any_fact_that_a_reason_names_changes_the_outcome(random: Random, width: int) -> None:
    node, facts = a_condition(random, width), some_facts(random)
    truth = compile_condition(node, READ_ONCE)
    before = truth(facts)
    said = explain_condition(node, READ_ONCE, facts)
    assert bool(said.missing) is (before is None)
    for reason in said.because:
        for denied in _denials(node, reason, facts):
            assert truth(denied) is not before, reason


def test_most_reasons_can_be_denied_and_of_every_kind_some() -> None:
    random = Random("denials")
    denied: Counter[str] = Counter()
    for _ in range(400):
        node, facts = a_condition(random, random.randint(1, 4)), some_facts(random)
        for reason in explain_condition(node, READ_ONCE, facts).because:
            (kind, *_) = (KINDS[name] for test in _named(node, reason) for name in sorted(names(test)))
            denied[kind] += len(list(_denials(node, reason, facts)))
    assert {kind for kind in FactType if denied[kind] < 40} == set()


@settings(max_examples=150)
@given(st.randoms(use_true_random=False), st.integers(1, 4))
def test_denying_any_fact_that_a_finding_names_changes_the_finding(random: Random, width: int) -> None:
    node, facts = a_condition(random, width), some_facts(random)
    start, target = random.sample(["4.1", "4.2", "4.3"], 2)
    defect = replace(a_defect("4.2..4.3"), condition=tree_to_json(node))
    index = an_index(defect, product=replace(a_product(), facts=READ_ONCE.facts))
    for finding in index.judge(Question(start, target, facts)).findings:
        for reason in finding.because:
            for denied in _denials(node, reason, facts):
                after = index.judge(Question(start, target, denied)).findings
                assert [each.exposure for each in after] != [finding.exposure], reason


@given(st.randoms(use_true_random=False), st.integers(1, 6))
def test_knowing_all_that_is_missing_settles_it(random: Random, width: int) -> None:
    node, facts = a_condition(random, width), some_facts(random, share=0.5)
    missing = explain_condition(node, READ_ONCE, facts).missing
    known = facts | {name: random.choice(VALUES[KINDS[name]]) for name in missing}
    assert compile_condition(node, READ_ONCE)(known) is not None
