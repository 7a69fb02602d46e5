"""What a batch of check-ins owes takes the same statements for three installs as for five hundred."""

from __future__ import annotations

from typing import Any

import pytest

from notifier import registering
from notifier.registering import Reported, Taken
from storage import Database, Tx
from tests.notifier.stage import AT_RISK, SAFE, Stage
from tests.notifier.test_batches import a_stage, reported
from tests.statements import watched

FEW, MANY = 3, 500


@pytest.fixture
async def stage_of_two(database: Database) -> Stage:
    return await a_stage(database)


def batch(name: str, count: int, **body: Any) -> list[Reported]:
    return [reported(f"{name}-{number}", **body) for number in range(count)]


async def took(stage: Stage, names: list[str], reports: list[Reported]) -> list[str]:
    """Take a batch whole; return the statements that it took."""

    def take(tx: Tx) -> list[Any]:
        del names[:]
        return registering.take(tx, reports, stage.rulebook, stage.now)

    assert all(isinstance(one, Taken) for one in await stage.database.call(take))
    return list(names)


@pytest.mark.parametrize("are_held", [False, True])
async def test_the_statements_of_a_batch_do_not_grow_with_its_installs(
    stage_of_two: Stage, monkeypatch: pytest.MonkeyPatch, *, are_held: bool
) -> None:
    names = watched(monkeypatch)
    await stage_of_two.release("4.2.2")
    await took(stage_of_two, names, batch("first", 1))
    for reports in (
        {"footprint": SAFE},
        {"footprint": AT_RISK},
        {"version": "4.2.0"},
        {"version": "4.2.2"},
        {"version": "4.1.0", "footprint": SAFE},
    ):
        few, many = [
            await took(stage_of_two, names, batch(customer, count, **reports, **holder))
            for customer, count in (("ann", FEW), ("bob", MANY))
            for holder in [{"customer": customer} if are_held else {}]
        ]
        assert sorted(many) == sorted(few)


async def test_five_hundred_that_grow_into_risk_are_each_owed_a_warning(stage_of_two: Stage) -> None:
    for facts in (SAFE, AT_RISK):
        await took(stage_of_two, [], batch("many", MANY, footprint=facts))
    warned = [notice for notice in await stage_of_two.notices(defect="NOTES-4411") if notice.kind.value == "warning"]
    assert sorted(notice.installs for notice in warned) == sorted([f"many-{number}"] for number in range(MANY))


async def test_installs_that_come_to_customers_of_their_own_are_parted_from_what_waits_together(
    stage_of_two: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = watched(monkeypatch)
    for number in range(MANY // 5):
        await stage_of_two.customer(f"c{number}")
    await took(stage_of_two, names, batch("i", MANY // 5, footprint=AT_RISK))
    moves = [reported(f"i-{number}", customer=f"c{number}") for number in range(MANY // 5)]
    few = await took(stage_of_two, names, moves[:FEW])
    many = await took(stage_of_two, names, moves[FEW:])
    assert sorted(many) == sorted(few)
    waiting = [notice for notice in await stage_of_two.notices(defect="NOTES-4411") if notice.state == "pending"]
    assert sorted(notice.installs for notice in waiting) == sorted([f"i-{number}"] for number in range(MANY // 5))
