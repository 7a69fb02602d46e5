"""Every line of the public vectors for the schemes here; what does not hold is listed with the reason."""

from __future__ import annotations

import operator
import re
from itertools import combinations
from typing import Final

import pytest
from packaging.version import InvalidVersion as NotPep440
from packaging.version import Version

from risk import InvalidVersion, scheme

from .vectors import comparisons, json_file

SIGNS: Final = {"<": operator.lt, "=": operator.eq, ">": operator.gt}
SCALIBR: Final = "versions/osv-scalibr-semantic"


def holds(name: str, line: tuple[str, str, str]) -> bool:
    one, sign, other = line
    return bool(SIGNS[sign](scheme(name).key(one), scheme(name).key(other)))


def refused(name: str, text: str) -> bool:
    try:
        scheme(name).key(text)
    except InvalidVersion:
        return True
    return False


@pytest.mark.parametrize(("file", "lines"), [("debian-versions", 30), ("debian-versions-generated", 14_442)])
def test_every_debian_line_holds(file: str, lines: int) -> None:
    told = comparisons(f"{SCALIBR}/{file}.txt")
    assert [line for line in told if not holds("deb", line)] == []
    assert len(told) >= lines


def test_every_semver_line_holds_but_two_that_are_not_semver() -> None:
    # SemVer 2.0 §2: "A normal version number MUST take the form X.Y.Z"; these have one number, and five.
    not_semver = {"999999999999999999999999999991", "999999999999999999999999999999", "1.1.3.4.5"}
    told = comparisons(f"{SCALIBR}/semver-versions.txt")
    judged = [line for line in told if not {line[0], line[2]} & not_semver]
    assert [line for line in judged if not holds("semver", line)] == []
    assert len(told) - len(judged) == 2
    assert all(refused("semver", text) for text in not_semver)


@pytest.mark.parametrize(
    ("file", "lines", "legacy"), [("pypi-versions", 37, 11), ("pypi-versions-generated", 12_375, 69)]
)
def test_every_pypi_line_holds_but_those_with_a_text_that_pep_440_does_not_allow(
    file: str, lines: int, legacy: int
) -> None:
    # The vectors date from when setuptools still gave "legacy versions" (0.1-bulbasaur, 0.7.1.fix1, a date
    # with its time) an order; PEP 440 has never had them, and `packaging` refuses them since 22.0.
    told = comparisons(f"{SCALIBR}/{file}.txt")
    judged = {line for line in told if is_pep440(line[0]) and is_pep440(line[2])}
    assert [line for line in judged if not holds("pep440", line)] == []
    left_out = [line for line in told if line not in judged]
    assert (len(told), len(left_out)) == (lines, legacy)
    texts = {text for line in left_out for text in (line[0], line[2])}
    assert [text for text in texts if refused("pep440", text) is is_pep440(text)] == []


def is_pep440(text: str) -> bool:
    try:
        Version(text)
    except NotPep440:
        return False
    return True


def test_every_pep_440_version_stands_where_its_list_has_it() -> None:
    keys = [scheme("pep440").key(text) for text in json_file("versions/pep440/versions-sorted.json")]
    assert all(lower < higher for lower, higher in combinations(keys, 2))


def test_every_pep_440_spelling_equals_its_normal_form_but_two_with_white_space_around() -> None:
    # PEP 440 lets white space around a version pass for the sake of files; a version here comes in JSON or in
    # an address and goes into pages and mails, where "4.1\n" is a mistake, or an attack, that is to be seen.
    pairs = json_file("versions/pep440/normalized.json")
    judged = [pair for pair in pairs if pair["input"] == pair["input"].strip()]
    pep440 = scheme("pep440")
    assert [pair for pair in judged if pep440.key(pair["input"]) != pep440.key(pair["normalized"])] == []
    assert (len(pairs), len(judged)) == (102, 100)
    assert all(refused("pep440", pair["input"]) for pair in pairs if pair not in judged)


def test_every_invalid_pep_440_version_is_refused() -> None:
    texts = json_file("versions/pep440/invalid.json")
    assert [text for text in texts if not refused("pep440", text)] == []


def test_every_comparison_of_node_semver_holds() -> None:
    rows = json_file("versions/node-semver/comparisons.json")
    assert [row for row in rows if not holds("semver", (row[0], ">", row[1]))] == []


def test_every_equality_of_node_semver_holds_but_those_of_its_loose_mode() -> None:
    # npm's loose mode takes a comparator's `=` and white space for parts of it; SemVer 2.0 has neither.
    rows = json_file("versions/node-semver/equality.json")
    judged = [row for row in rows if not re.search("[= ]", row[0] + row[1])]
    assert [row for row in judged if not holds("semver", (row[0], "=", row[1]))] == []
    assert (len(rows), len(judged)) == (37, 6)
    assert all(refused("semver", row[0]) or refused("semver", row[1]) for row in rows if row not in judged)


def test_every_case_of_the_debian_vectors_of_univers_holds() -> None:
    deb = scheme("deb")
    cases = json_file("versions/univers/deb_version_python_pkg_test.json")
    for case in cases:
        versions, expected = case["input"]["versions"], case["expected_output"]
        if case["test_type"] == "equality":
            assert (deb.key(versions[0]) == deb.key(versions[1])) is expected
        else:
            assert sorted(versions, key=deb.sort_key) == expected
    assert len(cases) == 16
