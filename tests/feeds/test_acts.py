from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

import risk
from feeds import audit, store
from feeds.checking import check
from feeds.defects import as_rule_input, unsaved_rule_input
from feeds.life import Act, State
from feeds.signatures import sign
from feeds.types import AffectedEntry
from storage import Database, Tx
from storage.outcomes import Conflict
from tests.feeds.builders import LATER, NOTES, NOW, a_report, a_scene


async def test_publishing_makes_the_draft_live(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        live = scene.by("Quinn", now=LATER).publish(tx, scene.file()).defect
        assert (live.state, live.live, live.proposed, live.generation) == (State.PUBLISHED, 1, None, 1)
        assert live.published_at == live.changed_at == "2026-01-01T13:00:00.000000Z"
        assert scene.again(live) == live
        assert store.revisions(tx, live)[0].published_at == live.published_at

    await database.call(story)


async def test_a_published_revision_becomes_the_live_one_and_the_first_publication_stays(
    database: Database,
) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        proposed = scene.propose(scene.published(), title="Said better")
        live = scene.by("Ann", now=LATER).publish(tx, proposed).defect
        assert (live.live, live.proposed, live.generation) == (2, None, 2)
        assert (live.report.title, live.published_at) == ("Said better", "2026-01-01T12:00:00.000000Z")

    await database.call(story)


async def test_publishing_nothing_new_is_refused(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        live = scene.published()
        with pytest.raises(Conflict, match="Nothing new is proposed"):
            scene.by("Ann").publish(tx, live)

    await database.call(story)


async def test_a_draft_whose_fact_the_product_has_retired_is_not_published(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        retired = replace(NOTES, vocabulary=replace(NOTES.vocabulary, facts={}))
        draft = scene.file()
        with pytest.raises(Conflict, match="no longer fits what notes declares"):
            replace(scene.by("Ann"), product=retired).publish(tx, draft)

    await database.call(story)


async def test_resolving_closes_the_open_ranges_in_a_revision_of_its_own(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        resolved = scene.resolved("4.2.2")
        assert scene.again(resolved).report == resolved.report
        assert resolved.report.affected == (AffectedEntry(introduced="4.2.0", fixed="4.2.2"),)
        assert (resolved.state, resolved.fixed_in, resolved.live) == (State.RESOLVED, "4.2.2", 2)
        assert [each.published_at is None for each in store.revisions(tx, resolved)] == [False, False]
        rule = as_rule_input(resolved)
        assert (rule.resolved, rule.revision, rule.affected[0].fixed) == (True, 2, "4.2.2")

    await database.call(story)


async def test_a_proposed_revision_is_decided_before_resolving(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        proposed = scene.propose(scene.published(), affected=[{"introduced": "4.1.0"}])
        with pytest.raises(Conflict, match=r"Revision 2 .* publish or discard it"):
            scene.by("Ann").resolve(tx, proposed, "4.2.2")
        left = store.discard(tx, proposed, "Ann", NOW)
        assert (left.state, left.proposed, left.generation) == (State.PUBLISHED, None, proposed.generation)
        assert scene.by("Ann", people=1).resolve(tx, left, "4.2.2").defect.live == 3

    await database.call(story)


async def test_reopening_publishes_what_stood_before_the_release(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        resolved = scene.resolved("4.2.2")
        open_again = store.reopen(tx, resolved, "4.2.2 has it too.", "Ann", LATER)
        assert scene.again(open_again).report == open_again.report
        assert open_again.report.affected == (AffectedEntry(introduced="4.2.0"),)
        assert (open_again.state, open_again.live, open_again.fixed_in) == (State.PUBLISHED, 3, None)
        assert open_again.generation == resolved.generation + 1
        assert open_again.reason == "4.2.2 has it too."
        again = scene.by("Ann", people=1).resolve(tx, open_again, "4.2.3").defect
        assert again.report.affected[0].fixed == "4.2.3"

    await database.call(story)


async def test_withdrawing_moves_the_generation_and_drops_what_was_proposed(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        proposed = scene.propose(scene.published(), title="Said better")
        withdrawn = scene.by("Ann", people=1).withdraw(tx, proposed, "We were wrong.").defect
        assert scene.again(withdrawn).state is State.WITHDRAWN
        assert withdrawn.generation == proposed.generation + 1
        assert (withdrawn.reason, withdrawn.proposed) == ("We were wrong.", None)

    await database.call(story)


async def test_a_discarded_draft_can_still_be_read(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        discarded = store.discard(tx, scene.file(), "Ann", NOW)
        assert scene.again(discarded).report.title == a_report().title
        with pytest.raises(Conflict, match="it can take none"):
            scene.by("Ann").publish(tx, discarded)

    await database.call(story)


async def test_a_live_defect_with_nothing_proposed_cannot_be_discarded(database: Database) -> None:
    def story(tx: Tx) -> None:
        live = a_scene(tx).published()
        with pytest.raises(Conflict, match="is withdrawn, not discarded"):
            store.discard(tx, live, "Ann", NOW)

    await database.call(story)


async def test_an_act_on_what_has_changed_meanwhile_is_refused(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        seen = scene.file()
        scene.propose(seen, title="Said better")
        for late in (scene.by("Ann").publish, lambda tx, defect: store.discard(tx, defect, "Ann", NOW)):
            with pytest.raises(Conflict, match="has changed meanwhile"):
                late(tx, seen)
        with pytest.raises(Conflict, match="has changed meanwhile"):
            scene.propose(seen, title="Said otherwise")

    await database.call(story)


async def test_a_proposal_that_was_discarded_meanwhile_is_not_published(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        seen = scene.propose(scene.published(), title="Said better")
        store.discard(tx, seen, "Ann", NOW)
        with pytest.raises(Conflict, match="has changed meanwhile"):
            scene.by("Ann").publish(tx, seen)

    await database.call(story)


async def test_the_store_itself_refuses_an_act_that_too_few_have_signed(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        live = scene.published()
        sign(tx, live, Act.WITHDRAW, {"reason": "x"}, "Ann", NOW, scheme=NOTES.vocabulary.scheme)
        with pytest.raises(Conflict, match="still needs 1"):
            store.withdraw(tx, live, NOTES, "x", NOW)
        with pytest.raises(Conflict, match="still needs 2"):
            store.resolve(tx, live, NOTES, "4.2.2", NOW)
        assert scene.again(live) == live

    await database.call(story)


async def test_of_two_who_revise_at_once_one_is_refused(database: Database) -> None:
    def begin(tx: Tx) -> str:
        return a_scene(tx).file().id

    def revise(tx: Tx, title: str) -> None:
        store.propose(tx, seen, check(a_report(title=title), NOTES), "Quinn", NOW)

    seen = await database.read(store.find, await database.call(begin))
    outcomes = await asyncio.gather(
        *(database.call(revise, f"Wording {number}") for number in range(4)), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict"] * 3 + ["NoneType"]
    assert (await database.read(store.find, seen.id)).latest == 2


async def test_every_act_is_a_row_that_says_who_and_why(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        resolved = scene.resolved("4.2.2")
        store.reopen(tx, resolved, "4.2.2 has it too.", "Bob", LATER)
        rows = audit.of(tx, resolved.id)
        assert [(row.person, row.act) for row in rows] == [
            ("Quinn", "file"),
            ("Ann", "publish"),
            ("Ann", "resolve"),
            ("Bob", "reopen"),
        ]
        assert rows[2].detail["fixed_in"] == "4.2.2"
        assert rows[3].detail["reason"] == "4.2.2 has it too."
        assert audit.verify(tx) is None

    await database.call(story)


async def test_the_rules_read_the_live_revision_and_not_the_proposed_one(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        live = scene.published(remedies=[{"kind": "wait", "text": "Wait."}])
        rule = as_rule_input(scene.propose(live, severity="cosmetic"))
        assert (rule.id, rule.severity, rule.revision) == (live.id, risk.Severity.DATA_LOSS, 1)
        assert rule.remedies == (risk.Remedy("wait", "Wait."),)
        assert rule.affected == (risk.Range(introduced="4.2.0"),)
        assert rule.condition == live.tree

    await database.call(story)


def test_an_unsaved_report_can_be_read_by_the_rules() -> None:
    checked = check(a_report(references=[{"type": "evidence", "url": "https://example.com"}]), NOTES)
    rule = unsaved_rule_input(checked)
    product = risk.Product(NOTES.id, NOTES.vocabulary.scheme, NOTES.vocabulary.facts, ())
    assert risk.Rule.compile(rule, product).standing("4.1.0") is risk.Standing.EXPOSED
    assert rule.url == "https://example.com"
