"""The ledger: who was warned before installing, who after, who never."""

from __future__ import annotations

from datetime import timedelta

from notifier.ledger import progress
from notifier.registering import Reporter
from tests.notifier.stage import Stage


async def test_it_tells_in_time_from_too_late_and_never(stage: Stage) -> None:
    for name in ("held", "moved", "heedless", "late", "unheard", "never"):
        await stage.holds(name, f"{name}-1")
    await stage.customer("unheard", email=None)
    await stage.check_in("late-1", "4.2.0")
    await stage.check_in("never-1", "4.2.0")
    defect = await stage.publish()
    stage.later(hours=1)
    for name in ("held", "moved", "heedless", "late"):
        await stage.deliver(customer=name)
    stage.later(hours=1)
    await stage.check_in("moved-1", "4.2.2")
    await stage.check_in("heedless-1", "4.2.0")
    await stage.check_in("unheard-1", "4.2.1")
    ledger = await stage.ledger(defect)
    assert ledger.exposed == 6
    assert (ledger.warned_before_install, ledger.warned_after_install, ledger.installed_unwarned) == (3, 2, 1)
    assert (ledger.held_back, ledger.moved_to_safe) == (1, 1)


async def test_those_nobody_can_reach_are_counted(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    await stage.customer("ann", email=None)
    defect = await stage.publish()
    assert (await stage.ledger(defect)).unreachable == 1


async def test_who_installed_and_was_never_told_is_the_figure_that_counts(stage: Stage) -> None:
    await stage.holds("ann", "ann-1", "4.2.0")
    defect = await stage.publish()
    assert (await stage.ledger(defect)).installed_unwarned == 1


async def test_delivery_times_are_nearest_ranks_from_publishing(stage: Stage) -> None:
    for number in range(20):
        await stage.holds(f"c{number}", f"i{number}")
    defect = await stage.publish()
    for number in range(20):
        stage.later(seconds=1)
        await stage.deliver(customer=f"c{number}")
    ledger = await stage.ledger(defect)
    assert (ledger.delivered_p50_seconds, ledger.delivered_p95_seconds) == (10.0, 19.0)


async def test_progress_counts_deliveries_by_state_and_channel(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    await stage.holds("bob", "bob-1")
    await stage.check_in("lone", reporter=Reporter("t" * 32, 1), footprint={"notebooks": 1, "storage_format": "v1"})
    defect = await stage.publish()
    await stage.deliver(customer="ann")
    view = await stage.database.read(progress, defect, stage.now + timedelta(seconds=1))
    assert (view.total, view.pending, view.sent) == (3, 2, 1)
    assert view.by_channel == {"email": 2, "in_app": 1}
    assert (view.per_second, view.seconds_left) == (round(1 / 60, 3), 120.0)
