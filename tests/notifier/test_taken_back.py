"""What a withdrawal or a narrowing took back, told as the rows have it: never sent, in doubt, sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from feeds.types import Reason
from notifier import publishing
from notifier.channels.failures import Cause, DeliveryFailed
from notifier.delivery.claims import Claimed
from notifier.delivery.last_look import Permission
from notifier.delivery.leases import LEASE
from notifier.progress import progress
from notifier.registering import Reporter
from notifier.states import NoticeState
from notifier.taken_back import Fate, fate
from notifier.types import TakenBackView
from storage import Tx
from tests.notifier.delivery.test_leases import PATIENCE, begin, claim, expire, settle
from tests.notifier.stage import AT_RISK, Stage

#: Each is at another point of the way when the warning is taken back.
PEOPLE = ("sent", "doubted", "leaving", "refused", "claimed", "waiting", "late")
#: At risk whatever is narrowed away.
KEPT = {"notebooks": 500, "storage_format": "v2"}

TakeBack = Callable[[Stage, str], Awaitable[None]]


async def withdrawn(stage: Stage, defect: str) -> None:
    await stage.withdraw(defect)


async def narrowed(stage: Stage, defect: str) -> None:
    await stage.revise(defect, severity="outage", condition="notebooks > 100")


async def told(stage: Stage, defect: str) -> TakenBackView | None:
    return (await stage.database.read(progress, defect, stage.now)).taken_back


async def under_way(stage: Stage) -> tuple[str, dict[str, Claimed]]:
    """Publish, and let each of the people be at its point; return the defect, and what is in a worker's hands."""
    for name in PEOPLE:
        await stage.holds(name, f"of-{name}")
    defect = await stage.publish(severity="outage")
    held = {str(each.address).partition("@")[0]: each for each in await claim(stage, most=5)}
    assert list(held) == list(PEOPLE[:5])
    for name in ("sent", "doubted", "leaving"):
        assert await begin(stage, held[name]) is Permission.GO
    await settle(stage, PATIENCE.sent(held["sent"], "250 taken"))
    lost = DeliveryFailed(Cause.CONNECTION, "reset", in_doubt=True)
    await settle(stage, PATIENCE.failed(held["doubted"], lost, stage.now))
    gone = DeliveryFailed(Cause.RECIPIENT, "550 5.1.1", permanent=True)
    await settle(stage, PATIENCE.failed(held["refused"], gone, stage.now))
    return defect, held


def counted(tx: Tx) -> Counter[Fate]:
    """Count by the rows alone."""
    rows = tx.built(
        "SELECT d.state, d.handed_over_at FROM deliveries d JOIN notices n ON n.no = d.notice_no"
        " WHERE n.kind <> 'all_clear'",
        {},
    )
    return Counter(fate(NoticeState(row["state"]), has_left=row["handed_over_at"] is not None) for row in rows)


async def equals_the_rows(stage: Stage, defect: str) -> TakenBackView:
    view, rows = await told(stage, defect), await stage.database.read(counted)
    assert view is not None
    assert Counter({each: getattr(view, each) for each in Fate}) == rows
    assert (await stage.ledger(defect)).taken_back == view
    return view


async def test_nothing_is_taken_back_while_a_warning_stands(stage: Stage) -> None:
    defect, _ = await under_way(stage)
    assert await told(stage, defect) is None
    assert (await stage.ledger(defect)).taken_back is None


@pytest.mark.parametrize("take_back", [withdrawn, narrowed])
async def test_each_delivery_is_never_sent_in_doubt_sent_or_refused(stage: Stage, take_back: TakeBack) -> None:
    defect, _ = await under_way(stage)
    await take_back(stage, defect)
    view = await equals_the_rows(stage, defect)
    assert (view.by, view.at) == (take_back.__name__, "2026-01-01T12:00:00.000000Z")
    assert (view.never_sent, view.in_doubt, view.sent, view.refused) == (3, 2, 1, 1)
    assert (view.all_clears, view.all_clears_sent) == (3, 0)


@pytest.mark.parametrize("take_back", [withdrawn, narrowed])
async def test_what_was_under_way_is_counted_by_what_became_of_it(stage: Stage, take_back: TakeBack) -> None:
    defect, held = await under_way(stage)
    await take_back(stage, defect)
    assert await begin(stage, held["claimed"]) is Permission.NEVER
    await settle(stage, PATIENCE.sent(held["leaving"], "250 taken"))
    await stage.deliver()
    view = await equals_the_rows(stage, defect)
    assert (view.never_sent, view.in_doubt, view.sent, view.refused) == (3, 1, 2, 1)
    assert (view.all_clears, view.all_clears_sent) == (3, 3)


