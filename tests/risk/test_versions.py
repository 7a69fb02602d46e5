from __future__ import annotations

from itertools import pairwise

import pytest

from risk import SCHEMES, InvalidVersion, UnrankedVersion, scheme

RISING = {
    "intdot": "0 0.0.1 4.2 4.2.0.1 4.2.1 4.10 14.4 2024.1",
    "semver": "0.0.1-alpha 0.0.1 1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 "
    "1.0.0-beta.11 1.0.0-rc.1 1.0.0 1.0.1 1.10.0",
    "pep440": "1.0.dev1 1.0a1.dev2 1.0a1 1.0b2 1.0rc1 1.0 1.0+local 1.0+1 1.0.post1.dev2 1.0.post1 1.0.1 1!0.1",
    "calver": "24.04 24.04a 24.04b 24.04.1 24.10 2023.12 2024.01.09 2024.01.10 2024.2",
    "deb": "1.0~~ 1.0~rc1 1.0 1.0-1~bpo1 1.0-1 1.0a-1 1.0+b1-1 1.0.1-1 1:0.5",
    "list": "",
}
EQUAL = {
    "intdot": ["4.2 4.2.0 4.02.0.0", "0 0.0 00"],
    "semver": ["1.2.3 v1.2.3 1.2.3+build 1.2.3+other.7", "1.0.0-a 1.0.0-a+b"],
    "pep440": ["1.0 1 1.0.0 v1.0", "4.1-1 4.1.post1", "1.0RC1 1.0.c1 1.0rc1", "1.0+Ab.01 1.0+ab-1"],
    "calver": ["2024.01 2024.1 2024-1 2024_01 2024.1.0", "2024.1A 2024.01a"],
    "deb": ["1.0 0:1.0 1.0-0 1.0-00 1.00", "1.0a 1.0a0"],
}
INVALID = {
    "intdot": ["", "4.", ".4", "4..2", "v4", "4.x", "4.2-1", " 4", "4\n", "٤.٢", "-1"],
    "semver": [
        "1",
        "1.2",
        "1.2.3.4",
        "01.2.3",
        "1.2.3-",
        "1.2.3-01",
        "1.2.3-a..b",
        "1.2.3+",
        "1.2.3\n",
        "=1.2.3",
    ],
    "pep440": ["", "french toast", "1..0", "4.1\n", " 4.1", "1.0+a+", "9" * 4301, "1\u0660"],
    "calver": ["", "2024.", "2024.ab", "a2024", "2024.01 b", "2024.01bc"],
    "deb": ["", "a1", "1-", ":1", "x:1", "1:", "1_2", "1-2:3", "1 2", "1.0-\n"],
    "list": ["", "a\nb", "a" * 201],
}


@pytest.mark.parametrize("name", RISING)
def test_versions_rise_in_the_order_of_their_scheme(name: str) -> None:
    keys = [scheme(name).key(text) for text in RISING[name].split()]
    for lower, higher in pairwise(keys):
        assert lower < higher
        assert lower <= higher
        assert higher > lower
        assert higher >= lower
        assert lower != higher


@pytest.mark.parametrize(("name", "texts"), [(name, group) for name, groups in EQUAL.items() for group in groups])
def test_spellings_of_one_version_are_equal_and_hash_equally(name: str, texts: str) -> None:
    assert len({scheme(name).key(text) for text in texts.split()}) == 1


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in INVALID.items() for text in texts])
def test_what_is_no_version_is_refused_with_a_sentence(name: str, text: str) -> None:
    with pytest.raises(InvalidVersion, match=rf"is not a {name} version: expected"):
        scheme(name).key(text)


@pytest.mark.parametrize("name", SCHEMES)
def test_an_absurd_length_is_refused_shortly(name: str) -> None:
    with pytest.raises(InvalidVersion) as refused:
        scheme(name).sort_key("1." * 5000 + "1")
    assert len(str(refused.value)) < 250


@pytest.mark.parametrize("text", ["9" * 65, "1." + "9" * 65])
def test_a_number_of_absurdly_many_digits_is_refused(text: str) -> None:
    with pytest.raises(InvalidVersion, match="more than 64 digits"):
        scheme("intdot").key(text)


def test_versions_of_two_schemes_are_not_compared() -> None:
    one, other = scheme("semver").key("4.2.0"), scheme("intdot").key("4.2.0")
    for compare in (one.__eq__, one.__lt__, one.__le__, one.__gt__, one.__ge__):
        with pytest.raises(TypeError, match="a semver version cannot be compared with"):
            compare(other)
    with pytest.raises(TypeError):
        one.__eq__("4.2.0")


def test_a_list_has_the_order_that_the_vendor_declares() -> None:
    releases = scheme("list", ["21H2", "22H2", "4.2 SP1", "R2023b"])
    assert releases.key("21H2") < releases.key("22H2") < releases.key("4.2 SP1") < releases.key("R2023b")


def test_a_list_of_many_releases_keeps_its_order() -> None:
    order = [f"r{number}" for number in range(1200)]
    releases = scheme("list", order)
    assert sorted(order, key=releases.sort_key) == order


def test_an_undeclared_release_of_a_list_has_no_place() -> None:
    with pytest.raises(UnrankedVersion, match="'23H2' is not among the declared releases"):
        scheme("list", ["22H2"]).key("23H2")


def test_an_order_that_names_a_release_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="names a release twice"):
        scheme("list", ["22H2", "22H2"])


def test_an_unknown_scheme_is_refused_naming_those_there_are() -> None:
    with pytest.raises(ValueError, match="'maven' is not a version scheme; there are intdot, semver, pep440"):
        scheme("maven")
