"""Outcomes are written many at once, each with what is its own, and notices follow the best of their deliveries."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import timedelta
from typing import Any

import pytest

from notifier.delivery import last_look, leases, owed_notices, store
from notifier.delivery.claims import Claimed, Outcome
from notifier.delivery.last_look import Beginning
from notifier.delivery.leases import LEASE
from notifier.delivery.retrying import Patience
from notifier.states import NoticeState
from storage import Statement, Tx
from tests.notifier.stage import Stage
from tests.statements import watched

FEW, MANY = 3, 30
CALLED = "https://hooks.example/forewarn"
#: What may become of an attempt: its state, whether it left, and whether nobody knows.
ENDS = [
    (NoticeState.SENT, True, False),
    (NoticeState.PENDING, False, False),
    (NoticeState.PENDING, True, True),
    (NoticeState.IN_DOUBT, True, True),
    (NoticeState.FAILED, False, False),
    (NoticeState.CANCELLED, False, False),
]


async def owed(stage: Stage, count: int, **record: Any) -> None:
    for number in range(count):
        await stage.customer(f"c{number}", **record)
        await stage.holds(f"c{number}", f"i{number}")
    await stage.publish()


async def claim(stage: Stage, most: int = MANY) -> list[Claimed]:
    return await stage.database.call(leases.claim, "one", stage.now, most=most, mail=True)


async def begin(stage: Stage, claimed: list[Claimed]) -> None:
    def work(tx: Tx) -> None:
        lines = owed_notices.lines_of(tx, [each.notice_no for each in claimed])
        beginnings = [
            Beginning(each, frozenset(line.state for line in lines[each.notice_no]), f"<{each.notice}@notes.example>")
            for each in claimed
        ]
        last_look.begin_all(tx, beginnings, stage.now)

    await stage.database.call(work)


async def settle(stage: Stage, outcomes: list[Outcome]) -> int:
    return await stage.database.call(store.settle, outcomes, stage.now)


def sent(claimed: Claimed, stage: Stage) -> Outcome:
    return Outcome(claimed, NoticeState.SENT, f"250 taken as {claimed.no}", due_at=stage.now, handed_over=True)


async def rows(stage: Stage, columns: str, table: str = "deliveries") -> list[tuple[Any, ...]]:
    text = f"SELECT {columns} FROM {table} ORDER BY no"  # noqa: S608 - names of our own
    return await stage.database.read(lambda tx: tx.built_tuples(text, {}))


async def test_each_of_a_batch_keeps_its_own_message_id_and_reply(stage: Stage) -> None:
    await owed(stage, FEW)
    claimed = await claim(stage)
    await begin(stage, claimed)
    assert await settle(stage, [sent(each, stage) for each in claimed]) == FEW
    assert await rows(stage, "no, state, message_id, reply") == [
        (each.no, "SENT", f"<{each.notice}@notes.example>", f"250 taken as {each.no}") for each in claimed
    ]


async def test_of_a_batch_only_what_is_still_in_the_workers_hands_is_written(stage: Stage) -> None:
    await owed(stage, FEW)
    [lost] = await claim(stage, 1)
    stage.now += LEASE + timedelta(seconds=1)
    await stage.database.call(leases.expire, Patience(random.Random(1)), stage.now)
    held = await claim(stage)
    kept = [each for each in held if each.no != lost.no]
    assert await settle(stage, [sent(each, stage) for each in (lost, *kept)]) == len(kept) == FEW - 1
    assert sorted(await stage.kinds()) == [("warning", "sending"), ("warning", "sent"), ("warning", "sent")]


@pytest.mark.parametrize("seed", range(3))
async def test_however_it_ends_a_notice_has_the_best_state_of_its_deliveries(stage: Stage, seed: int) -> None:
    chance = random.Random(seed)
    await owed(stage, 12, email="ann@example.com", webhook=CALLED)
    for _ in range(6):
        claimed = await claim(stage)
        before = await rows(stage, "no, state, sent_at, reason", "notices")
        await follow_anew(stage)
        assert await rows(stage, "no, state, sent_at, reason", "notices") == before
        await begin(stage, claimed)
        ended = chance.sample(claimed, chance.randint(0, len(claimed)))
        await settle(stage, [ends(each, stage, chance) for each in ended])
        before = await rows(stage, "no, state, sent_at, reason", "notices")
        await follow_anew(stage)
        assert await rows(stage, "no, state, sent_at, reason", "notices") == before
        stage.now += timedelta(seconds=1)


async def follow_anew(stage: Stage) -> None:
    """Work out the states of all notices from their deliveries."""
    numbers = [no for (no,) in await rows(stage, "no", "notices")]
    await stage.database.call(store.follow, numbers)


def ends(claimed: Claimed, stage: Stage, chance: random.Random) -> Outcome:
    after, handed_over, doubtful = chance.choice(ENDS)
    due_at = stage.now + timedelta(seconds=chance.randint(0, 3))
    return Outcome(claimed, after, f"so {claimed.no}", due_at, handed_over=handed_over, doubtful=doubtful)


async def test_the_statements_of_a_batch_that_was_taken_do_not_grow_with_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = watched(monkeypatch)
    took: dict[int, list[str]] = {}
    await owed(stage, FEW + MANY)
    for count in (FEW, MANY):
        claimed = await claim(stage, count)
        assert len(claimed) == count
        del names[:]
        await begin(stage, claimed)
        await settle(stage, [sent(each, stage) for each in claimed])
        took[count] = list(names)
    assert took[FEW] == took[MANY]


# PostgreSQL chooses by its statistics.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "statement",
    [
        last_look.sql.matters,
        last_look.sql.may_all_go,
        last_look.sql.do_all_stand,
        last_look.sql.still_stand,
        last_look.sql.hand_over,
        leases.sql.claim,
        store.sql.settle,
    ],
    ids=lambda statement: statement.name,
)
async def test_what_is_in_hand_is_looked_up_by_its_number(stage: Stage, statement: Statement) -> None:
    text = f"EXPLAIN QUERY PLAN {statement.sqlite}"
    plan = await stage.database.call(lambda tx: tx.built(text, defaultdict(lambda: "[1]")))
    [looked_up] = [step["detail"] for step in plan if step["detail"].startswith(("SEARCH d ", "SEARCH deliveries "))]
    assert looked_up.endswith("USING INTEGER PRIMARY KEY (rowid=?)")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    "statement",
    [
        leases.sql.claim, leases.sql.renew, last_look.sql.matters, last_look.sql.do_all_stand,
        last_look.sql.still_stand, last_look.sql.hand_over, store.sql.settle,
    ],
    ids=lambda statement: statement.name,
)  # fmt: skip
async def test_nor_does_postgresql_go_through_the_index_of_a_state(stage: Stage, statement: Statement) -> None:
    some = {"numbers": "[1]", "rows": '[{"no": 1}]', "held": '{"1": 1}', "claimed_under": '{"1": 1}', "deliveries": 1}
    explain = Statement("explain", "", f"EXPLAIN {statement.postgresql}")

    def work(tx: Tx) -> str:
        # Of a table that has grown it reads no more than an index names.
        tx.built_tuples("SELECT set_config('enable_seqscan', 'off', true)", {})
        return "\n".join(step for (step,) in tx.tuples(explain, **some, now="", worker="", until=""))

    plan = await stage.database.call(work)
    assert "deliveries_pkey" in plan
    assert "deliveries_leased" not in plan
    assert "deliveries_due" not in plan