@pytest.mark.parametrize("take_back", [withdrawn, narrowed])
async def test_after_a_kill_what_had_left_is_in_doubt_and_the_rest_was_never_sent(
    stage: Stage, take_back: TakeBack
) -> None:
    defect, _ = await under_way(stage)
    await take_back(stage, defect)
    stage.now += LEASE * 2
    await expire(stage)
    assert await claim(stage, "the next") != []
    view = await equals_the_rows(stage, defect)
    assert (view.never_sent, view.in_doubt, view.sent, view.refused) == (3, 2, 1, 1)


async def test_a_withdrawal_counts_before_its_sweep_has_begun(stage: Stage) -> None:
    defect, _ = await under_way(stage)
    for person in ("ada", "omar"):
        await stage.database.call(publishing.withdraw, defect, Reason("It was the test rig."), stage.by(person))
    view = await equals_the_rows(stage, defect)
    assert (view.never_sent, view.all_clears) == (3, 0)


async def test_who_is_still_concerned_is_no_part_of_what_a_narrowing_took_back(stage: Stage) -> None:
    await stage.holds("kept", "of-kept", "4.1.0", **KEPT)
    # Told in one mail of two installs, of which one stays concerned.
    await stage.holds("both", "of-both", "4.1.0", **KEPT)
    await stage.check_in("of-both-2", customer="both", footprint=AT_RISK)
    await stage.holds("freed", "of-freed")
    # The customer's own doing, and none of ours.
    await stage.holds("moved", "of-moved")
    defect = await stage.publish(severity="outage")
    await stage.deliver()
    await stage.check_in("of-moved", "4.2.2")
    await narrowed(stage, defect)
    view = await told(stage, defect)
    assert view is not None
    assert (view.never_sent, view.in_doubt, view.sent, view.refused, view.all_clears) == (0, 0, 1, 0, 1)


async def test_a_revision_that_frees_nobody_takes_nothing_back_and_leaves_what_was_before(stage: Stage) -> None:
    await stage.holds("freed", "of-freed")
    defect = await stage.publish(severity="outage")
    await stage.deliver()
    await stage.revise(defect, severity="outage", summary="In other words.")
    assert await told(stage, defect) is None
    await narrowed(stage, defect)
    before = await told(stage, defect)
    assert before is not None
    await stage.revise(defect, severity="outage", condition="notebooks > 100", summary="In other words again.")
    assert await told(stage, defect) == before


async def test_a_withdrawal_does_not_count_again_what_a_narrowing_has_closed(stage: Stage) -> None:
    await stage.holds("freed", "of-freed")
    await stage.holds("kept", "of-kept", "4.1.0", **KEPT)
    defect = await stage.publish(severity="outage")
    await stage.deliver()
    await narrowed(stage, defect)
    await stage.deliver()
    await stage.withdraw(defect)
    view = await told(stage, defect)
    assert view is not None
    assert (view.by, view.sent, view.all_clears, view.all_clears_sent) == ("withdrawn", 1, 1, 0)


async def test_the_all_clears_of_a_later_fix_are_none_of_a_narrowing(stage: Stage) -> None:
    await stage.holds("freed", "of-freed")
    await stage.holds("kept", "of-kept", "4.1.0", **KEPT)
    defect = await stage.publish(severity="outage")
    await stage.deliver()
    await narrowed(stage, defect)
    await stage.release("4.2.2")
    await stage.resolve(defect)
    await stage.deliver()
    view = await told(stage, defect)
    assert view is not None
    assert (view.by, view.sent, view.all_clears, view.all_clears_sent) == ("narrowed", 1, 1, 1)


async def test_a_clock_that_went_back_changes_nothing(stage: Stage) -> None:
    defect, _ = await under_way(stage)
    stage.later(days=-30)
    await narrowed(stage, defect)
    view = await equals_the_rows(stage, defect)
    assert (view.never_sent, view.in_doubt, view.sent, view.refused) == (3, 2, 1, 1)


async def test_who_is_warned_anew_after_a_narrowing_is_none_of_it(stage: Stage) -> None:
    await stage.holds("freed", "of-freed")
    defect = await stage.publish(severity="outage")
    await stage.deliver()
    await narrowed(stage, defect)
    await stage.deliver()
    before = await told(stage, defect)
    await stage.check_in("of-freed", footprint=KEPT)
    assert [kind for kind, state in await stage.kinds() if state == "pending"] == ["warning"]
    assert await told(stage, defect) == before


async def test_what_an_app_has_shown_is_sent_and_what_it_has_not_fetched_never_is(stage: Stage) -> None:
    app = Reporter("t" * 32, 1)
    for name in ("shown", "closed"):
        await stage.check_in(name, reporter=app, footprint=AT_RISK)
    defect = await stage.publish(severity="outage")
    assert (await stage.check_in("shown", reporter=app)).notices
    await stage.withdraw(defect)
    view = await equals_the_rows(stage, defect)
    assert (view.never_sent, view.sent) == (1, 1)
