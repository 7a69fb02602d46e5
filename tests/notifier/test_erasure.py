"""Forgetting a customer: what it was told and owed goes, its installs stay and are still warned."""

from __future__ import annotations

import json

import pytest

from notifier import forgetting, publishing
from notifier.sweeping import sweep_page
from notifier.verdicts import Acceptance, accept_risks
from storage import Tx
from tests.notifier.stage import AT_RISK, Stage

TABLES = ("customers", "installs", "notices", "notice_installs", "deliveries", "accepted_risks", "exposures")


def everything(tx: Tx) -> str:
    return json.dumps([tx.built(f"SELECT * FROM {table}", {}) for table in TABLES])  # noqa: S608 - our own tables


async def test_nothing_of_the_customer_is_left(stage: Stage) -> None:
    await stage.holds("zebulon", "i-1")
    defect = await stage.publish()
    await stage.deliver()
    await stage.database.call(accept_risks, Acceptance((defect,), "i-1", "4.1.0", "4.2.0", "zebulon"), stage.now)
    assert "zebulon" in (await stage.database.read(everything)).lower()
    await stage.database.call(forgetting.erase_customer, "zebulon", stage.now)
    assert "zebulon" not in (await stage.database.read(everything)).lower()


async def test_its_install_is_held_by_nobody_known_and_warned_in_the_app(stage: Stage) -> None:
    await stage.holds("zebulon", "i-1")
    await stage.publish()
    await stage.deliver()
    await stage.database.call(forgetting.erase_customer, "zebulon", stage.now)
    assert await stage.kinds(install="i-1") == [("warning", "pending")]
    answer = await stage.check_in("i-1")
    assert [(notice.kind.value, notice.state) for notice in answer.notices] == [("warning", "sent")]


@pytest.mark.parametrize("pages", range(6))
async def test_whoever_is_erased_while_a_sweep_is_under_way_leaves_nobody_unwarned(stage: Stage, pages: int) -> None:
    for number in range(4):
        await stage.holds(f"c{number}", f"held-{number}")
        await stage.check_in(f"free-{number}", footprint=AT_RISK)
    defect = await stage.file()
    await stage.database.call(publishing.publish, defect, stage.by("ada"))
    for _ in range(pages):
        await stage.database.call(sweep_page, stage.rulebook, stage.now, 2)
    for customer in ("c0", "c3"):
        await stage.database.call(forgetting.erase_customer, customer, stage.now)
    await stage.sweep()
    warned = [notice.installs for notice in await stage.notices(defect=defect) if notice.state == "pending"]
    assert sorted(warned) == [[f"{kind}-{number}"] for kind in ("free", "held") for number in range(4)]


async def test_all_that_is_held_can_be_exported(stage: Stage) -> None:
    await stage.holds("zebulon", "i-1")
    await stage.publish()
    exported = await stage.database.read(forgetting.export_customer, "zebulon")
    assert exported["customer"].name == "Zebulon"
    assert [install.install for install in exported["installs"]] == ["i-1"]
    assert [notice.kind.value for notice in exported["notices"]] == ["warning"]
