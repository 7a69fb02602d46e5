from __future__ import annotations

import math

import pytest

from installs_registry.fact_values import check_fact_name, check_value
from risk import Fact, FactType, InvalidVersion, Value

LARGEST = 2**53 - 1


def fact(kind: str) -> Fact:
    return Fact("held", FactType(kind), "semver" if kind == "version" else None)


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        ("integer", 12, 12),
        ("integer", 12.0, 12),
        ("integer", -LARGEST, -LARGEST),
        ("number", 12, 12.0),
        ("number", 0.1, 0.1),
        ("number", -1e300, -1e300),
        ("boolean", False, False),
        ("string", "", ""),
        ("string", "Zażółć 🗒\n", "Zażółć 🗒\n"),
        ("string", "x" * 4000, "x" * 4000),
        ("strings", ["b", "a", "b"], ("a", "b")),
        ("strings", [], ()),
        ("version", "v1.2.3+build", "v1.2.3+build"),
    ],
)
def test_a_fitting_value_is_kept_in_one_form(kind: str, given: object, kept: Value) -> None:
    checked = check_value(fact(kind), given)
    assert checked == kept
    assert type(checked) is type(kept)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        *(("integer", wrong) for wrong in (True, 1.5, LARGEST + 1, -LARGEST - 1, 1e300, math.inf, math.nan, "1", None)),
        *(("number", wrong) for wrong in (True, math.inf, -math.inf, math.nan, 2**53, 10**400, "1", None)),
        *(("boolean", wrong) for wrong in (0, 1, "true", None)),
        *(("string", wrong) for wrong in (1, None, ["a"], "a\x00", "\ud800", "x" * 4001)),
        *(("strings", wrong) for wrong in ("a", [1], None, ["\x00"], ["a"] * 1001, {"a": 1})),
        *(("version", wrong) for wrong in ("1.2", "", 1, None, "x" * 5000)),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_a_sentence(kind: str, given: object) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        check_value(fact(kind), given)


def test_a_version_that_does_not_parse_says_what_was_expected() -> None:
    with pytest.raises(InvalidVersion, match=r"'1\.2' is not a semver version"):
        check_value(fact("version"), "1.2")


@pytest.mark.parametrize("name", ["a", "notebooks", "f_12", "version", "x" * 63])
def test_a_good_name_is_taken(name: str) -> None:
    check_fact_name(name)


@pytest.mark.parametrize("name", ["", "A", "1a", "_a", "a-b", "a.b", "a\n", "é", "x" * 64, "in", "true", "false"])
def test_a_name_that_a_condition_could_not_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        check_fact_name(name)
