from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from feeds import audit, escalating, store
from feeds.people import SERVICE
from storage import Database, Tx, instant
from tests.feeds.builders import NOW, a_scene

A_DAY_LATER = NOW + timedelta(hours=24)


async def test_a_data_loss_draft_that_nobody_decides_is_escalated_once(database: Database) -> None:
    def story(tx: Tx) -> None:
        draft = a_scene(tx).file()
        assert escalating.undecided(tx, A_DAY_LATER - timedelta(microseconds=1)) == ()
        assert escalating.undecided(tx, A_DAY_LATER) == (draft,)
        assert escalating.escalate(tx, draft, A_DAY_LATER)
        assert escalating.undecided(tx, A_DAY_LATER) == ()
        assert not escalating.escalate(tx, draft, A_DAY_LATER)
        [*_, row] = audit.of(tx, draft.id)
        assert (row.person, row.act, row.detail) == (SERVICE, "escalate", {"filed_at": instant(NOW)})
        assert len(audit.of(tx, draft.id)) == 2

    await database.call(story)


async def test_what_was_decided_and_what_harms_less_is_not_escalated(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        scene.published()
        store.discard(tx, scene.file(), "Ann", NOW)
        scene.file(severity="outage", summary='It says "severity":"data-loss".')
        scene.propose(scene.file(), severity="data-corruption")
        assert escalating.undecided(tx, A_DAY_LATER) == ()

    await database.call(story)


async def test_a_draft_that_became_one_of_data_loss_is_escalated(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        graver = scene.propose(scene.file(severity="outage"), severity="data-loss")
        assert escalating.undecided(tx, A_DAY_LATER) == (graver,)

    await database.call(story)


async def test_nothing_is_escalated_where_that_is_switched_off(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        scene.file()
        scene.rule("escalate_after_hours", 0)
        assert escalating.undecided(tx, A_DAY_LATER) == ()

    await database.call(story)


async def test_a_draft_publishes_itself_only_where_that_is_wished_and_after_a_second_time(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        draft = scene.file()
        escalating.escalate(tx, draft, A_DAY_LATER)
        assert escalating.overdue(tx, A_DAY_LATER + timedelta(days=99)) == ()
        scene.rule("publish_after_hours", 6)
        assert escalating.overdue(tx, A_DAY_LATER + timedelta(hours=5)) == ()
        assert escalating.overdue(tx, A_DAY_LATER + timedelta(hours=6)) == (draft,)
        assert escalating.end(tx, draft, A_DAY_LATER)
        assert not escalating.end(tx, draft, A_DAY_LATER)
        assert escalating.overdue(tx, A_DAY_LATER + timedelta(hours=6)) == ()

    await database.call(story)


@pytest.mark.parametrize("decided", ["publish", "discard"])
async def test_a_draft_decided_after_all_does_not_publish_itself(database: Database, decided: str) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        draft = scene.file()
        escalating.escalate(tx, draft, A_DAY_LATER)
        scene.rule("publish_after_hours", 6)
        if decided == "publish":
            scene.by("Ann").publish(tx, draft)
        else:
            store.discard(tx, draft, "Ann", NOW)
        assert escalating.overdue(tx, A_DAY_LATER + timedelta(days=1)) == ()
        assert not escalating.end(tx, scene.again(draft), A_DAY_LATER)

    await database.call(story)


async def test_of_several_processes_one_escalates(database: Database) -> None:
    draft = await database.call(lambda tx: a_scene(tx).file())
    done = await asyncio.gather(*(database.call(escalating.escalate, draft, A_DAY_LATER) for _ in range(4)))
    assert sorted(done) == [False, False, False, True]
