"""What the language takes, what it refuses, and where it points."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from feeds.conditions import ConditionError, parse_condition
from risk import Node, names, tree_from_json, tree_to_json
from tests.risk.builders import a_vocabulary


def parsed(text: str) -> object:
    return tree_to_json(parse_condition(text, a_vocabulary()))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("notebooks > 0", [">", ["name", "notebooks"], 0]),
        ("notebooks>-1", [">", ["name", "notebooks"], -1]),
        ("1.5e3 <= disk", ["<=", 1500.0, ["name", "disk"]]),
        ("notebooks < disk", ["<", ["name", "notebooks"], ["name", "disk"]]),
        ("sync", ["name", "sync"]),
        ("!sync", ["!", ["name", "sync"]]),
        ("!!sync", ["!", ["!", ["name", "sync"]]]),
        ("sync == true", ["==", ["name", "sync"], True]),
        ("false", False),
        ("has(platform.os)", ["has", "platform.os"]),
        ("'a' in plugins", ["in", "a", ["name", "plugins"]]),
        ("storage_format in ['v1', \"v2\"]", ["in", ["name", "storage_format"], ["list", "v1", "v2"]]),
        ("engine in [version('1.0.0')]", ["in", ["name", "engine"], ["list", ["version", "1.0.0"]]]),
        ("platform.os.startsWith('win')", ["startsWith", ["name", "platform.os"], "win"]),
        ("'win' == platform.os", ["==", "win", ["name", "platform.os"]]),
        ("size(plugins) >= 2", [">=", ["size", ["name", "plugins"]], 2]),
        (
            "platform.os_version < version('10.3')",
            ["<", ["name", "platform.os_version"], ["version", "10.3"]],
        ),
        (
            "install.first_version != version('3')",
            ["!=", ["name", "install.first_version"], ["version", "3"]],
        ),
        ("sync && sync || sync", ["||", ["&&", ["name", "sync"], ["name", "sync"]], ["name", "sync"]]),
        ("sync && (sync || sync)", ["&&", ["name", "sync"], ["||", ["name", "sync"], ["name", "sync"]]]),
        ("sync && sync && sync", ["&&", ["name", "sync"], ["name", "sync"], ["name", "sync"]]),
        (
            r"storage_format == '\x41\u00e9\U0001F5D2\101\n\'\`\?'",
            ["==", ["name", "storage_format"], "Aé🗒A\n'`?"],
        ),
        (r'storage_format == "\"\\"', ["==", ["name", "storage_format"], '"\\']),
        ("\t\n\r\fsync ", ["name", "sync"]),
    ],
)
def test_a_condition_has_one_tree_which_travels_as_json(text: str, tree: object) -> None:
    assert parsed(text) == tree
    assert tree_to_json(tree_from_json(json.loads(json.dumps(tree)))) == tree
    assert tree_from_json(tree) == parse_condition(text, a_vocabulary())


def test_an_error_calls_the_product_by_its_name() -> None:
    vocabulary = replace(a_vocabulary(), product="notes")
    with pytest.raises(ConditionError, match="`notebook` is not a fact of notes; did you mean `notebooks`"):
        parse_condition("notebook > 0", vocabulary)


def test_the_names_are_those_of_facts_platform_and_install() -> None:
    node = parse_condition("has(disk) && platform.os == 'x' || size(plugins) > notebooks", a_vocabulary())
    assert names(node) == {"disk", "platform.os", "plugins", "notebooks"}


@pytest.mark.parametrize(
    ("text", "at", "sentence"),
    [
        ("notebook > 0", "notebook", "`notebook` is not a fact of this product; did you mean `notebooks`?"),
        ("sync && has(notebook)", "has(notebook)", "did you mean `notebooks`"),
        ("platform.so == 'x'", "platform.so", "did you mean `platform.os`"),
        ("zzz == 1", "zzz", "`zzz` is not a fact of this product."),
        ("notebooks > 'a'", "'a'", "Expected a number here, as on the left, not a string."),
        ("notebooks > sync", "sync", "not a boolean"),
        ("engine > '1.0.0'", "'1.0.0'", r"Write a version as version\('4.2'\)."),
        ("engine > version('1.0')", "version('1.0')", "'1.0' is not a semver version"),
        ("engine > platform.os_version", "platform.os_version", "semver and intdot cannot be compared"),
        ("storage_format in ['a', 1]", "1", "not a number"),
        ("sync in [true]", "sync in [true]", "`in` a list is for texts, numbers and versions"),
        ("notebooks in []", "[", "expected at least one value"),
        ("notebooks in [disk]", "disk", "Expected a value"),
        ("'a' in storage_format", "storage_format", "Expected a list in"),
        ("1 in plugins", "1", "Expected a text to the left"),
        ("sync in plugins", "sync", "Expected a text to the left"),
        ("plugins == plugins", "plugins", "A set is tested with"),
        ("plugins.contains('a')", "plugins", "A set is tested with"),
        ("sync < true", "sync < true", "expected == or != and not <"),
        ("sync.contains(true)", "sync.contains(true)", r"contains\(\) is for texts"),
        ("sync in (sync && notebooks > 1)", "sync && notebooks > 1", "Expected a list in"),
        ("1 < 2", "1 < 2", "expected a fact on one side"),
        ("'a'.contains('a')", "'a'.contains('a')", "expected a fact on one side"),
        ("(notebooks > 1) == true", "notebooks > 1", "Tests are not compared"),
        ("notebooks", "notebooks", "Expected a test"),
        ("sync && notebooks", "notebooks", "Expected a test"),
        ("['a']", "['a']", "A list stands only to the right of `in`"),
        ("size(notebooks) > 1", "notebooks", "takes a text or a set"),
        ("size('a') > 1", "'a'", "Expected a fact's name"),
        ("has('a')", "'a'", "Expected a fact's name"),
        ("has(true)", "true", "Expected a fact's name"),
        ("has(size(plugins))", "size", "Expected a fact's name"),
        ("version(1) < engine", "1", "Expected a text, such as"),
        (
            "lower(storage_format) == 'a'",
            "lower",
            "There is no function lower; there are has, size, version",
        ),
        ("storage_format.matches('a')", "matches", "startsWith, endsWith, contains"),
        ("notebooks.contains('a')", "'a'", "Expected a number here"),
        ("notebooks = 1", "=", "to compare, write =="),
        ("sync & sync", "&", "to join, write &&"),
        ("sync | sync", "|", r"to join, write \|\|"),
        ("sync && ", "", "not the end"),
        ("(sync", "", r"Expected \), not the end"),
        ("sync)", ")", "Expected an operator"),
        ("sync sync", "sync", "Expected an operator"),
        ("notebooks -1", "-1", "Expected an operator"),
        ("== 1", "==", "Expected a fact, a value or a bracket"),
        ("in [1]", "in", "Expected a fact, a value or a bracket"),
        ("", "", "Expected a fact, a value or a bracket, not the end"),
        ("storage_format == 'a", "'", "never closed"),
        ("storage_format == 'a\nb'", "'", "never closed"),
        (r"storage_format == '\q'", r"\q", "is no escape"),
        (r"storage_format == '\u0000'", r"\u0000", "not a character that a fact can hold"),
        (r"storage_format == '\ud800'", r"\ud800", "not a character that a fact can hold"),
        (r"storage_format == '\U00110000'", r"\U00110000", "not a character that a fact can hold"),
        ("notebooks > 9007199254740992", "9007199254740992", "too large"),
        ("disk > 1e999", "1e999", "too large"),
        ("notebooks > 0x1F", "0", "'0' has no meaning here"),
        ("notebooks > 1u", "1", "'1' has no meaning here"),
        ("notebooks > 1 ? sync : sync", "?", "'\\?' has no meaning here"),
    ],
)
def test_an_error_points_at_the_place_and_says_what_was_expected(text: str, at: str, sentence: str) -> None:
    with pytest.raises(ConditionError, match=sentence) as refused:
        parsed(text)
    error = refused.value
    assert text[error.position : error.position + error.length] == at


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("sync" + " " * 4000, "at most 4000 characters"),
        ("(" * 33 + "sync" + ")" * 33, "at most 32 deep"),
        ("!" * 33 + "sync", "at most 32 deep"),
        ("&&".join(["sync"] * 501), "at most 500 parts"),
        (f"notebooks in [{','.join(['1'] * 501)}]", "at most 500 values"),
    ],
)
def test_a_condition_without_bounds_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(ConditionError, match=sentence):
        parsed(text)


def test_a_condition_at_the_bounds_is_taken() -> None:
    assert parsed("(" * 32 + "sync" + ")" * 32) == ["name", "sync"]
    assert parsed("!" * 16 + "(" * 16 + "sync" + ")" * 16) is not None
    assert parsed("&&".join(["sync"] * 499)) == ["&&", *([["name", "sync"]] * 499)]
    assert parsed(f"notebooks in [{','.join(['1'] * 500)}]") is not None
    assert parsed("sync" + " " * 3996) == ["name", "sync"]


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [],
        {},
        [1],
        ["name"],
        ["name", 1],
        ["has", "a", "b"],
        ["&&", True],
        ["==", 1],
        ["!", True, True],
        ["eval", "1"],
        ["list"],
        float("nan"),
        ["==", ["name", "a"], float("inf")],
    ],
)
def test_json_that_is_no_condition_is_refused(broken: object) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        tree_from_json(broken)


def test_a_tree_of_absurd_depth_is_refused() -> None:
    tree: object = True
    for _ in range(100_000):
        tree = ["!", tree]
    with pytest.raises(ValueError, match="not the tree of a condition"):
        tree_from_json(tree)


def test_the_deepest_condition_that_parses_is_read_back() -> None:
    text = "!(sync && sync || " * 16 + "sync" + ")" * 16
    node: Node = parse_condition(text, a_vocabulary())
    assert tree_from_json(tree_to_json(node)) == node
