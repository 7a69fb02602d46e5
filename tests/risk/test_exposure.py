"""How an install stands to a defect, with no target asked."""

from __future__ import annotations

import pytest

from risk import Exposure, InvalidVersion, Rule, Standing, Value

from .builders import a_defect, a_product


def standing(affected: str, version: str, releases: str, upgrading_from: str = "") -> Standing:
    defect = a_defect(affected, upgrading_from=upgrading_from)
    return Rule.compile(defect, a_product(releases)).standing(version)


@pytest.mark.parametrize(
    ("affected", "version", "releases", "expected"),
    [
        ("4.2..4.3", "4.1", "4.1 4.2 4.3", Standing.EXPOSED),
        ("4.2..4.3", "4.2", "4.1 4.2 4.3", Standing.AFFECTED),
        ("4.2..4.3", "4.3", "4.1 4.2 4.3", Standing.CLEAR),
        # a release inside decides: withdrawn, there is nothing to come; held or offered, there is
        ("4.2..4.3", "4.1", "4.1 -4.2 4.3", Standing.CLEAR),
        ("4.2..4.3", "4.1", "4.1 ?4.2 4.3", Standing.EXPOSED),
        ("4.2..4.3", "4.1", "4.1 -4.2 4.2.1 4.3", Standing.EXPOSED),
        # none is registered yet: we warn before it is offered
        ("4.2..4.3", "4.1", "4.1", Standing.EXPOSED),
        ("4.2..", "4.1", "4.1", Standing.EXPOSED),
        ("4.2,4.4", "4.3", "-4.2 -4.4", Standing.CLEAR),
        ("4.2,4.4", "4.3", "-4.2", Standing.EXPOSED),
        ("4.2,4.4", "4.5", "4.2", Standing.CLEAR),
        # each branch by itself
        ("4.2..4.3 5.2..5.3", "4.3", "4.2 4.3 5.2", Standing.EXPOSED),
        ("4.2..4.3 5.2..5.3", "4.3", "4.2 4.3 -5.2", Standing.CLEAR),
        ("0..4.2", "4.1", "4.1", Standing.AFFECTED),
        ("0..4.2", "4.2", "4.1", Standing.CLEAR),
    ],
)
def test_a_version_is_exposed_while_an_affected_one_above_it_can_come(
    affected: str, version: str, releases: str, expected: Standing
) -> None:
    assert standing(affected, version, releases) is expected


def test_a_version_outside_upgrading_from_is_clear() -> None:
    assert standing("4.2..4.3", "3.9", "4.2", "4.0..4.2") is Standing.CLEAR
    assert standing("4.2..4.3", "4.0", "4.2", "4.0..4.2") is Standing.EXPOSED


def test_an_undeclared_release_of_a_list_product_is_unranked() -> None:
    rule = Rule.compile(a_defect("22H2..23H2"), a_product("21H2 22H2 23H2", "list"))
    assert rule.standing("21H2") is Standing.EXPOSED
    assert rule.standing("24H2") is Standing.UNRANKED
    assert rule.exposure("24H2", {}) is Exposure.CANNOT_TELL


def test_a_version_that_does_not_parse_is_refused() -> None:
    with pytest.raises(InvalidVersion):
        Rule.compile(a_defect(), a_product()).standing("latest")


MATCH: dict[str, Value] = {"notebooks": 1}
MISS: dict[str, Value] = {"notebooks": 0}
UNKNOWN: dict[str, Value] = {}


@pytest.mark.parametrize("resolved", [False, True])
@pytest.mark.parametrize(
    ("version", "facts", "expected"),
    [
        ("4.1", MATCH, Exposure.AT_RISK),
        ("4.1", UNKNOWN, Exposure.CANNOT_TELL),
        ("4.1", MISS, None),
        ("4.2", MATCH, Exposure.ALREADY_UPGRADED),
        ("4.2", UNKNOWN, Exposure.ALREADY_UPGRADED),
        ("4.2", MISS, None),
        ("4.3", MATCH, None),
        ("4.3", UNKNOWN, None),
    ],
)
def test_exposure_follows_version_and_facts_and_resolving_ends_what_has_not_happened(
    version: str, facts: dict[str, Value], expected: Exposure | None, *, resolved: bool
) -> None:
    rule = Rule.compile(a_defect(condition="notebooks > 0", resolved=resolved), a_product())
    if resolved and expected in (Exposure.AT_RISK, Exposure.CANNOT_TELL):
        expected = None
    assert rule.exposure(version, facts) is expected


def a_repair(*, resolved: bool = True) -> Rule:
    return Rule.compile(a_defect(condition="notebooks > 0", remedies="wait repair", resolved=resolved), a_product())


def test_a_repair_is_owed_by_those_who_ran_an_affected_version_and_have_left_it() -> None:
    assert a_repair().exposure("4.3", MATCH, ["4.1", "4.2"]) is Exposure.REPAIR_OWED
    assert a_repair().exposure("4.3", MATCH, ["4.1"]) is None
    assert a_repair().exposure("4.2", MATCH, ["4.1", "4.2"]) is Exposure.ALREADY_UPGRADED


def test_a_repair_is_owed_whatever_the_facts_are_now() -> None:
    assert a_repair().exposure("4.3", MISS, ["4.2"]) is Exposure.REPAIR_OWED


def test_a_repair_is_owed_until_it_is_done() -> None:
    assert a_repair().exposure("4.3", MATCH, ["4.2"], repaired=True) is None


def test_no_repair_is_owed_without_such_a_remedy() -> None:
    rule = Rule.compile(a_defect(remedies="wait"), a_product())
    assert rule.exposure("4.3", {}, ["4.2"]) is None


def test_who_went_back_owes_the_repair_first_and_is_at_risk_again_when_it_is_done() -> None:
    rule = a_repair(resolved=False)
    assert rule.exposure("4.1", MATCH, ["4.1", "4.2"]) is Exposure.REPAIR_OWED
    assert rule.exposure("4.1", MATCH, ["4.1", "4.2"], repaired=True) is Exposure.AT_RISK
