"""Forgetting a customer: what it was told and owed goes, its installs stay and are still warned."""

from __future__ import annotations

import json

import pytest

from notifier import forgetting, publishing
from notifier.delivery.bouncing import Taken
from notifier.sweeping import sweep_page
from notifier.verdicts import Acceptance, accept_risks
from storage import Tx, instant
from tests.notifier.delivery.test_bouncing import DOOR, a_report, take
from tests.notifier.stage import AT_RISK, Stage

TABLES = (
    "customers",
    "installs",
    "notices",
    "notice_installs",
    "deliveries",
    "bounces",
    "suppressions",
    "accepted_risks",
    "exposures",
)
SAID = "550 5.1.1 <Zebulon@Example.com>: user unknown"


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


async def came_back(stage: Stage, address: str = "Zebulon@Example.com") -> None:
    """Let a warning be taken, and come back since there is no such mailbox."""
    await stage.customer("zebulon", email=address)
    await stage.check_in("i-1", customer="zebulon", footprint=AT_RISK)
    await stage.publish()
    await stage.deliver()
    [notice] = await stage.notices(customer="zebulon")
    report = a_report(DOOR.return_path.of(notice.id) if DOOR.return_path else "", said=SAID)
    assert await take(stage, report) is Taken.FAILED


async def test_what_came_back_and_whether_an_address_is_left_alone_is_exported(stage: Stage) -> None:
    await came_back(stage)
    await stage.customer("zebulon", email="new@example.com")
    exported = await stage.database.read(forgetting.export_customer, "zebulon")
    [notice] = exported["notices"]
    [bounce] = exported["bounces"]
    assert (bounce["notice"], bounce["cause"], bounce["permanent"], bounce["failed"]) == (notice.id, "recipient", 1, 1)
    assert bounce["reply"] == SAID
    [left] = exported["suppressions"]
    assert (left["address"], left["refusals"], left["since"]) == ("zebulon@example.com", 1, instant(stage.now))
    assert [(each["state"], each["delivered_at"]) for each in exported["deliveries"]] == [("FAILED", None)]


async def test_the_export_of_one_customer_says_nothing_of_another(stage: Stage) -> None:
    await stage.holds("ann", "i-2")
    await came_back(stage)
    exported = await stage.database.read(forgetting.export_customer, "ann")
    assert (exported["bounces"], exported["suppressions"]) == ([], [])


async def test_what_came_back_and_an_address_that_is_left_alone_are_forgotten(stage: Stage) -> None:
    await came_back(stage)
    # Also the address from before it was changed.
    await stage.customer("zebulon", email="new-zebulon@example.com")
    assert (await stage.database.read(everything)).lower().count("zebulon@example.com") >= 3
    await stage.database.call(forgetting.erase_customer, "zebulon", stage.now)
    assert "zebulon" not in (await stage.database.read(everything)).lower()
