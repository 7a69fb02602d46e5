"""Forgetting a customer: what it was told and owed goes, its installs stay and are still warned."""

from __future__ import annotations

import json

from notifier import forgetting
from notifier.verdicts import Acceptance, accept_risks
from storage import Tx
from tests.notifier.stage import Stage

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


async def test_all_that_is_held_can_be_exported(stage: Stage) -> None:
    await stage.holds("zebulon", "i-1")
    await stage.publish()
    exported = await stage.database.read(forgetting.export_customer, "zebulon")
    assert exported["customer"].name == "Zebulon"
    assert [install.install for install in exported["installs"]] == ["i-1"]
    assert [notice.kind.value for notice in exported["notices"]] == ["warning"]
