"""Publishing, revising, resolving and withdrawing: who comes to be owed what."""

from __future__ import annotations

from feeds.types import Reason
from notifier import notices, publishing
from notifier.publications import Rulebook
from notifier.sweeping import sweep_page
from storage import Tx
from tests.notifier.stage import AT_RISK, SAFE, Stage


async def test_publishing_warns_those_at_risk_and_nobody_else(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    await stage.holds("bob", "bob-1", **SAFE)
    await stage.holds("cem", "cem-1", "4.2.2")
    await stage.publish()
    assert await stage.kinds(customer="ann") == [("warning", "pending")]
    assert await stage.kinds() == [("warning", "pending")]


async def test_a_missing_fact_is_warned_of_too(stage: Stage) -> None:
    await stage.holds("ann", "ann-1", notebooks=3)
    await stage.publish()
    assert await stage.kinds(customer="ann") == [("warning", "pending")]


async def test_those_who_have_it_already_are_told_how_to_recover(stage: Stage) -> None:
    await stage.holds("ann", "ann-1", "4.2.0")
    await stage.publish()
    assert await stage.kinds() == [("recovery", "pending")]


async def test_a_customer_with_several_installs_gets_one_warning_with_a_line_each(stage: Stage) -> None:
    for install in ("ann-1", "ann-2", "ann-3"):
        await stage.holds("ann", install)
    await stage.publish()
    (notice,) = await stage.notices()
    assert notice.installs == ["ann-1", "ann-2", "ann-3"]


async def test_every_recipient_is_reached_whatever_the_size_of_a_page(stage: Stage) -> None:
    for number in range(7):
        await stage.holds(f"c{number}", f"i{number}")
        await stage.check_in(f"nobody-{number}", footprint=AT_RISK)
    await stage.publish()
    assert len(await stage.notices()) == 14


async def test_an_install_that_joins_before_sending_is_added_and_after_it_is_covered(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    await stage.publish()
    await stage.holds("ann", "ann-2")
    await stage.deliver()
    await stage.holds("ann", "ann-3")
    (notice,) = await stage.notices()
    assert notice.installs == ["ann-1", "ann-2", "ann-3"]


async def test_a_check_in_that_comes_to_match_is_warned_in_its_answer(stage: Stage) -> None:
    await stage.publish()
    answer = await stage.check_in("lone-1", footprint=AT_RISK)
    assert [notice.kind.value for notice in answer.notices] == ["warning"]
    assert await stage.kinds(install="lone-1") == [("warning", "sent")]


async def test_going_ahead_after_the_warning_owes_a_recovery(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    await stage.publish()
    await stage.deliver()
    await stage.check_in("ann-1", "4.2.1")
    assert await stage.kinds() == [("warning", "sent"), ("recovery", "pending")]


async def test_moving_to_a_safe_release_owes_nothing(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    await stage.publish()
    await stage.deliver()
    await stage.check_in("ann-1", "4.2.2")
    assert await stage.kinds() == [("warning", "sent")]


async def test_resolving_gives_the_all_clear_to_exactly_those_told(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    await stage.holds("bob", "bob-1")
    defect = await stage.publish()
    await stage.deliver(customer="ann")
    await stage.resolve(defect)
    assert await stage.kinds(customer="ann") == [("warning", "sent"), ("all_clear", "pending")]
    assert await stage.kinds(customer="bob") == [("warning", "cancelled")]


async def test_the_all_clear_also_goes_to_those_who_moved_to_safety_meanwhile(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    defect = await stage.publish()
    await stage.deliver()
    await stage.check_in("ann-1", "4.2.2")
    await stage.resolve(defect)
    assert await stage.kinds() == [("warning", "sent"), ("all_clear", "pending")]


async def test_withdrawing_cancels_what_is_unsent_and_clears_what_was_sent(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    await stage.holds("bob", "bob-1")
    defect = await stage.publish()
    await stage.deliver(customer="bob")
    await stage.withdraw(defect)
    assert await stage.kinds(customer="ann") == [("warning", "cancelled")]
    assert await stage.kinds(customer="bob") == [("warning", "sent"), ("all_clear", "pending")]


async def test_widening_warns_those_who_were_told_nothing_and_corrects_the_others(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    await stage.holds("bob", "bob-1", notebooks=1, storage_format="v3")
    defect = await stage.publish()
    await stage.deliver()
    await stage.revise(defect, condition=None, affected=[{"introduced": "4.1.5", "fixed": "4.2.3"}], remedies=[])
    assert await stage.kinds(customer="ann") == [("warning", "sent"), ("correction", "pending")]
    assert await stage.kinds(customer="bob") == [("warning", "pending")]


async def test_narrowing_takes_it_back_from_those_no_longer_meant(stage: Stage) -> None:
    await stage.holds("ann", "ann-1", notebooks=1, storage_format="v1")
    await stage.holds("bob", "bob-1", notebooks=1, storage_format="v2")
    defect = await stage.publish()
    await stage.deliver()
    await stage.revise(defect, condition="storage_format == 'v2'")
    assert await stage.kinds(customer="ann") == [("warning", "sent"), ("all_clear", "pending")]
    assert await stage.kinds(customer="bob") == [("warning", "sent")]


async def test_a_change_of_wording_tells_nobody(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    defect = await stage.publish()
    await stage.deliver()
    await stage.revise(defect, title="Notes in the v2 format can be lost", summary="Better words.")
    assert await stage.kinds() == [("warning", "sent")]


async def test_what_is_unsent_leaves_under_the_new_revision(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    defect = await stage.publish()
    await stage.revise(defect, title="Better words")
    (notice,) = await stage.notices()
    assert (notice.state, notice.revision, notice.title) == ("pending", 2, "Better words")


async def test_reopening_warns_again_in_a_new_episode(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    defect = await stage.publish()
    await stage.deliver()
    await stage.resolve(defect)
    await stage.deliver()
    await stage.act(publishing.reopen, defect, Reason("4.2.2 has it too."))
    assert await stage.kinds() == [("warning", "sent"), ("all_clear", "sent"), ("warning", "pending")]


async def test_reopening_before_the_all_clear_left_calls_it_off(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    defect = await stage.publish()
    await stage.deliver()
    await stage.resolve(defect)
    await stage.act(publishing.reopen, defect, Reason("4.2.2 has it too."))
    assert await stage.kinds() == [("warning", "sent"), ("all_clear", "cancelled")]


async def test_a_new_release_in_the_range_warns_those_below_it(stage: Stage) -> None:
    await stage.release("5.0.0", "withdrawn")
    await stage.holds("ann", "ann-1", "4.3.0")
    await stage.publish(affected=[{"introduced": "5.0.0"}])
    assert await stage.kinds() == []
    await stage.release("5.0.1", "held")
    await stage.sweep()
    assert await stage.kinds() == [("warning", "pending")]


async def test_a_withdrawn_release_gives_the_all_clear(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    await stage.publish()
    await stage.deliver()
    await stage.release("4.2.0", "withdrawn")
    await stage.release("4.2.1", "withdrawn")
    await stage.sweep()
    assert await stage.kinds() == [("warning", "sent"), ("all_clear", "pending")]


async def test_leaving_the_affected_version_owes_the_repair_until_it_is_done(stage: Stage) -> None:
    await stage.holds("ann", "ann-1", "4.2.1")
    defect = await stage.publish()
    await stage.deliver()
    await stage.resolve(defect)
    await stage.check_in("ann-1", "4.2.2")
    assert await stage.database.read(_states) == ["repair_owed"]
    (recovery, _) = await stage.notices()
    await stage.database.call(notices.choose, recovery.id, 2, stage.now)
    assert await stage.database.read(_states) == [None]
    await stage.check_in("ann-1", "4.3.0")
    assert await stage.database.read(_states) == [None]


async def test_an_install_that_changes_hands_is_told_of_anew(stage: Stage) -> None:
    await stage.check_in("i-1", footprint=AT_RISK)
    await stage.publish()
    await stage.customer("ann")
    await stage.check_in("i-1", customer="ann")
    assert await stage.kinds(customer="ann") == [("warning", "pending")]


async def test_a_cosmetic_defect_is_on_record_but_mails_nobody(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    await stage.publish(severity="cosmetic")
    assert await stage.kinds() == []
    assert await stage.database.read(_states) == ["at_risk"]


async def test_a_newer_publication_overtakes_a_sweep_under_way(stage: Stage) -> None:
    for number in range(5):
        await stage.holds(f"c{number}", f"i{number}")
    defect = await stage.file()
    await stage.database.call(publishing.publish, defect, stage.by("ada"))
    await stage.database.call(sweep_page, Rulebook(), stage.now, 2)
    await stage.withdraw(defect)
    assert {state for _, state in await stage.kinds()} == {"cancelled"}
    assert set(await stage.database.read(_states)) == {None}


async def test_the_same_publication_twice_tells_nobody_twice(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    defect = await stage.publish()
    await stage.deliver()
    await stage.revise(defect, references=[{"type": "evidence", "url": "https://example.com/1"}])
    await stage.sweep()
    assert await stage.kinds() == [("warning", "sent")]


def _states(tx: Tx) -> list[str | None]:
    return [row["state"] for row in tx.built("SELECT state FROM exposures ORDER BY install_no", {})]
