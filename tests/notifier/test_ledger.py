"""The ledger: who was warned before installing, who after, who never."""

from __future__ import annotations

from feeds.types import Reason
from installs_registry import customers, preferences
from installs_registry.preferences import PreferencesWish
from notifier import previews, publishing
from notifier.proofs import Proof
from notifier.registering import Reporter
from storage import Tx
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


async def test_who_wants_to_hear_only_of_graver_things_is_counted_as_unreachable(stage: Stage) -> None:
    for name in ("all", "grave", "nothing"):
        await stage.holds(name, f"{name}-1")

    def choose(tx: Tx) -> None:
        for name, wish in (
            ("grave", PreferencesWish(email="data-corruption")),
            ("nothing", PreferencesWish(email="nothing")),
        ):
            preferences.choose(tx, customers.number(tx, name), wish, name, stage.now)

    await stage.database.call(choose)
    outage = await stage.publish(id="OUTAGE", severity="outage")
    loss = await stage.publish(id="LOSS")
    for defect, unreachable in ((outage, 2), (loss, 1)):
        assert (await stage.ledger(defect)).unreachable == unreachable
        audience = await stage.database.read(previews.preview_of, defect, stage.now)
        assert (audience.reachable.email, audience.reachable.nobody) == (3 - unreachable, unreachable)


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


async def test_a_warning_that_a_wrong_all_clear_took_back_does_not_count(stage: Stage) -> None:
    for name in ("ann", "bob"):
        await stage.holds(name, f"{name}-1")
    defect = await stage.publish()
    stage.later(hours=1)
    await stage.deliver()
    stage.later(hours=1)
    await stage.check_in("ann-1", "4.2.0")
    await stage.resolve(defect)
    stage.later(hours=1)
    await stage.deliver()
    stage.later(hours=1)
    await stage.check_in("bob-1", "4.2.0")
    assert (await stage.ledger(defect)).installed_unwarned == 0
    stage.later(hours=1)
    await stage.act(publishing.reopen, defect, Reason("It is back."))
    view = await stage.ledger(defect)
    assert (view.warned_before_install, view.installed_unwarned) == (1, 1)
    assert view.proof_at_install[Proof.ACCEPTED] == 1
    assert view.proof_at_install[Proof.NOT_REACHED] == 1


async def test_a_proof_from_the_very_check_in_that_reports_the_version_came_too_late(stage: Stage) -> None:
    app = Reporter("t" * 32, 1)
    await stage.check_in("lone", reporter=app, footprint={"notebooks": 1, "storage_format": "v1"})
    defect = await stage.publish()
    stage.later(hours=1)
    await stage.check_in("lone", "4.2.0", reporter=app)
    view = await stage.ledger(defect)
    assert (view.warned_before_install, view.warned_after_install + view.installed_unwarned) == (0, 1)
    assert view.proof_at_install[Proof.NOT_REACHED] == 1


async def test_a_vendors_own_report_proves_nothing_of_an_app(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    defect = await stage.publish()
    await stage.deliver()
    stage.later(hours=1)
    await stage.check_in("ann-1")
    assert (await stage.ledger(defect)).proof_now[Proof.ACCEPTED] == 1
