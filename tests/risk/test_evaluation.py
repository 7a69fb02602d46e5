"""What a condition says of one install: match, miss or unknown."""

from __future__ import annotations

from typing import Final

import pytest

from feeds.conditions import parse_condition
from risk import Value, Vocabulary, compile_condition, scheme, tree_from_json

from .builders import FACTS, a_vocabulary

FOOTPRINT: dict[str, Value] = {
    "notebooks": 12,
    "disk": 2.5,
    "sync": True,
    "storage_format": "v2",
    "plugins": ("ocr", "sketch"),
    "engine": "1.10.0",
    "platform.os": "Windows",
    "platform.os_version": "10.0.19041",
    "install.first_version": "3.0",
}


def truth(text: str, facts: dict[str, Value] | None = None) -> bool | None:
    vocabulary = a_vocabulary()
    return compile_condition(parse_condition(text, vocabulary), vocabulary)(FOOTPRINT if facts is None else facts)


@pytest.mark.parametrize(
    "text",
    [
        "notebooks == 12",
        "notebooks == 12.0",
        "notebooks > disk",
        "13 > notebooks",
        "disk in [1, 2.5]",
        "sync",
        "sync != false",
        "storage_format in ['v1', 'v2']",
        "storage_format > 'V2'",
        "'ocr' in plugins",
        "size(plugins) == 2",
        "size(storage_format) == 2",
        "engine > version('1.9.0')",
        "engine in [version('v1.10.0')]",
        "engine >= version('1.10.0+build')",
        "platform.os_version >= version('10')",
        "install.first_version < version('3.0.1')",
        "platform.os.startsWith('Win') && platform.os.endsWith('ows') && platform.os.contains('ndo')",
        "platform.os.contains('')",
        "'Windows 11'.startsWith(platform.os)",
        "has(notebooks) && has(platform.os) && !has(platform.arch)",
        "true",
    ],
)
def test_a_footprint_matches(text: str) -> None:
    assert truth(text) is True
    assert truth(f"!({text})") is False


@pytest.mark.parametrize(
    "text", ["notebooks < 12", "platform.os == 'windows'", "'OCR' in plugins", "has(platform.arch)", "!sync"]
)
def test_a_footprint_misses(text: str) -> None:
    assert truth(text) is False


@pytest.mark.parametrize(
    "text",
    [
        "notebooks == 12",
        "notebooks != 12",
        "notebooks < disk",
        "sync",
        "!sync",
        "'a' in plugins",
        "!('a' in plugins)",
        "size(plugins) == 0",
        "storage_format in ['a']",
        "storage_format.contains('')",
        "engine == version('1.0.0')",
        "platform.os == platform.arch",
    ],
)
def test_an_absent_fact_makes_a_test_unknown(text: str) -> None:
    assert truth(text, {}) is None


#: S. C. Kleene's strong three-valued logic (Introduction to Metamathematics, 1952, §64): one, other, and, or.
KLEENE: Final = """
    true true true true        true false false true          true unknown unknown true
    false true false true      false false false false        false unknown false unknown
    unknown true unknown true  unknown false false unknown    unknown unknown unknown unknown
"""
TRUTHS: Final = {"true": True, "false": False, "unknown": None}


@pytest.mark.parametrize(("one", "other", "both", "either"), list(zip(*[iter(KLEENE.split())] * 4, strict=True)))
def test_and_and_or_follow_kleene(one: str, other: str, both: str, either: str) -> None:
    facts: dict[str, Value] = {}
    for name, word in (("sync", one), ("storage_format", other)):
        if word != "unknown":
            facts[name] = word == "true" if name == "sync" else word
    assert truth("sync && storage_format == 'true'", facts) is TRUTHS[both]
    assert truth("sync || storage_format == 'true'", facts) is TRUTHS[either]


def test_no_condition_matches_everyone() -> None:
    assert compile_condition(None, a_vocabulary())({}) is True


def test_a_first_version_whose_place_is_not_declared_is_unknown() -> None:
    vocabulary = Vocabulary(FACTS, scheme("list", ["22H2", "23H2"]))
    condition = parse_condition("install.first_version < version('23H2')", vocabulary)
    compiled = compile_condition(condition, vocabulary)
    assert compiled({"install.first_version": "22H2"}) is True
    assert compiled({"install.first_version": "21H2"}) is None


def test_a_platform_version_that_does_not_parse_is_unknown() -> None:
    assert truth("platform.os_version < version('11')", {"platform.os_version": "Ubuntu 22.04"}) is None


@pytest.mark.parametrize(
    "tree",
    [
        [">", ["name", "retired"], 0],
        ["has", "retired"],
        ["!", ["has", "retired"]],
        ["name", "notebooks"],
        [">", ["name", "sync"], 0],
        ["<", ["name", "sync"], True],
        ["==", ["name", "notebooks"], "1"],
        ["in", ["name", "notebooks"], ["list", 1, "1"]],
        ["in", ["name", "notebooks"], ["list", ["name", "disk"]]],
        ["in", "a", ["name", "storage_format"]],
        ["in", ["name", "sync"], ["list", True]],
        ["contains", ["name", "plugins"], "a"],
        [">", ["size", ["name", "notebooks"]], 0],
        ["==", ["name", "engine"], ["version", "1.0"]],
        ["==", ["name", "engine"], ["name", "platform.os_version"]],
        ["==", 1, 1],
    ],
)
def test_a_test_that_todays_declarations_do_not_allow_is_unknown(tree: object) -> None:
    compiled = compile_condition(tree_from_json(tree), a_vocabulary())
    facts: dict[str, Value] = {"notebooks": 1, "disk": 1.0, "sync": True, "storage_format": "a", "plugins": ("a",)}
    versions = {"engine": "1.0.0", "platform.os_version": "1.0.0"}
    assert compiled({"retired": 1, **facts, **versions}) is None
