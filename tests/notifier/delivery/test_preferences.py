"""What a customer does not want to hear on a channel does not go there, and the gravest only by its own word."""

from __future__ import annotations

import pytest

from installs_registry import customers, preferences
from installs_registry.preferences import PreferencesWish
from notifier import audience
from storage import Tx
from tests.notifier.post_office import a_postman, open_post_office
from tests.notifier.stage import Stage


def choose(tx: Tx, customer: str, wish: PreferencesWish, stage: Stage) -> None:
    preferences.choose(tx, customers.number(tx, customer), wish, "Ann", stage.now)


def unsubscribe(tx: Tx, customer: str, stage: Stage) -> None:
    preferences.unsubscribe(tx, customers.number(tx, customer), stage.now)


async def mailed(stage: Stage) -> list[str]:
    async with open_post_office() as office:
        postman = a_postman(stage, office)
        try:
            await postman.deliver_due()
        finally:
            await postman.close()
        return office.recipients()


@pytest.mark.parametrize(("severity", "arrives"), [("data-loss", True), ("data-corruption", True), ("outage", False)])
@pytest.mark.parametrize("before_publishing", [True, False])
async def test_who_has_unsubscribed_still_hears_that_data_will_be_lost_or_damaged(
    stage: Stage, severity: str, *, arrives: bool, before_publishing: bool
) -> None:
    await stage.holds("ann", "i-1")
    if before_publishing:
        await stage.database.call(unsubscribe, "ann", stage)
    await stage.publish(severity=severity)
    if not before_publishing:
        await stage.database.call(unsubscribe, "ann", stage)
    assert await mailed(stage) == (["ann@example.com"] if arrives else [])


async def test_who_has_stopped_even_these_gets_none_and_counts_as_reached_by_no_mail(stage: Stage) -> None:
    await stage.holds("ann", "i-1")
    await stage.database.call(choose, "ann", PreferencesWish(email="nothing"), stage)
    defect = await stage.publish()
    assert await mailed(stage) == []
    reachable = (await stage.database.read(audience.audience_of, defect)).reachable
    assert (reachable.email, reachable.nobody) == (0, 1)
    assert (await stage.ledger(defect)).unreachable == 1
