from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from feeds import audit, holds, store
from feeds.life import Act
from feeds.signatures import sign, spend
from feeds.views import view
from storage import Database, Tx
from storage.outcomes import Conflict, Invalid
from tests.feeds.builders import LATER, MUCH_LATER, NOTES, NOW, a_hold, a_scene


async def test_one_person_pauses_and_the_pause_runs_out_by_itself(database: Database) -> None:
    def story(tx: Tx) -> None:
        live = a_scene(tx).published()
        standing = holds.pause(tx, live, a_hold(until=LATER), "Ann", NOW).pause
        assert standing is not None
        assert (standing.person, standing.reason, standing.until) == (
            "Ann",
            "The relay is on fire.",
            "2026-01-01T13:00:00.000000Z",
        )
        assert holds.active(tx, live.no, LATER - timedelta(microseconds=1)).pause == standing
        assert holds.active(tx, live.no, LATER).pause is None

    await database.call(story)


async def test_of_several_pauses_the_last_to_run_out_is_the_one_that_counts(database: Database) -> None:
    def story(tx: Tx) -> None:
        live = a_scene(tx).published()
        holds.pause(tx, live, a_hold(until=LATER + timedelta(hours=1)), "Ann", NOW)
        standing = holds.pause(tx, live, a_hold(until=LATER), "Bob", NOW)
        assert [pause.person for pause in standing.pauses] == ["Bob", "Ann"]
        assert standing.pause == standing.pauses[1]

    await database.call(story)


async def test_an_objection_pauses_nothing(database: Database) -> None:
    def story(tx: Tx) -> None:
        live = a_scene(tx).published()
        standing = holds.object_to(tx, live, a_hold(reason="Bad for the quarter."), "Sales", NOW)
        assert (standing.pause, standing.pauses) == (None, ())
        assert [(each.person, each.kind) for each in standing.objections] == [("Sales", "objection")]

    await database.call(story)


async def test_an_objection_does_not_keep_a_draft_from_being_published(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        draft = scene.file()
        holds.object_to(tx, draft, a_hold(until=MUCH_LATER), "Sales", NOW)
        assert scene.by("Ann").publish(tx, draft).defect.live == 1

    await database.call(story)


@pytest.mark.parametrize(
    "until",
    [
        NOW,
        NOW - timedelta(seconds=1),
        NOW.astimezone(timezone(timedelta(hours=9))),
        datetime.max.replace(tzinfo=timezone(-timedelta(hours=12))),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=12))),
        datetime.min.replace(tzinfo=UTC),
    ],
)
async def test_a_time_past_or_out_of_the_calendar_is_refused(database: Database, until: datetime) -> None:
    def story(tx: Tx) -> None:
        live = a_scene(tx).published()
        for put in (holds.pause, holds.object_to):
            with pytest.raises(Invalid) as refusal:
                put(tx, live, a_hold(until=until), "Ann", NOW)
            assert [fault.at for fault in refusal.value.faults] == ["/until"]
        assert holds.active(tx, live.no, NOW) == holds.Holds((), ())

    await database.call(story)


@pytest.mark.parametrize("reason", [" ", "a\x00"])
async def test_a_hold_without_a_readable_reason_is_refused(database: Database, reason: str) -> None:
    def story(tx: Tx) -> None:
        live = a_scene(tx).published()
        for put in (holds.pause, holds.object_to):
            with pytest.raises(Invalid) as refusal:
                put(tx, live, a_hold(reason=reason), "Ann", NOW)
            assert [fault.at for fault in refusal.value.faults] == ["/reason"]

    await database.call(story)


async def test_a_draft_cannot_be_paused_for_nothing_leaves_it(database: Database) -> None:
    def story(tx: Tx) -> None:
        with pytest.raises(Conflict, match="cannot take the act pause"):
            holds.pause(tx, a_scene(tx).file(), a_hold(), "Ann", NOW)

    await database.call(story)


async def test_the_store_ends_a_pause_only_when_enough_have_signed(database: Database) -> None:
    def story(tx: Tx) -> None:
        live = a_scene(tx).published()
        holds.pause(tx, live, a_hold(), "Ann", NOW)
        sign(tx, live, Act.RESUME, holds.pauses(tx, live, NOW), "Ann", NOW, scheme=NOTES.vocabulary.scheme)
        with pytest.raises(Conflict, match="still needs 1"):
            holds.resume(tx, live, NOTES, NOW)
        assert holds.active(tx, live.no, NOW).pause is not None

    await database.call(story)


