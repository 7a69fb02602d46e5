"""An install that is linked to a customer after the app has warned it: one defect, one warning, one all-clear."""

from __future__ import annotations

from feeds.types import Reason
from notifier import publishing
from tests.notifier.stage import AT_RISK, SAFE, Stage


async def warned_in_the_app(stage: Stage, install: str = "i-1") -> str:
    """Let the app of an install that nobody is known to hold show a warning; return the notice's id."""
    answer = await stage.check_in(install, footprint=AT_RISK)
    (notice,) = answer.notices
    return notice.id


async def test_what_the_app_has_shown_is_the_customers_and_no_second_warning_is_owed(stage: Stage) -> None:
    await stage.publish()
    shown = await warned_in_the_app(stage)
    await stage.customer("ann")
    await stage.check_in("i-1", customer="ann")
    (notice,) = await stage.notices(customer="ann")
    assert (notice.id, notice.state) == (shown, "sent")
    assert len(await stage.notices(defect="NOTES-4411")) == 1
    assert (await stage.ledger("NOTES-4411")).warned_before_install == 1


async def test_the_all_clear_follows_in_the_app_where_the_warning_was_shown(stage: Stage) -> None:
    await stage.publish()
    await warned_in_the_app(stage)
    await stage.customer("ann")
    await stage.check_in("i-1", customer="ann")
    await stage.resolve("NOTES-4411")
    assert await stage.kinds(customer="ann") == [("warning", "sent"), ("all_clear", "pending")]
    answer = await stage.check_in("i-1")
    assert [notice.kind.value for notice in answer.notices] == ["all_clear"]


async def test_a_correction_reaches_who_was_warned_before_being_known(stage: Stage) -> None:
    defect = await stage.publish()
    await warned_in_the_app(stage)
    await stage.customer("ann")
    await stage.check_in("i-1", customer="ann")
    await stage.revise(defect, remedies=[{"kind": "wait"}, {"kind": "contact"}])
    assert [kind for kind, _ in await stage.kinds(customer="ann")] == ["warning", "correction"]


async def test_a_customer_who_has_a_mail_of_the_defect_keeps_it_as_the_one_to_be_answered(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    await stage.publish()
    await stage.deliver()
    await warned_in_the_app(stage)
    await stage.check_in("i-1", customer="ann")
    (mailed,) = await stage.notices(customer="ann")
    assert sorted(mailed.installs) == ["ann-1", "i-1"]
    await stage.resolve("NOTES-4411")
    assert [kind for kind, _ in await stage.kinds(customer="ann")] == ["warning", "all_clear"]


async def test_what_the_app_has_not_shown_yet_is_owed_to_the_customer(stage: Stage) -> None:
    await stage.check_in("i-1", footprint=AT_RISK)
    await stage.publish()
    await stage.customer("ann")
    await stage.check_in("i-1", customer="ann")
    assert await stage.kinds(customer="ann") == [("warning", "pending")]


async def test_what_waited_for_who_held_the_install_before_is_called_off(stage: Stage) -> None:
    await stage.check_in("i-1", footprint=AT_RISK)
    await stage.holds("bob", "i-2")
    await stage.publish()
    await stage.customer("ann")
    for install in ("i-1", "i-2"):
        await stage.check_in(install, customer="ann")
    waiting = await stage.database.read(
        lambda tx: tx.built(
            "SELECT n.recipient, count(*) AS lines FROM notices n JOIN notice_installs l ON l.notice_no = n.no"
            " JOIN deliveries d ON d.notice_no = n.no WHERE n.state = 'PENDING' AND d.state = 'PENDING'"
            " GROUP BY n.recipient",
            {},
        )
    )
    assert [row["lines"] for row in waiting] == [2]
    assert [state for _, state in await stage.kinds()] == ["cancelled", "cancelled", "pending"]
    assert await stage.kinds(customer="bob") == [("warning", "cancelled")]


async def test_what_still_concerns_another_install_of_the_holder_before_waits_on(stage: Stage) -> None:
    await stage.holds("bob", "i-1")
    await stage.holds("bob", "i-2")
    await stage.publish()
    await stage.customer("ann")
    await stage.check_in("i-1", customer="ann")
    (waiting,) = await stage.notices(customer="bob")
    assert (waiting.state, list(waiting.installs)) == ("pending", ["i-2"])


async def test_who_takes_an_install_over_from_a_customer_is_told_anew(stage: Stage) -> None:
    await stage.holds("ann", "i-1")
    await stage.publish()
    await stage.deliver()
    await stage.customer("bob")
    await stage.check_in("i-1", customer="bob")
    assert [kind for kind, _ in await stage.kinds(customer="bob")] == ["warning"]
    assert [kind for kind, _ in await stage.kinds(customer="ann")] == ["warning"]


async def test_who_was_linked_after_a_warning_that_was_called_off_can_be_warned_again(stage: Stage) -> None:
    await stage.check_in("i-1", footprint=AT_RISK)
    defect = await stage.publish()
    await stage.check_in("i-1", footprint=SAFE)
    await warned_in_the_app(stage)
    assert await stage.kinds(install="i-1") == [("warning", "cancelled"), ("warning", "sent")]
    await stage.customer("ann")
    await stage.check_in("i-1", customer="ann")
    await stage.resolve(defect)
    await stage.deliver(customer="ann")
    await stage.act(publishing.reopen, defect, Reason("It is back in 4.2.1."))
    assert [kind for kind, _ in await stage.kinds(customer="ann")] == ["warning", "all_clear", "warning"]
