from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk import Range, RangeError, compile_ranges, scheme

from .builders import ranges

ALL = "0 1 1.5 2 2.5 3 3.5 4 5"


def held(text: str, versions: str = ALL, name: str = "intdot") -> str:
    order = versions.split() if name == "list" else []
    made = scheme(name, order)
    compiled = compile_ranges(ranges(text), made)
    return " ".join(version for version in versions.split() if made.key(version) in compiled)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2..3", "2 2.5"),
        ("2..=3", "2 2.5 3"),
        ("2..", "2 2.5 3 3.5 4 5"),
        ("0..2", "0 1 1.5"),
        ("0..", ALL),
        ("2,3.5", "2 3.5"),
        ("2.0", "2"),
        ("4..5 1..2", "1 1.5 4"),
        ("1..3 2..4", "1 1.5 2 2.5 3 3.5"),
        ("1..4 2..3", "1 1.5 2 2.5 3 3.5"),
        ("1..2 2..3", "1 1.5 2 2.5"),
        ("1..=1.5 2..=2.5 3,4", "1 1.5 2 2.5 3 4"),
    ],
)
def test_ranges_hold_what_their_events_say(text: str, expected: str) -> None:
    assert held(text) == expected


def test_a_prerelease_of_the_fix_is_still_affected() -> None:
    assert held("4.2.0..4.2.2", "4.2.0-rc.1 4.2.0 4.2.2-rc.1 4.2.2", "semver") == "4.2.0 4.2.2-rc.1"


def test_introduced_0_is_before_everything_but_fixed_0_is_a_version() -> None:
    assert held("0..0", "0~rc1 0 0.1", "deb") == "0~rc1"


def test_a_list_has_ranges_in_its_declared_order() -> None:
    assert held("22H2..R2023b", "21H2 22H2 SP1 R2023b", "list") == "22H2 SP1"


def test_five_thousand_enumerated_versions_are_held() -> None:
    versions = tuple(f"1.{number}" for number in range(0, 10_000, 2))
    compiled = compile_ranges([Range(versions=versions)], scheme("intdot"))
    assert all(scheme("intdot").key(version) in compiled for version in versions)
    assert scheme("intdot").key("1.4999") not in compiled


@pytest.mark.parametrize(
    ("entry", "field", "sentence"),
    [
        (Range("2", fixed="2"), "fixed", "`fixed` 2 is not above `introduced`."),
        (Range("2", fixed="1"), "fixed", "`fixed` 1 is not above `introduced`."),
        (Range("2", last_affected="1"), "last_affected", "`last_affected` 1 is below `introduced`."),
        (Range("2", fixed="3", last_affected="3"), "introduced", "one of `fixed` and `last_affected`"),
        (Range("2", versions=("3",)), "introduced", "or `versions` alone"),
        (Range(fixed="3"), "introduced", "An entry is `introduced`"),
        (Range(last_affected="3"), "introduced", "An entry is `introduced`"),
        (Range(versions=("3",), fixed="4"), "introduced", "or `versions` alone"),
        (Range(), "introduced", "An entry is `introduced`"),
        (Range("x"), "introduced", "'x' is not a intdot version"),
        (Range("1", fixed="x"), "fixed", "'x' is not a intdot version"),
        (Range("1", last_affected="x"), "last_affected", "'x' is not a intdot version"),
        (Range(versions=("1", "x")), "versions", "'x' is not a intdot version"),
    ],
)
def test_a_wrong_entry_is_refused_pointing_at_it(entry: Range, field: str, sentence: str) -> None:
    with pytest.raises(RangeError, match=sentence) as refused:
        compile_ranges([Range("1"), entry], scheme("intdot"))
    assert refused.value.field == field


def test_a_version_of_another_scheme_cannot_be_looked_up() -> None:
    compiled = compile_ranges(ranges("1..2"), scheme("intdot"))
    with pytest.raises(TypeError, match="cannot be in ranges of intdot versions"):
        assert scheme("semver").key("1.0.0") in compiled


events = st.tuples(st.integers(1, 9), st.integers(1, 4), st.sampled_from(["..", "..=", ",", "open"]))


@given(st.lists(events, max_size=5), st.integers(0, 12))
def test_a_version_is_held_exactly_if_one_entry_holds_it(
    given_events: list[tuple[int, int, str]], version: int
) -> None:
    def text(begin: int, length: int, kind: str) -> str:
        if kind == "open":
            return f"{begin}.."
        return f"{begin}{kind}{begin + length}"

    def holds(begin: int, length: int, kind: str) -> bool:
        end = begin + length
        if kind == ",":
            return version in (begin, end)
        return begin <= version and (kind == "open" or version < end or (kind == "..=" and version == end))

    compiled = compile_ranges(ranges(" ".join(text(*event) for event in given_events)), scheme("intdot"))
    assert (scheme("intdot").key(str(version)) in compiled) is any(holds(*event) for event in given_events)
