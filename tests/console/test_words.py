"""How pages say things."""

from __future__ import annotations

import pytest

from console.differences import remedy_words
from console.history import events
from console.words import Reader, between, counted, duration, place, plain, share, way
from feeds.audit import Entry
from feeds.types import RemedyOffer


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "under a second"),
        (0.9, "under a second"),
        (1, "1 second"),
        (119, "119 seconds"),
        (120, "2 minutes"),
        (7199, "120 minutes"),
        (7200, "2 hours"),
        (36 * 3600, "36 hours"),
        (36 * 86400, "36 days"),
        (-5, "under a second"),
    ],
)
def test_a_duration_is_said_in_the_largest_unit_that_is_plenty(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (0, 0, "–"),
        (0, 5, "0 %"),
        (5, 5, "100 %"),
        (1, 3, "33 %"),
        (1, 1000, "under 1 %"),
        (999, 1000, "over 99 %"),
    ],
)
def test_a_share_is_never_rounded_to_all_or_nothing(part: int, whole: int, said: str) -> None:
    assert share(part, whole) == said


def test_numbers_come_with_their_noun() -> None:
    assert counted(1, "install") == "1 install"
    assert counted(1204, "install") == "1,204 installs"
    assert counted(2, "delivery", "deliveries") == "2 deliveries"


def test_times_are_told_in_the_readers_zone() -> None:
    reader = Reader(time_zone="Europe/Vienna")

    assert reader.when("2026-01-01T23:30:00.000000Z") == "2 January 2026 at 00:30 CET"
    assert reader.day("2026-01-01T23:30:00.000000Z") == "2 January 2026"
    assert between("2026-01-01T23:30:00.000000Z", "2026-01-02T01:30:00.000000Z") == "2 hours"


@pytest.mark.parametrize(
    ("pointer", "said"),
    [
        ("", "the report"),
        ("/title", "title"),
        ("/remedies/1/version", "remedies 2, version"),
        ("/upgrading_from/0", "upgrading from 1"),
    ],
)
def test_a_place_in_a_report_is_said_in_words(pointer: str, said: str) -> None:
    assert place(pointer) == said


def test_words_of_the_contract_are_said_without_their_signs() -> None:
    assert plain("already_upgraded") == "already upgraded"
    assert plain("data-loss") == "data loss"


def test_a_channel_is_said_as_a_way_to_reach_people() -> None:
    assert [way(channel) for channel in ("email", "in_app", "webhook", "web_push")] == [
        "by mail",
        "in the app",
        "by webhook",
        "by web push",
    ]


def test_a_remedy_stands_on_one_line() -> None:
    offer = RemedyOffer("credit", text="20 % off.", url="https://example.com/credit")

    assert remedy_words(offer) == "Take a credit. 20 % off. https://example.com/credit"


def test_the_history_tells_who_did_what_newest_first() -> None:
    told = events(
        (
            Entry(1, "2026-01-01T12:00:00.000000Z", "quinn", "file", "D-1", {"revision": 1}),
            Entry(2, "2026-01-01T13:00:00.000000Z", "ada", "sign resolve", "D-1", {"fixed_in": "4.2.2"}),
            Entry(
                3,
                "2026-01-01T14:00:00.000000Z",
                "omar",
                "resolve",
                "D-1",
                {"fixed_in": "4.2.2", "signed_by": ["ada", "omar"]},
            ),
            Entry(4, "2026-01-01T15:00:00.000000Z", "zoe", "resolve", "D-1", {}),
            Entry(5, "2026-01-01T16:00:00.000000Z", "zoe", "praise", "D-1", {"reason": "Fine work."}),
        ),
        Reader(),
    )

    assert [(event.person, event.did) for event in told] == [
        ("zoe", "praise"),
        ("zoe", "resolve"),
        ("omar", "resolved it: fixed in 4.2.2"),
        ("ada", "signed for resolving it: fixed in 4.2.2"),
        ("quinn", "filed it"),
    ]
    assert told[2].together_with == ("ada",)
    assert told[0].reason == "Fine work."
