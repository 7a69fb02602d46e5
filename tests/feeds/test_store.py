from __future__ import annotations

import pytest

from feeds import store
from feeds.checking import check
from feeds.life import State
from storage import Database, Tx
from storage.outcomes import Conflict, Invalid, NotFound
from tests.feeds.builders import NOTES, NOW, a_report, a_scene, another_product


async def test_a_filed_defect_is_a_draft_with_one_revision(database: Database) -> None:
    def story(tx: Tx) -> None:
        filed = a_scene(tx).file(id="NOTES-4411")
        assert store.find(tx, "NOTES-4411") == filed == store.find_by_number(tx, filed.no)
        assert (filed.state, filed.live, filed.proposed, filed.latest) == (State.DRAFT, None, 1, 1)
        assert filed.report == a_report(id="NOTES-4411")
        assert (filed.proposed_report, filed.published_at, filed.generation) == (None, None, 0)

    await database.call(story)


async def test_without_an_id_one_of_ours_is_given(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        first, second = scene.file(), scene.file()
        assert first.id.startswith("FW-")
        assert first.id != second.id
        assert first.report.id == first.id

    await database.call(story)


async def test_an_id_that_is_taken_is_refused_and_nothing_is_stored(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        first = scene.file(id="NOTES-1")
        with pytest.raises(Conflict, match="NOTES-1 already"):
            scene.file(id="NOTES-1", title="Another")
        assert store.listing(tx) == (first,)

    await database.call(story)


async def test_what_is_not_there_is_not_found(database: Database) -> None:
    def story(tx: Tx) -> None:
        with pytest.raises(NotFound):
            store.find(tx, "NOTES-1")
        with pytest.raises(NotFound):
            store.find_by_number(tx, 1)

    await database.read(story)


async def test_defects_are_listed_by_product_and_state_in_pages(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        drafts = [scene.file() for _ in range(3)]
        live = scene.published()
        assert store.listing(tx, state=State.DRAFT, limit=2) == tuple(drafts[:2])
        assert store.listing(tx, state=State.DRAFT, after=drafts[1].no) == (drafts[2],)
        assert store.listing(tx, product_no=NOTES.no, state=State.PUBLISHED) == (scene.again(live),)
        assert store.listing(tx, product_no=NOTES.no + 1) == ()
        assert len(store.listing(tx)) == 4

    await database.call(story)


async def test_verdicts_count_the_published_and_the_resolved(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        scene.file()
        published, resolved = scene.published(), scene.resolved()
        store.discard(tx, scene.file(), "Ann", NOW)
        scene.by("Ann", people=1).withdraw(tx, scene.published(), "We were wrong.")
        assert [each.id for each in store.judged(tx, NOTES.no)] == [published.id, resolved.id]

    await database.call(story)


async def test_a_draft_that_is_revised_is_replaced(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        revised = scene.propose(scene.file(), title="Said better")
        assert scene.again(revised) == revised
        assert (revised.report.title, revised.live, revised.proposed) == ("Said better", None, 2)
        assert [each.number for each in store.revisions(tx, revised)] == [1, 2]

    await database.call(story)


async def test_a_revision_of_a_published_defect_stands_beside_the_live_one(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        live = scene.published()
        proposed = scene.propose(live, affected=[{"introduced": "4.1.0"}])
        assert scene.again(proposed) == proposed
        assert proposed.report == live.report
        assert proposed.proposed_report == a_report(id=live.id, affected=[{"introduced": "4.1.0"}])
        assert (proposed.live, proposed.proposed, proposed.generation) == (1, 2, live.generation)

    await database.call(story)


async def test_the_same_report_again_is_no_revision(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        live = scene.published()
        assert scene.propose(live) == live
        proposed = scene.propose(live, title="Said better")
        assert scene.propose(proposed, title="Said better") == proposed
        assert len(store.revisions(tx, live)) == 2

    await database.call(story)


async def test_a_defect_keeps_its_id_and_its_product(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        filed = scene.file(id="NOTES-1")
        with pytest.raises(Invalid) as refusal:
            scene.propose(filed, id="NOTES-2")
        assert [fault.at for fault in refusal.value.faults] == ["/id"]
        other = check(a_report(product="tables"), another_product("tables"))
        with pytest.raises(Invalid) as refusal:
            store.propose(tx, filed, other, "Quinn", NOW)
        assert [fault.at for fault in refusal.value.faults] == ["/product"]

    await database.call(story)
