"""Each scheme is a total order, and it is the one that an independent comparison finds."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from risk import scheme

numbers = st.integers(0, 12).map(str) | st.sampled_from(["00", "007", "100", "99999999999999999999"])
words = st.text("aZ~+-09", min_size=1, max_size=3)


def _dotted(least: int = 1, most: int = 4) -> st.SearchStrategy[str]:
    return st.lists(numbers, min_size=least, max_size=most).map(".".join)


@st.composite
def semvers(draw: st.DrawFn) -> str:
    core = ".".join(str(draw(st.integers(0, 2))) for _ in range(3))
    part = st.sampled_from(["0", "1", "10", "a", "b", "A", "-", "a-b", "0a", "rc"])
    pre = draw(st.lists(part, max_size=3))
    build = draw(st.sampled_from(["", "+b", "+1.2"]))
    return core + ("-" + ".".join(pre) if pre else "") + build


@st.composite
def pep440s(draw: st.DrawFn) -> str:
    small = st.integers(0, 11)
    text = draw(st.sampled_from(["", "1!"])) + ".".join(str(draw(small)) for _ in range(draw(st.integers(1, 3))))
    for kind in (["a", "b", "rc", ".alpha", "-c"], [".post", "-", "-rev"], [".dev"]):
        if draw(st.booleans()):
            text += f"{draw(st.sampled_from(kind))}{draw(small)}"
    return text + draw(st.sampled_from(["", "+a", "+1", "+a.1", "+1.a", "+abc.2.x"]))


@st.composite
def debs(draw: st.DrawFn) -> str:
    part = st.lists(st.sampled_from(["0", "1", "10", "a", "Z", "~", "+", "."]), max_size=5).map("".join)
    text = draw(st.sampled_from(["", "0:", "2:"])) + str(draw(st.integers(0, 3))) + draw(part)
    revision = draw(part)
    return f"{text}-{revision}" if revision else text


GENERATED: Final[dict[str, st.SearchStrategy[str]]] = {
    "intdot": _dotted(),
    "calver": st.tuples(_dotted(), st.sampled_from(["", "a", "B", "z"])).map("".join),
    "semver": semvers(),
    "pep440": pep440s(),
    "deb": debs(),
    "list": st.sampled_from(["22H2", "21H2", "4.2 SP1", "R2023b"]),
}
ORDER: Final = ["R2023b", "21H2", "22H2", "4.2 SP1"]


def sign(one: Any, other: Any) -> int:
    return int(one > other) - int(one < other)


def by_numbers(text: str) -> tuple[list[int], str]:
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyzABZ")
    parts = [int(part) for part in digits.split(".")]
    while parts and parts[-1] == 0:
        parts.pop()
    return parts, text[len(digits) :].lower()


def by_semver_11(text: str) -> tuple[Any, ...]:
    core, _, pre = text.partition("+")[0].partition("-")
    fields = [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in pre.split(".")]
    return ([int(part) for part in core.split(".")], not pre, fields)


def by_dpkg(one: str, other: str) -> int:
    """Compare as lib/dpkg/version.c does, character by character."""
    (epoch, rest), (epoch2, rest2) = _epoch(one), _epoch(other)
    (upstream, revision), (upstream2, revision2) = _revision(rest), _revision(rest2)
    return sign(epoch, epoch2) or _verrevcmp(upstream, upstream2) or _verrevcmp(revision, revision2)


def _epoch(text: str) -> tuple[int, str]:
    epoch, colon, rest = text.partition(":")
    return (int(epoch), rest) if colon else (0, text)


def _revision(text: str) -> tuple[str, str]:
    upstream, hyphen, revision = text.rpartition("-")
    return (upstream, revision) if hyphen else (text, "")


def _weight(text: str) -> int:
    character = text[:1]
    if not character or character.isdigit():
        return 0
    if character == "~":
        return -1
    return ord(character) if character.isalpha() else ord(character) + 256


def _verrevcmp(one: str, other: str) -> int:
    while one or other:
        while (one and not one[0].isdigit()) or (other and not other[0].isdigit()):
            if _weight(one) != _weight(other):
                return sign(_weight(one), _weight(other))
            one, other = one[1:], other[1:]
        digits, digits2 = re.match("[0-9]*", one)[0], re.match("[0-9]*", other)[0]  # type: ignore[index]
        if int(digits or 0) != int(digits2 or 0):
            return sign(int(digits or 0), int(digits2 or 0))
        one, other = one[len(digits) :], other[len(digits2) :]
    return 0


def _keyed(key: Callable[[str], Any]) -> Callable[[str, str], int]:
    return lambda one, other: sign(key(one), key(other))


ORACLES: Final[dict[str, Callable[[str, str], int]]] = {
    "intdot": _keyed(by_numbers),
    "calver": _keyed(by_numbers),
    "semver": _keyed(by_semver_11),
    "pep440": _keyed(Version),
    "deb": by_dpkg,
    "list": _keyed(ORDER.index),
}


@pytest.mark.parametrize("name", GENERATED)
@settings(max_examples=400)
@given(data=st.data())
def test_the_order_is_total_and_the_one_an_independent_comparison_finds(name: str, data: st.DataObject) -> None:
    one, other = data.draw(GENERATED[name]), data.draw(GENERATED[name])
    made = scheme(name, ORDER if name == "list" else ())
    key, key2 = made.key(one), made.key(other)
    assert sign(key, key2) == ORACLES[name](one, other)
    assert [key < key2, key == key2, key > key2].count(True) == 1
    assert (key <= key2, key >= key2) == (not key > key2, not key < key2)
    assert sign(key, key2) == -sign(key2, key)
    assert sign(key, key2) == sign(made.sort_key(one), made.sort_key(other))
    assert (key == key2) <= (hash(key) == hash(key2))


@pytest.mark.parametrize("name", GENERATED)
@given(data=st.data())
def test_the_order_is_transitive(name: str, data: st.DataObject) -> None:
    made = scheme(name, ORDER if name == "list" else ())
    low, middle, high = sorted(made.key(data.draw(GENERATED[name])) for _ in range(3))
    assert low <= middle <= high
    assert low <= high


@pytest.mark.parametrize("name", GENERATED)
@given(data=st.data())
def test_a_sort_key_is_printable_ascii_of_bounded_length_without_spaces(name: str, data: st.DataObject) -> None:
    text = data.draw(GENERATED[name])
    sort_key = scheme(name, ORDER if name == "list" else ()).sort_key(text)
    assert re.fullmatch("[!-~]+", sort_key)
    assert len(sort_key) <= 4 * len(text) + 20