async def test_a_pause_put_while_the_others_are_ended_stands(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        live = scene.published()
        holds.pause(tx, live, a_hold(), "Ann", NOW)

        def spent_while_another_pauses(*args: Any, **kwargs: Any) -> tuple[str, ...]:
            holds.pause(tx, live, a_hold(reason="And the disk is full."), "Bob", NOW)
            return spend(*args, **kwargs)

        monkeypatch.setattr(holds, "spend", spent_while_another_pauses)
        scene.by("Ann", people=1).resume(tx, live)
        assert [pause.person for pause in holds.active(tx, live.no, NOW).pauses] == ["Bob"]

    await database.call(story)


async def test_a_hold_is_one_defects_own(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        paused, other = scene.published(), scene.published()
        holds.pause(tx, paused, a_hold(), "Ann", NOW)
        assert holds.active(tx, other.no, NOW).pause is None

    await database.call(story)


async def test_the_answer_shows_the_pause_the_objections_and_who_has_signed(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        live = scene.propose(scene.published(), title="Said better")
        holds.pause(tx, live, a_hold(), "Ann", NOW)
        holds.object_to(tx, live, a_hold(reason="Bad for the quarter."), "Sales", NOW)
        scene.by("Ann").withdraw(tx, live, "We were wrong.")
        shown = view(tx, store.find(tx, live.id), NOW)
        assert shown.pause is not None
        assert shown.pause.person == "Ann"
        assert [objection.person for objection in shown.objections] == ["Sales"]
        assert [(each.action, each.person) for each in shown.signatures] == [(Act.WITHDRAW, "Ann")]
        assert shown.proposed is not None
        assert (shown.revision, shown.proposed.revision) == (1, 2)
        assert (shown.title, shown.proposed.report.title) == (live.report.title, "Said better")

    await database.call(story)


async def test_pauses_and_objections_are_in_the_audit(database: Database) -> None:
    def story(tx: Tx) -> None:
        live = a_scene(tx).published()
        holds.pause(tx, live, a_hold(), "Ann", NOW)
        row = audit.of(tx, live.id)[-1]
        assert (row.person, row.act) == ("Ann", "pause")
        assert row.detail == {"reason": "The relay is on fire.", "until": "2026-01-01T13:00:00.000000Z"}

    await database.call(story)


async def test_a_pause_is_no_longer_than_the_rule_says(database: Database) -> None:
    def story(tx: Tx) -> None:
        live = a_scene(tx).published(severity="outage")
        with pytest.raises(Invalid, match="lasts 24 hours at most") as refusal:
            holds.pause(tx, live, a_hold(until=NOW + timedelta(hours=25)), "Ann", NOW)
        assert [fault.at for fault in refusal.value.faults] == ["/until"]
        holds.pause(tx, live, a_hold(until=NOW + timedelta(hours=24)), "Ann", NOW)
        much_later = NOW + timedelta(hours=20)
        again = a_hold(until=much_later + timedelta(hours=24))
        assert holds.pause(tx, live, again, "Ann", much_later).pause is not None

    await database.call(story)


@pytest.mark.parametrize("severity", ["data-loss", "data-corruption"])
async def test_a_grave_warning_is_paused_for_so_long_in_all_by_however_many(database: Database, severity: str) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        live, hours = scene.published(severity=severity), timedelta(hours=1)
        holds.pause(tx, live, a_hold(until=NOW + 10 * hours), "Ann", NOW)
        holds.pause(tx, live, a_hold(until=NOW + 8 * hours), "Bob", NOW + 4 * hours)
        assert holds.latest_end(tx, live, NOW + 5 * hours) == NOW + 24 * hours
        holds.pause(tx, live, a_hold(until=NOW + 34 * hours), "Bob", NOW + 20 * hours)
        scene.propose(live, severity=severity, title="Said better")
        renewed = scene.by("Ann").publish(tx, scene.again(live)).defect
        with pytest.raises(Invalid, match="24 hours in all: they are used up"):
            holds.pause(tx, renewed, a_hold(until=NOW + 36 * hours), "Cleo", NOW + 35 * hours)

    await database.call(story)


async def test_what_a_resumed_pause_did_not_use_is_left(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        live, hours = scene.published(), timedelta(hours=1)
        holds.pause(tx, live, a_hold(until=NOW + 24 * hours), "Ann", NOW)
        scene.by("Ann", now=NOW + hours, people=1).resume(tx, live)
        assert holds.latest_end(tx, live, NOW + 2 * hours) == NOW + 25 * hours

    await database.call(story)
