"""Check-ins taken together leave the database as they would one after another (the order of one install's own kept)."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from installs_registry import claims, customers, intake
from installs_registry.claims import ClaimCodeWish
from installs_registry.types import CheckIn
from notifier import registering
from notifier.importing import Effect, Intake, Outcome, Stored, import_lines
from notifier.registering import VENDOR, Reported, Reporter, Told
from storage import Database, Tx, instant
from storage.outcomes import Conflict, Invalid, NotFound, Refusal
from tests.conftest import FakeClock
from tests.notifier.stage import AT_RISK, SAFE, Stage

TOKEN = "t" * 32
VERSIONS = ["4.1.0", "4.2.0", "4.2.1", "4.2.2", "four"]
#: Tables that check-ins write, with what their rows are told apart by.
TABLES = {
    "installs": "no",
    "install_versions": "no",
    "footprint_1": "install_no",
    "footprint_changes": "no",
    "exposures": "install_no, defect_no",
    "exposure_changes": "no",
    "notices": "no",
    "notice_installs": "notice_no, install_no",
    "deliveries": "no",
}


#: What tells one notice from another, but for its id, which is made by chance.
NOTICE = ("defect_no", "kind", "episode", "created_at")


def reported(install: str, version: str = "4.1.0", *, reporter: Reporter = VENDOR, **body: Any) -> Reported:
    return Reported(install, msgspec.convert({"product": "notes", "version": version, **body}, CheckIn), reporter)


def any_reports(rng: random.Random, count: int) -> list[Reported]:
    return [_any_report(rng) for _ in range(count)]


def a_report_of_each(rng: random.Random, count: int) -> list[Reported]:
    return [_any_report(rng, number) for number in rng.sample(range(count), count)]


def _any_report(rng: random.Random, number: int | None = None) -> Reported:
    body: dict[str, Any] = {}
    if rng.random() < 0.7:
        body["footprint"] = rng.choice([AT_RISK, SAFE, {"notebooks": None}, {"colour": 1}, {"plugins": ["a"]}, {}])
    if rng.random() < 0.3:
        body["platform"] = rng.choice([{"os": "linux"}, {"os": None, "os_version": "14.6"}, None, {"os_version": "x"}])
    reporter = rng.choice([VENDOR, VENDOR, Reporter(TOKEN, 1), Reporter("u" * 32, 1), Reporter("short", 1)])
    if reporter is VENDOR and rng.random() < 0.4:
        body["customer"] = rng.choice(["ann", "bob", "nobody", None])
    if rng.random() < 0.1:
        body["product"] = rng.choice(["other", "none"])
    install = rng.randrange(6) if number is None else number
    return reported(f"i-{install}", rng.choice(VERSIONS), reporter=reporter, **body)


def take_together(tx: Tx, stage: Stage, batch: list[Reported]) -> list[Told | Refusal]:
    outcomes = registering.check_ins(tx, batch, rulebook=stage.rulebook, now=stage.now)
    unseen = [one.unseen for one in outcomes if isinstance(one, Told) and one.unseen is not None]
    intake.see(tx, dict.fromkeys(unseen, instant(stage.now)))
    return outcomes


def rows(tx: Tx) -> dict[str, list[dict[str, Any]]]:
    """Return what is stored, told by ids and in an order that do not hang on who was written first."""
    found = {table: tx.built(f"SELECT * FROM {table} ORDER BY {key}", {}) for table, key in TABLES.items()}  # noqa: S608
    names = {row["no"]: row["id"] for row in found["installs"]}
    notices = {row["no"]: tuple(row[name] for name in NOTICE) for row in found["notices"]}
    versions = {row["no"]: row["text"] for row in tx.built("SELECT no, text FROM versions", {})}
    for row in (row for table in found.values() for row in table):
        row.pop("no", None)
        for column in {"version_no", "first_version_no"} & row.keys():
            row[column] = versions[row[column]]
        row["install_no"] = names.get(row.get("install_no"))
        row["notice_no"] = notices.get(row.get("notice_no"))
        row["recipient"] = names.get(-row["recipient"], row["recipient"]) if "recipient" in row else None
    for row in found["notices"]:
        del row["id"]
    return {table: sorted(found[table], key=repr) for table in found}


async def a_stage(database: Database) -> Stage:
    stage = Stage(database)
    await stage.set_up()
    await stage.customer("ann")
    await stage.customer("bob", webhook="https://bob.example/hook")
    await stage.publish()
    await stage.publish(
        id="NOTES-2", condition=None, affected=[{"introduced": "4.2.1"}], severity="outage", remedies=[]
    )
    return stage


def the_same(outcome: Told | Refusal) -> object:
    """What is told to one who asks, without what is made by chance."""
    if isinstance(outcome, Invalid):
        return outcome.faults
    if isinstance(outcome, Refusal):
        return type(outcome), outcome.detail
    shown = {(notice.kind, notice.defect) for notice in outcome.answer.notices}
    return outcome.answer.install, shown


def undone(tx: Tx, stage: Stage, batch: list[Reported], size: int) -> tuple[list[object], dict[str, Any]]:
    """What `size` at a time tell and leave, before it is taken back."""
    outcomes = [
        the_same(outcome)
        for start in range(0, len(batch), size)
        for outcome in take_together(tx, stage, batch[start : start + size])
    ]
    raise _Undone(outcomes, rows(tx))


class _Undone(Exception):
    def __init__(self, outcomes: list[object], left: dict[str, list[dict[str, Any]]]) -> None:
        super().__init__("taken back")
        self.outcomes = outcomes
        self.left = left


async def tried(stage: Stage, batch: list[Reported], size: int) -> _Undone:
    with pytest.raises(_Undone) as taken:
        await stage.database.call(undone, stage, batch, size)
    return taken.value


@pytest.mark.parametrize("seed", range(8))
async def test_a_batch_leaves_what_its_check_ins_leave_one_by_one(stage_of_two: Stage, seed: int) -> None:
    rng = random.Random(seed)
    await stage_of_two.database.call(take_together, stage_of_two, any_reports(rng, 10))
    stage_of_two.later(hours=1)
    batch = any_reports(rng, 40)
    alone, together = await tried(stage_of_two, batch, 1), await tried(stage_of_two, batch, len(batch))
    assert together.outcomes == alone.outcomes
    assert together.left == alone.left


@pytest.mark.parametrize("seed", range(8))
async def test_a_batch_of_many_installs_leaves_what_they_leave_one_by_one(stage_of_two: Stage, seed: int) -> None:
    rng = random.Random(seed)
    await stage_of_two.database.call(take_together, stage_of_two, a_report_of_each(rng, 30))
    if seed % 2:
        await stage_of_two.deliver()
    stage_of_two.later(hours=1)
    batch = a_report_of_each(rng, 40)
    alone, together = await tried(stage_of_two, batch, 1), await tried(stage_of_two, batch, len(batch))
    assert together.outcomes == alone.outcomes
    assert together.left == alone.left


@pytest.fixture
async def stage_of_two(database: Database) -> Stage:
    return await a_stage(database)


async def test_one_that_is_refused_leaves_the_others_of_its_batch_alone(stage_of_two: Stage) -> None:
    other = {"name": "Other", "version_scheme": "intdot", "facts": {}}
    await stage_of_two.declare("other", other)
    await stage_of_two.check_in("theirs", "1", product="other")
    outcomes = await stage_of_two.database.call(
        take_together,
        stage_of_two,
        [
            reported("i-1", footprint=AT_RISK),
            reported("theirs"),
            reported("i-2", "four"),
            reported("i-1", reporter=Reporter(TOKEN, 1)),
            reported("i-3", product="none"),
            reported("i-4", footprint=SAFE),
        ],
    )
    assert [type(outcome) for outcome in outcomes] == [Told, Conflict, Invalid, NotFound, Invalid, Told]
    assert outcomes[2].faults[0].at == "/version"  # type: ignore[union-attr]
    assert outcomes[4].faults[0].at == "/product"  # type: ignore[union-attr]
    assert {notice.defect for notice in outcomes[0].answer.notices} == {"NOTES-2", "NOTES-4411"}  # type: ignore[union-attr]


async def test_two_of_one_install_are_taken_in_their_order(stage_of_two: Stage) -> None:
    batch = [reported("i-1", version, footprint={"notebooks": place}) for place, version in enumerate(VERSIONS[:4])]
    outcomes = await stage_of_two.database.call(take_together, stage_of_two, batch)
    views = [outcome.answer.install for outcome in outcomes if isinstance(outcome, Told)]
    assert [view.version for view in views] == VERSIONS[:4]
    assert [view.footprint["notebooks"] for view in views] == [0, 1, 2, 3]
    assert {view.first_version for view in views} == {"4.1.0"}


async def test_a_repeat_with_nothing_new_leaves_every_row_as_it_was_but_when_it_was_seen(stage_of_two: Stage) -> None:
    batch = [reported(f"i-{number}", footprint=AT_RISK, customer="ann") for number in range(5)]
    await stage_of_two.database.call(take_together, stage_of_two, batch)
    before = await stage_of_two.database.read(rows)
    stage_of_two.later(hours=1)

    def again(tx: Tx) -> list[Told | Refusal]:
        return registering.check_ins(tx, batch, rulebook=stage_of_two.rulebook, now=stage_of_two.now)

    outcomes = await stage_of_two.database.call(again)
    assert await stage_of_two.database.read(rows) == before
    numbers = [one.unseen for one in outcomes if isinstance(one, Told) and one.unseen is not None]
    assert len(set(numbers)) == 5
    seen = dict.fromkeys(numbers, instant(stage_of_two.now))
    await stage_of_two.database.call(intake.see, seen)
    after = await stage_of_two.database.read(rows)
    assert {row["last_seen_at"] for row in after["installs"]} == {instant(stage_of_two.now)}


async def test_an_install_that_leaves_its_holder_and_the_risk_at_once_is_exposed_no_more(stage_of_two: Stage) -> None:
    await stage_of_two.check_in("i-1", customer="ann", footprint=AT_RISK)
    await stage_of_two.check_in("i-1", customer=None, footprint=SAFE)
    states = await stage_of_two.database.read(
        lambda tx: tx.built(
            "SELECT e.state FROM exposures e JOIN defects d ON d.no = e.defect_no WHERE d.id = 'NOTES-4411'", {}
        )
    )
    assert [row["state"] for row in states] == [None]


async def test_an_import_that_is_run_again_changes_no_row_and_owes_nothing(stage_of_two: Stage) -> None:
    lines = [
        {
            "install": f"i-{number}",
            "product": "notes",
            "version": "4.1.0",
            "customer": "ann",
            "cells": {"notebooks": "1"},
        }
        for number in range(20)
    ]

    def run(tx: Tx) -> list[Outcome]:
        return import_lines(tx, "installs", lines, Intake(stage_of_two.rulebook, FakeClock(stage_of_two.now)))

    assert await stage_of_two.database.call(run) == [Stored(Effect.NEW, newly_at_risk=True)] * 20
    before = await stage_of_two.database.read(rows)
    stage_of_two.later(days=1)
    assert await stage_of_two.database.call(run) == [Stored(Effect.UNCHANGED)] * 20
    assert await stage_of_two.database.read(rows) == before


async def test_a_claim_code_is_redeemed_inside_a_batch_and_a_wrong_one_fails_nobody_else(stage_of_two: Stage) -> None:
    app = Reporter(TOKEN, 1)
    code = await stage_of_two.database.call(a_code)
    batch = [
        reported("i-1", reporter=app, footprint=SAFE),
        reported("i-2", reporter=app, footprint=AT_RISK, claim=code),
        reported("i-3", reporter=app, footprint=AT_RISK, claim="AAAAA-AAAAA-AAAAA-AAAAA"),
        reported("i-4", reporter=app, footprint=SAFE, claim=code),
        reported("i-2", reporter=app, claim=code),
    ]
    outcomes = await stage_of_two.database.call(take_together, stage_of_two, batch)
    assert [type(outcome) for outcome in outcomes] == [Told, Told, Invalid, Invalid, Told]
    holders = [one.answer.install.customer for one in outcomes if isinstance(one, Told)]
    assert holders == [None, "ann", "ann"]
    left = await stage_of_two.database.read(rows)
    assert {row["id"] for row in left["installs"]} == {"i-1", "i-2"}
    (used,) = await stage_of_two.database.read(lambda tx: tx.built("SELECT used FROM claim_codes", {}))
    assert used == {"used": 1}


def a_code(tx: Tx) -> str:
    made = claims.make(tx, customers.number(tx, "ann"), ClaimCodeWish(uses=1), "Anna", Stage.now)
    assert made.code is not None
    return made.code


async def test_a_batch_writes_which_facts_of_whom_have_changed(stage_of_two: Stage) -> None:
    await stage_of_two.database.call(
        take_together, stage_of_two, [reported(f"i-{number}", footprint=SAFE) for number in range(4)]
    )
    stage_of_two.later(hours=1)
    batch = [
        reported("i-0", footprint=SAFE),
        reported("i-1", footprint={"notebooks": 77, "storage_format": "v9"}),
        reported("i-2", footprint={"notebooks": None}),
        reported("i-3", "4.2.2"),
    ]
    await stage_of_two.database.call(take_together, stage_of_two, batch)
    left = await stage_of_two.database.read(rows)
    now = instant(stage_of_two.now)
    changes = {row["install_no"]: row["facts"] for row in left["footprint_changes"] if row["at"] == now}
    assert changes == {"i-1": '["notebooks","storage_format"]', "i-2": '["notebooks"]'}
