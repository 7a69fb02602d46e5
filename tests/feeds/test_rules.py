from __future__ import annotations

import asyncio

import pytest

from feeds import audit, rules
from feeds.life import Act
from feeds.people import SETTINGS
from feeds.rules import Rules, SignOff, sign_off, standing, take_up
from feeds.signatures import lapse
from feeds.types import Pending
from storage import Database, Tx
from storage.outcomes import Invalid
from tests.feeds.builders import NOW, a_scene

ALONE, TOGETHER = {"signatures_needed": 1}, {"signatures_needed": 2}


async def test_a_new_database_has_the_rules_that_nobody_has_set(database: Database) -> None:
    assert await database.read(rules.current) == Rules(2, 24, 24, 0)


async def test_what_the_settings_ask_for_in_a_new_database_holds_and_is_told(database: Database) -> None:
    def story(tx: Tx) -> None:
        assert take_up(tx, {**ALONE, "longest_pause_hours": 4}, NOW) == Rules(1, 4, 24, 0)
        [row] = audit.of(tx, "signatures_needed")
        assert (row.person, row.act, row.detail) == (SETTINGS, "change rule", {"before": 2, "after": 1})
        assert not rules.differ(tx, ALONE)
        take_up(tx, ALONE, NOW)
        assert len(audit.of(tx, "signatures_needed")) == 1

    await database.call(story)


async def test_once_something_is_filed_the_settings_alone_do_not_lower_the_number(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        live = scene.published()
        assert take_up(tx, ALONE, NOW).signatures_needed == 2
        assert take_up(tx, ALONE, NOW).signatures_needed == 2
        assert standing(tx) == SignOff(2, 1, (SETTINGS,), 1)
        assert [row.act for row in audit.of(tx, "signatures_needed")] == ["ask rule"]
        assert scene.by("Ann").withdraw(tx, live, "Wrong.").pending is not None
        assert sign_off(tx, 1, "Ann", NOW) == SignOff(1, None, (), 0)
        assert audit.of(tx, "signatures_needed")[-1].detail["signed_by"] == [SETTINGS, "Ann"]

    await database.call(story)


async def test_settings_that_no_longer_ask_take_their_word_back(database: Database) -> None:
    def story(tx: Tx) -> None:
        a_scene(tx).file()
        take_up(tx, ALONE, NOW)
        assert not rules.differ(tx, {"longest_pause_hours": 24})
        assert rules.differ(tx, TOGETHER)
        take_up(tx, TOGETHER, NOW)
        assert not rules.differ(tx, TOGETHER)
        assert standing(tx) == SignOff(2, None, (), 0)
        assert [row.detail["after"] for row in audit.of(tx, "signatures_needed")] == [1, 2]
        assert sign_off(tx, 1, "Ann", NOW) == SignOff(2, 1, ("Ann",), 1)

    await database.call(story)


async def test_whoever_asks_for_the_number_in_force_takes_back_what_they_asked_for(database: Database) -> None:
    def story(tx: Tx) -> None:
        a_scene(tx)
        sign_off(tx, 1, "Ann", NOW)
        assert sign_off(tx, 2, "Bob", NOW) == SignOff(2, 1, ("Ann",), 1)
        assert sign_off(tx, 2, " ann", NOW) == SignOff(2, None, (), 0)
        assert sign_off(tx, 1, "Bob", NOW) == SignOff(2, 1, ("Bob",), 1)

    await database.call(story)


async def test_changing_the_rule_takes_two_different_people(database: Database) -> None:
    def story(tx: Tx) -> None:
        a_scene(tx)
        assert sign_off(tx, 1, "Ann", NOW) == SignOff(2, 1, ("Ann",), 1)
        assert sign_off(tx, 1, " ann", NOW) == SignOff(2, 1, ("Ann",), 1)
        assert sign_off(tx, 1, "Bob", NOW) == SignOff(1, None, (), 0)
        assert sign_off(tx, 2, "Ann", NOW) == SignOff(2, None, (), 0)

    await database.call(story)


async def test_a_word_for_the_rule_does_not_outlive_a_change_of_it(database: Database) -> None:
    def story(tx: Tx) -> None:
        for person in ("Ann", "Bob"):
            sign_off(tx, 1, person, NOW)
        sign_off(tx, 2, "Ann", NOW)
        assert sign_off(tx, 1, "Bob", NOW) == SignOff(2, 1, ("Bob",), 1)
        lapse(tx, "bob", NOW)
        assert sign_off(tx, 1, "Ann", NOW) == SignOff(2, 1, ("Ann",), 1)

    await database.call(story)


@pytest.mark.parametrize("people", [0, 3])
async def test_no_number_of_people_but_one_and_two_can_be_asked_for(database: Database, people: int) -> None:
    def story(tx: Tx) -> None:
        with pytest.raises(Invalid):
            sign_off(tx, people, "Ann", NOW)

    await database.call(story)


async def test_of_two_who_ask_at_once_the_second_changes_the_rule(database: Database) -> None:
    await asyncio.gather(*(database.call(sign_off, 1, person, NOW) for person in ("Ann", "Bob")))
    assert (await database.read(rules.current)).signatures_needed == 1


async def test_the_rule_in_force_when_the_act_is_done_is_the_one_that_counts(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        live = scene.published()
        assert scene.by("Ann").withdraw(tx, live, "Wrong.").pending == Pending(Act.WITHDRAW, ("Ann",), 1)
        scene.rule("signatures_needed", 1)
        assert scene.by("Ann", people=1).withdraw(tx, live, "Wrong.").pending is None

    await database.call(story)
