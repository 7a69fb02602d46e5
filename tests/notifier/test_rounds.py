"""What may be owed at once: installs whose order does not matter, and no others."""

from __future__ import annotations

import msgspec

from installs_registry.checked_in import CheckedIn
from installs_registry.installed import Installed
from notifier.exposures import Change
from notifier.rounds import Differing, rounds
from risk import Exposure

RISK, UNCLEAR, UPGRADED, OWED = (
    Exposure.AT_RISK,
    Exposure.CANNOT_TELL,
    Exposure.ALREADY_UPGRADED,
    Exposure.REPAIR_OWED,
)
Way = tuple[Exposure | None, Exposure | None]


def an_install(no: int, recipient: int) -> Installed:
    return msgspec.convert(
        {
            **dict.fromkeys(Installed.__struct_fields__),
            "id": f"i-{no}",
            "no": no,
            "product_no": 1,
            "version_no": 1,
            "version": "4.1.0",
            "first_version": "4.1.0",
            "recipient": recipient,
            "first_seen_at": "",
            "last_seen_at": "",
            "values": {},
        },
        Installed,
    )


def differing(no: int, recipient: int, before: int | None = None, /, **ways: Way) -> Differing:
    """An install that goes these ways, by defect; `before` is whom its notices went to until now."""
    held = an_install(no, recipient if before is None else before)
    changes = {defect: Change(no, recipient, *way) for defect, way in ways.items()}
    return CheckedIn(held, an_install(no, recipient), {}, {}), changes


def numbers(*installs: Differing) -> list[list[int]]:
    return [[one.install_no for one, _ in together] for together in rounds(installs)]


def test_installs_of_different_recipients_share_a_round_whichever_way_they_go() -> None:
    ways: list[Way] = [(None, RISK), (RISK, None), (RISK, UPGRADED), (UPGRADED, RISK)]
    assert numbers(*(differing(no, -no, d=way) for no, way in enumerate(ways, 1))) == [[1, 2, 3, 4]]


def test_installs_of_one_customer_that_go_the_same_way_share_a_round() -> None:
    assert numbers(*(differing(no, 1, d=(None, RISK)) for no in range(1, 6))) == [[1, 2, 3, 4, 5]]


def test_what_is_told_alike_is_one_way() -> None:
    alike: list[Way] = [(None, RISK), (None, UNCLEAR)]
    assert numbers(*(differing(no, 1, d=way) for no, way in enumerate(alike, 1))) == [[1, 2]]
    upgraded: list[Way] = [(RISK, UPGRADED), (UNCLEAR, OWED)]
    assert numbers(*(differing(no, 1, d=way) for no, way in enumerate(upgraded, 1))) == [[1, 2]]


def test_one_that_leaves_the_risk_stays_behind_the_one_of_its_customer_that_came_before() -> None:
    installs = [
        differing(1, 1, d=(None, RISK)),
        differing(2, 1, d=(RISK, None)),
        differing(3, 1, d=(None, RISK)),
        differing(4, 2, d=(RISK, None)),
    ]
    assert numbers(*installs) == [[1, 4], [2], [3]]


def test_another_defect_is_another_matter() -> None:
    installs = [
        differing(1, 1, d=(None, RISK)),
        differing(2, 1, e=(RISK, None)),
        differing(3, 1, d=(None, RISK), e=(RISK, None)),
        differing(4, 1, d=(None, RISK), e=(None, RISK)),
    ]
    assert numbers(*installs) == [[1, 2, 3], [4]]


def test_one_that_comes_to_another_is_alone_among_those_of_both() -> None:
    installs = [
        differing(1, 1, d=(None, RISK)),
        differing(2, 2, d=(None, RISK)),
        differing(3, 2, 1, d=(None, RISK)),
        differing(4, 1, d=(None, RISK)),
        differing(5, 2, d=(None, RISK)),
        differing(6, 3, d=(None, RISK)),
    ]
    assert numbers(*installs) == [[1, 2, 6], [3], [4, 5]]


def test_those_that_come_to_customers_of_their_own_share_a_round() -> None:
    assert numbers(*(differing(no, no, -no, d=(None, RISK)) for no in range(1, 4))) == [[1, 2, 3]]
