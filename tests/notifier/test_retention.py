"""Throwing away by age: in pages, and never what a warning, a repair or the ledger needs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from installs_registry import history
from installs_registry.history import History
from notifier.retention import Retention
from notifier.verdicts import CheckMade, record_checks
from storage import Tx
from storage.outcomes import NotFound
from tests.notifier.stage import AT_RISK, Stage

YEAR = timedelta(days=365)
ALL = Retention(history=YEAR, checks=YEAR, installs=YEAR)


def history_of(tx: Tx, install: str) -> History:
    return history.of_install(tx, install)


async def versions(stage: Stage, install: str = "i-1") -> list[str]:
    return [had.version for had in (await stage.database.read(history_of, install)).versions]


async def apply(stage: Stage, retention: Retention = ALL) -> dict[str, int]:
    return await retention.apply(stage.database, stage.now, page=2)


async def test_without_limits_everything_stays(stage: Stage) -> None:
    await stage.check_in("i-1", footprint=AT_RISK)
    stage.later(days=36_000)
    assert set((await apply(stage, Retention())).values()) == {0}


async def test_old_returns_to_a_version_go_and_its_first_time_and_the_newest_stay(stage: Stage) -> None:
    for version in ("4.1.0", "4.2.0", "4.1.0", "4.2.0", "4.1.0"):
        await stage.check_in("i-1", version)
        stage.later(days=1)
    stage.later(days=400)
    assert (await apply(stage, Retention(history=YEAR)))["versions"] == 2
    assert await versions(stage) == ["4.1.0", "4.2.0", "4.1.0"]


async def test_a_repair_owed_from_long_ago_is_still_owed_for_a_defect_found_today(stage: Stage) -> None:
    await stage.customer("ann")
    for version in ("4.1.0", "4.2.0", "4.2.2", "4.2.0", "4.2.2"):
        await stage.check_in("i-1", version, customer="ann", footprint=AT_RISK)
        stage.later(days=1)
    stage.later(days=4_000)
    await stage.check_in("i-1", "4.2.2")
    await apply(stage, Retention(history=YEAR))
    await stage.publish()
    assert await stage.kinds(install="i-1") == [("recovery", "pending")]


async def test_changes_of_footprints_go_with_their_age(stage: Stage) -> None:
    await stage.check_in("i-1", footprint=AT_RISK)
    for notebooks in range(5):
        await stage.check_in("i-1", footprint={"notebooks": notebooks})
    stage.later(days=400)
    await stage.check_in("i-1", footprint={"storage_format": "v3"})
    assert (await apply(stage, Retention(history=YEAR)))["footprint_changes"] >= 5
    changes = (await stage.database.read(history_of, "i-1")).footprint_changes
    assert [change.facts for change in changes] == [["storage_format"]]


async def test_checks_go_with_their_age(stage: Stage) -> None:
    await stage.check_in("i-1")
    for _ in range(5):
        await stage.database.call(record_checks, [CheckMade("i-1", "4.1.0", "4.2.0", "proceed", 1, stage.now)])
    stage.later(days=366)
    await stage.database.call(record_checks, [CheckMade("i-1", "4.1.0", "4.2.0", "hold", 1, stage.now)])
    assert (await apply(stage, Retention(checks=YEAR)))["checks"] == 5
    left = await stage.database.read(lambda tx: tx.built("SELECT decision FROM checks", {}))
    assert [row["decision"] for row in left] == ["hold"]


async def test_an_install_that_is_not_seen_any_more_goes_with_all_that_is_known_of_it(stage: Stage) -> None:
    await stage.holds("ann", "old-1")
    await stage.check_in("old-2", footprint=AT_RISK)
    await stage.publish()
    await stage.deliver()
    stage.later(days=366)
    await stage.check_in("new-1", footprint=AT_RISK)
    assert (await apply(stage, Retention(installs=YEAR)))["installs"] == 2
    for install in ("old-1", "old-2"):
        with pytest.raises(NotFound):
            await versions(stage, install)
    assert await versions(stage, "new-1") == ["4.1.0"]
    assert [kind for kind, _ in await stage.kinds(install="new-1")] == ["warning"]
    assert len(await stage.notices(defect="NOTES-4411")) == 2


async def test_an_install_that_comes_back_after_it_was_forgotten_is_warned_anew(stage: Stage) -> None:
    await stage.check_in("i-1", footprint=AT_RISK)
    await stage.publish()
    stage.later(days=366)
    await apply(stage, Retention(installs=YEAR))
    answer = await stage.check_in("i-1", footprint=AT_RISK)
    assert [notice.kind.value for notice in answer.notices] == ["warning"]
