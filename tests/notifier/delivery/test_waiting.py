"""Queues of what waits: what is held back is passed by as a whole, and nothing is left behind."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from commands.options import migrations
from installs_registry.installed import as_json
from notifier.delivery import leases, waiting
from notifier.delivery.claims import Claimed
from notifier.delivery.retrying import Patience
from storage import Statement, Tx, instant
from tests.notifier.delivery.builders import pause
from tests.notifier.stage import Stage

PATIENCE = Patience(random.Random(4))

#: What is to be so of all that waits: the two columns are its notice's own.
ASTRAY = (
    "SELECT d.no FROM deliveries d JOIN notices n ON n.no = d.notice_no WHERE d.defect_no <> n.defect_no"
    " OR (d.state = 'PENDING' AND n.state = 'PENDING' AND d.generation <> n.generation)"
)


async def claim(stage: Stage, most: int = 100, *, mail: bool = True) -> list[Claimed]:
    return await stage.database.call(leases.claim, "one", stage.now, most=most, mail=mail)


async def told(stage: Stage, claimed: list[Claimed]) -> list[str]:
    """Return which defects the claimed speak of, in their order."""
    rows = await stage.database.read(Tx.built, "SELECT no, id FROM defects", {})
    names = {row["no"]: row["id"] for row in rows}
    return [names[each.defect_no] for each in claimed]


async def test_a_defect_that_is_paused_keeps_no_other_from_leaving(stage: Stage) -> None:
    for number in range(3):
        await stage.holds(f"c{number}", f"i{number}")
    grave = await stage.publish()
    slight = await stage.publish(id="NOTES-2", severity="degraded")
    await stage.database.call(pause, grave, instant(stage.now + timedelta(hours=1)))
    assert await told(stage, await claim(stage)) == [slight] * 3
    stage.later(hours=1)
    assert await told(stage, await claim(stage)) == [grave] * 3


async def test_the_gravest_leaves_first_and_then_the_oldest(stage: Stage) -> None:
    await stage.customer("ann", webhook="https://ann.example/hook")
    await stage.holds("ann", "ann-1")
    await stage.holds("bob", "bob-1")
    slight = await stage.publish(id="NOTES-2", severity="degraded")
    stage.later(minutes=1)
    first = await stage.publish(id="NOTES-3")
    stage.later(minutes=1)
    second = await stage.publish(id="NOTES-4")
    assert await told(stage, await claim(stage, most=3)) == [first, first, second]
    assert await told(stage, await claim(stage)) == [second, slight, slight]


async def test_mail_waits_without_a_mail_server_and_calls_do_not(stage: Stage) -> None:
    await stage.holds("bob", "bob-1")
    await stage.customer("ann", email=None, webhook="https://ann.example/hook")
    await stage.check_in("ann-1", customer="ann", footprint={"notebooks": 12, "storage_format": "v2"})
    await stage.publish()
    assert [each.channel for each in await claim(stage, mail=False)] == ["webhook"]
    assert [each.channel for each in await claim(stage)] == ["email"]


async def test_what_an_older_generation_made_waits_for_the_sweep(stage: Stage) -> None:
    for number in range(3):
        await stage.holds(f"c{number}", f"i{number}")
    defect = await stage.publish()
    await stage.database.call(
        lambda tx: tx.run_built("UPDATE defects SET generation = generation + 1 WHERE id = :id", {"id": defect})
    )
    assert await claim(stage) == []


@pytest.mark.parametrize("severity", ["data-loss", "degraded"])
async def test_what_a_sweep_passed_by_while_it_was_being_sent_leaves_once_it_is_back(
    stage: Stage, severity: str
) -> None:
    await stage.holds("ann", "ann-1")
    await stage.holds("bob", "bob-1")
    defect = await stage.publish(severity=severity)
    [held, _] = await claim(stage)
    await stage.revise(defect, severity=severity, title="Upgrading to 4.2 can erase notes, as we know now")
    stage.later(minutes=1)
    await stage.database.call(leases.expire, PATIENCE, stage.now)
    again = await claim(stage)
    assert held.no in [each.no for each in again]
    assert {each.generation for each in again} == {held.generation + 1}
    assert await stage.database.read(Tx.built, ASTRAY, {}) == []


async def test_what_waits_in_the_app_is_let_go_too(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    await stage.publish()
    await stage.database.call(
        lambda tx: (
            tx.run_built("UPDATE deliveries SET channel = 'in_app', generation = 0", {})
            + tx.run_built("UPDATE notices SET generation = 0", {})
        )
    )
    assert await stage.database.call(waiting.catch_up, stage.now) == 1
    rows = await stage.database.read(Tx.built, "SELECT generation FROM notices", {})
    assert rows == [{"generation": 1}]
    assert await stage.database.call(waiting.catch_up, stage.now) == 0


async def test_nothing_is_let_go_while_a_sweep_is_yet_to_come_to_it(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    await stage.publish()
    await stage.database.call(
        lambda tx: (
            tx.run_built("UPDATE defects SET generation = generation + 1", {})
            + tx.run_built("UPDATE sweeps SET finished_at = NULL", {})
        )
    )
    assert await stage.database.call(waiting.catch_up, stage.now) == 0


async def test_what_a_process_of_an_older_version_owes_or_leaves_behind_is_found(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    await stage.holds("bob", "bob-1")
    await stage.publish()
    assert len(await claim(stage, most=1)) == 1
    await stage.database.call(Tx.run_built, "UPDATE deliveries SET defect_no = 0, generation = 0", {})
    assert await claim(stage) == []
    stage.later(minutes=1)
    assert await stage.database.call(leases.expire, PATIENCE, stage.now) == 1
    assert len(await claim(stage)) == 2
    assert await stage.database.read(Tx.built, ASTRAY, {}) == []


async def test_deliveries_that_were_there_before_get_into_their_queues(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    await stage.holds("bob", "bob-1")
    await stage.publish()
    await stage.database.call(
        Tx.define,
        [
            "DROP INDEX deliveries_due",
            "ALTER TABLE deliveries DROP COLUMN defect_no",
            "ALTER TABLE deliveries DROP COLUMN generation",
            "CREATE INDEX deliveries_due ON deliveries (priority, due_at) WHERE state = 'PENDING'",
            "DELETE FROM schema_migrations WHERE number = 26",
        ],
    )
    await stage.database.migrate(migrations())
    assert len(await claim(stage)) == 2
    assert await stage.database.read(Tx.built, ASTRAY, {}) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_sqlite_finds_the_first_of_each_queue_by_the_index(stage: Stage) -> None:
    def plan(tx: Tx) -> list[str]:
        explain = Statement("explain", f"EXPLAIN QUERY PLAN {waiting.sql.heads.sqlite}", "")
        rows = tx.all(explain, channels=as_json(["email"]), now=instant(stage.now))
        return [row["detail"] for row in rows if "deliveries_due" in row["detail"] or row["detail"].startswith("SCAN")]

    found = await stage.database.read(plan)
    ways = [line.partition("deliveries_due ")[2] for line in found if "deliveries_due" in line]
    assert ways == [
        "(channel=?)",
        "(channel=? AND defect_no=? AND generation=? AND priority>?)",
        "(channel=? AND defect_no=? AND generation>?)",
        "(channel=? AND defect_no>?)",
    ]
    assert not [line for line in found if line.startswith(("SCAN d", "SCAN p"))]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_postgresql_finds_the_first_of_each_queue_by_the_index(stage: Stage) -> None:
    def plan(tx: Tx) -> str:
        tx.tuples(waiting.sql.without_sorting)
        explain = Statement("explain", "", f"EXPLAIN {waiting.sql.heads.postgresql}")
        return "\n".join(line for (line,) in tx.tuples(explain, channels=as_json(["email"]), now=instant(stage.now)))

    found = await stage.database.call(plan)
    assert found.count("using deliveries_due on deliveries") == 2
    assert "Seq Scan on deliveries" not in found
    assert "Sort" not in found
