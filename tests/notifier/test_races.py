"""A check-in that races a publication: one of the two finds the other, so nobody falls between them."""

from __future__ import annotations

import asyncio
import random

import pytest

from notifier import publishing
from tests.notifier.stage import AT_RISK, SAFE, Stage

#: Check-ins that race each publication.
RACERS = 20


async def _race(stage: Stage, rounds: int) -> None:
    rng = random.Random(4411)
    for racer in range(RACERS):
        await stage.holds(f"c{racer}", f"i{racer}", **SAFE)
    for number in range(rounds):
        defect = await stage.file(id=f"D-{number}")
        work = [stage.check_in(f"i{racer}", footprint=AT_RISK) for racer in range(RACERS)]
        work.insert(rng.randrange(RACERS), stage.database.call(publishing.publish, defect, stage.by("ada")))  # type: ignore[arg-type]
        await asyncio.gather(*work)
        await stage.sweep(size=7)
        notices = await stage.notices(defect=defect)
        assert sorted(notice.installs[0] for notice in notices) == sorted(f"i{racer}" for racer in range(RACERS))
        await asyncio.gather(*(stage.check_in(f"i{racer}", footprint=SAFE) for racer in range(RACERS)))
        await stage.withdraw(defect)


async def test_one_of_the_two_finds_the_other_in_a_hundred_races(stage: Stage) -> None:
    await _race(stage, rounds=5)


@pytest.mark.torture
async def test_one_of_the_two_finds_the_other_in_a_thousand_races(stage: Stage) -> None:
    await _race(stage, rounds=50)


async def test_installs_of_one_customer_that_check_in_at_once_owe_one_warning(stage: Stage) -> None:
    await stage.customer("ann")
    await stage.publish()
    await asyncio.gather(*(stage.check_in(f"ann-{number}", customer="ann", footprint=AT_RISK) for number in range(20)))
    (notice,) = await stage.notices()
    assert len(notice.installs) == 20


async def test_check_ins_during_the_sweep_are_told_once(stage: Stage) -> None:
    for number in range(20):
        await stage.holds(f"c{number}", f"i{number}", **(AT_RISK if number % 2 else SAFE))
    defect = await stage.file()
    await stage.database.call(publishing.publish, defect, stage.by("ada"))
    await asyncio.gather(
        stage.sweep(size=3), *(stage.check_in(f"i{number}", footprint=AT_RISK) for number in range(20))
    )
    assert len(await stage.notices()) == 20
