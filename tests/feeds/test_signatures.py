from __future__ import annotations

import asyncio

import pytest

from feeds import audit, holds, store
from feeds.life import Act, State
from feeds.signatures import lapse, needed, outstanding, sign
from feeds.types import Pending
from storage import Database, Tx
from storage.outcomes import Conflict, Invalid
from tests.feeds.builders import LATER, NOTES, NOW, Scene, a_hold, a_scene

SCHEME = NOTES.vocabulary.scheme


async def test_publishing_takes_one_person_also_the_one_who_filed(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        done = scene.by("Quinn").publish(tx, scene.file())
        assert (done.pending, done.defect.state) == (None, State.PUBLISHED)

    await database.call(story)


async def test_withdrawing_takes_two_different_people(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        live = scene.published()
        first = scene.by("Ann").withdraw(tx, live, "We were wrong.")
        assert first.pending == Pending(Act.WITHDRAW, ("Ann",), 1)
        assert first.defect == live
        assert scene.again(live).state is State.PUBLISHED
        second = scene.by("Bob").withdraw(tx, live, "We were wrong.")
        assert (second.pending, second.defect.state) == (None, State.WITHDRAWN)
        assert audit.of(tx, live.id)[-1].detail["signed_by"] == ["Ann", "Bob"]
        assert outstanding(tx, second.defect) == ()

    await database.call(story)


@pytest.mark.parametrize("spelling", ["Ann", "ann", " Ann ", "ANN"])
async def test_the_same_person_again_changes_nothing(database: Database, spelling: str) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        live = scene.published()
        first = scene.by("Ann").resolve(tx, live, "4.2.2")
        rows = len(audit.of(tx, live.id))
        again = scene.by(spelling, now=LATER).resolve(tx, live, "4.2.2")
        assert again == first
        assert len(outstanding(tx, live)) == 1
        assert len(audit.of(tx, live.id)) == rows

    await database.call(story)


async def test_two_people_sign_the_same_terms(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        live = scene.published()
        scene.by("Ann").resolve(tx, live, "4.2.2")
        other = scene.by("Bob").resolve(tx, live, "4.2.3")
        assert other.pending == Pending(Act.RESOLVE, ("Bob",), 1)
        seen = [(each.person, each.terms) for each in outstanding(tx, live)]
        assert seen == [("Ann", {"fixed_in": "4.2.2"}), ("Bob", {"fixed_in": "4.2.3"})]
        assert scene.by("Ann").resolve(tx, live, "4.2.3").defect.fixed_in == "4.2.3"

    await database.call(story)


async def test_a_signature_is_for_one_act_only(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        live = scene.published()
        scene.by("Ann").withdraw(tx, live, "4.2.2")
        assert scene.by("Bob").resolve(tx, live, "4.2.2").pending == Pending(Act.RESOLVE, ("Bob",), 1)

    await database.call(story)


async def test_a_signature_does_not_outlive_the_revision_that_it_saw(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        live = scene.published()
        scene.by("Ann").withdraw(tx, live, "We were wrong.")
        revised = scene.propose(live, title="Said better")
        assert outstanding(tx, revised) == ()
        late = scene.by("Bob").withdraw(tx, revised, "We were wrong.")
        assert late.pending == Pending(Act.WITHDRAW, ("Bob",), 1)

    await database.call(story)


async def test_a_signature_does_not_outlive_the_life_that_it_saw(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        live = scene.published()
        scene.by("Ann").withdraw(tx, live, "We were wrong.")
        resolved = scene.by("Cleo", people=1).resolve(tx, live, "4.2.2").defect
        reopened = store.reopen(tx, resolved, "Not so.", "Cleo", LATER)
        assert scene.by("Bob").withdraw(tx, reopened, "We were wrong.").pending is not None

    await database.call(story)


async def test_a_vendor_of_one_clears_alone(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        done = scene.by("Ann", people=1).withdraw(tx, scene.published(), "We were wrong.")
        assert (done.pending, done.defect.state) == (None, State.WITHDRAWN)

    await database.call(story)


async def test_a_widening_revision_takes_one_person_and_a_narrowing_one_two(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        wider = scene.propose(scene.published(), affected=[{"introduced": "4.1.0"}])
        assert needed(wider, Act.PUBLISH, SCHEME, 2) == 1
        live = scene.by("Ann").publish(tx, wider).defect
        narrower = scene.propose(live, condition="notebooks > 5")
        assert needed(narrower, Act.PUBLISH, SCHEME, 2) == 2
        assert scene.by("Ann").publish(tx, narrower).pending == Pending(Act.PUBLISH, ("Ann",), 1)
        assert scene.by("Bob").publish(tx, narrower).defect.report.condition == "notebooks > 5"

    await database.call(story)


async def test_what_cannot_be_done_is_refused_before_anyone_signs(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        live = scene.published()
        with pytest.raises(Invalid, match="older than every version"):
            scene.by("Ann").resolve(tx, live, "4.1.0")
        with pytest.raises(Invalid, match="Say why"):
            scene.by("Ann").withdraw(tx, live, "  ")
        with pytest.raises(Conflict, match="cannot take the act withdraw"):
            scene.by("Ann").withdraw(tx, scene.file(), "We were wrong.")
        with pytest.raises(Conflict, match="Nothing pauses"):
            scene.by("Ann").resume(tx, live)
        assert outstanding(tx, live) == ()

    await database.call(story)


async def test_signing_what_has_changed_meanwhile_is_refused(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        seen = scene.published()
        scene.propose(seen, title="Said better")
        with pytest.raises(Conflict, match="has changed meanwhile"):
            sign(tx, seen, Act.WITHDRAW, {"reason": "x"}, "Ann", NOW, scheme=SCHEME)

    await database.call(story)


async def test_of_two_who_sign_at_once_the_second_completes_the_act(database: Database) -> None:
    def begin(tx: Tx) -> list[str]:
        scene = a_scene(tx)
        return [scene.published().id for _ in range(10)]

    def withdraw(tx: Tx, defect_id: str, person: str) -> bool:
        defect = store.find(tx, defect_id)
        return Scene(tx).by(person).withdraw(tx, defect, "We were wrong.").pending is None

    for defect_id in await database.call(begin):
        done = await asyncio.gather(
            database.call(withdraw, defect_id, "Ann"), database.call(withdraw, defect_id, "Bob")
        )
        assert sorted(done) == [False, True]


async def test_going_on_after_a_pause_takes_two_and_does_not_cover_a_later_pause(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        live = scene.published()
        holds.pause(tx, live, a_hold(), "Cleo", NOW)
        assert scene.by("Ann").resume(tx, live).pending == Pending(Act.RESUME, ("Ann",), 1)
        holds.pause(tx, live, a_hold(reason="Another thing."), "Dan", NOW)
        assert scene.by("Bob").resume(tx, live).pending == Pending(Act.RESUME, ("Bob",), 1)
        assert scene.by("Ann").resume(tx, live).pending is None
        assert holds.active(tx, live.no, NOW).pause is None

    await database.call(story)


async def test_what_two_have_signed_is_done_on_their_terms_and_no_others(database: Database) -> None:
    def story(tx: Tx) -> None:
        live = a_scene(tx).published()
        for person in ("Ann", "Bob"):
            sign(tx, live, Act.RESOLVE, {"fixed_in": "4.2.2"}, person, NOW, scheme=SCHEME)
        with pytest.raises(Conflict, match="2 further people's words"):
            store.resolve(tx, live, NOTES, "4.2.3", NOW)
        assert store.resolve(tx, live, NOTES, "4.2.2", NOW).fixed_in == "4.2.2"
        with pytest.raises(Conflict):
            store.resolve(tx, live, NOTES, "4.2.2", NOW)

    await database.call(story)


async def test_nobody_publishes_without_a_word(database: Database) -> None:
    def story(tx: Tx) -> None:
        draft = a_scene(tx).file()
        with pytest.raises(Conflict, match="1 further person's word"):
            store.publish(tx, draft, NOTES, NOW)

    await database.call(story)


async def test_the_word_of_somebody_who_may_no_longer_decide_counts_no_more(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        live = scene.published()
        scene.by("Ann").withdraw(tx, live, "We were wrong.")
        assert lapse(tx, " ann", NOW) == 1
        assert outstanding(tx, live) == ()
        assert scene.by("Bob").withdraw(tx, live, "We were wrong.").pending == Pending(Act.WITHDRAW, ("Bob",), 1)

    await database.call(story)
