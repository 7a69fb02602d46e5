"""Many messages marked, and looked at, in one answer: each is still decided on by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from notifier.delivery import last_look, leases, looking, owed_notices, releasing, store
from notifier.delivery.claims import Claimed
from notifier.delivery.last_look import Beginning, Permission
from notifier.delivery.leases import LEASE
from notifier.states import NoticeKind
from storage import Tx, instant
from tests.notifier.delivery.builders import pause
from tests.notifier.delivery.test_leases import claim, expire
from tests.notifier.stage import SAFE, Stage

GO, LATER, NEVER, LOST = Permission.GO, Permission.LATER, Permission.NEVER, Permission.LOST
PEOPLE = ("ada", "bob", "cyd")


async def owed(stage: Stage, *people: str) -> str:
    for name in people or PEOPLE:
        await stage.holds(name, f"{name}-mac")
    return await stage.publish()


async def written(stage: Stage, claimed: list[Claimed]) -> list[Beginning]:
    """Write all as their notices stand now."""

    def work(tx: Tx) -> list[Beginning]:
        lines = owed_notices.lines_of(tx, [each.notice_no for each in claimed])
        return [
            Beginning(each, frozenset(line.state for line in lines[each.notice_no]), f"<{each.notice}@notes.example>")
            for each in claimed
        ]

    return await stage.database.read(work)


async def begin(stage: Stage, beginnings: list[Beginning]) -> list[Permission]:
    return await stage.database.call(last_look.begin_all, beginnings, stage.now)


async def look(stage: Stage, marked: list[Claimed]) -> list[bool]:
    """Look as the delivery does, and by each delivery's own row."""
    looked = list(await looking.still_stand(stage.database, marked, stage.now))
    assert looked == await stage.database.read(last_look.still_stand, marked, stage.now)
    return looked


async def marked(stage: Stage, *people: str) -> tuple[str, list[Claimed]]:
    """Owe, claim, write and mark; return the defect and the claims."""
    defect = await owed(stage, *people)
    claimed = await claim(stage)
    assert set(await begin(stage, await written(stage, claimed))) == {GO}
    return defect, claimed


async def message_ids(stage: Stage) -> list[str | None]:
    def work(tx: Tx) -> list[str | None]:
        text = "SELECT message_id FROM deliveries WHERE handed_over_at IS NOT NULL ORDER BY no"
        return [row["message_id"] for row in tx.built(text, {})]

    return await stage.database.read(work)


async def test_all_that_are_as_they_were_written_go(stage: Stage) -> None:
    await owed(stage)
    beginnings = await written(stage, await claim(stage))
    assert await begin(stage, beginnings) == [GO] * len(PEOPLE)
    assert await message_ids(stage) == [each.message_id for each in beginnings]


async def test_one_who_has_moved_on_keeps_nobody_else_from_going(stage: Stage) -> None:
    await owed(stage)
    beginnings = await written(stage, await claim(stage))
    await stage.check_in("bob-mac", footprint=SAFE)
    assert await begin(stage, beginnings) == [GO, NEVER, GO]
    assert await message_ids(stage) == [beginnings[0].message_id, beginnings[2].message_id]


async def test_an_install_that_joined_does_not_stand_in_for_a_lease_that_was_lost(stage: Stage) -> None:
    await owed(stage, "ada", "bob")
    beginnings = await written(stage, await claim(stage))
    stage.now += LEASE + timedelta(seconds=1)
    assert await expire(stage) == len(beginnings)
    [_, bob] = await claim(stage, "two")
    await stage.holds("bob", "bob-laptop")
    renewed = Beginning(bob, beginnings[1].written_from, beginnings[1].message_id)
    assert await begin(stage, [beginnings[0], renewed]) == [LOST, LATER]
    assert await message_ids(stage) == []


async def test_a_claim_that_was_lost_does_not_go_beside_the_one_that_followed_it(stage: Stage) -> None:
    await owed(stage, "ada")
    [first] = await claim(stage)
    stage.now += LEASE + timedelta(seconds=1)
    await expire(stage)
    both = await written(stage, [first, *await claim(stage)])
    assert await begin(stage, both) == [LOST, GO]
    assert await begin(stage, both[::-1]) == [GO, LOST]


async def test_a_notice_of_two_installs_goes_beside_those_of_one(stage: Stage) -> None:
    await stage.holds("ada", "ada-laptop")
    await owed(stage)
    assert await begin(stage, await written(stage, await claim(stage))) == [GO] * len(PEOPLE)


async def test_an_all_clear_beside_warnings_waits_for_the_answer_to_its_own(stage: Stage) -> None:
    wrong, _ = await marked(stage, "ada")
    await stage.withdraw(wrong)
    await stage.publish(id="NOTES-5", title="Another one")
    claimed = await claim(stage)
    assert {each.kind for each in claimed} == {NoticeKind.ALL_CLEAR, NoticeKind.WARNING}
    permissions = dict(zip(claimed, await begin(stage, await written(stage, claimed)), strict=True))
    assert {each.kind: permission for each, permission in permissions.items()} == {
        NoticeKind.ALL_CLEAR: LATER,
        NoticeKind.WARNING: GO,
    }


async def test_nothing_goes_while_all_mail_is_held(stage: Stage) -> None:
    await owed(stage)
    beginnings = await written(stage, await claim(stage))
    await hold_all(stage)
    assert await begin(stage, beginnings) == [LATER] * len(PEOPLE)


async def test_what_was_marked_stands_until_all_mail_is_held(stage: Stage) -> None:
    _, claimed = await marked(stage)
    assert await look(stage, claimed) == [True] * len(PEOPLE)
    await hold_all(stage)
    assert await look(stage, claimed) == [False] * len(PEOPLE)


async def test_a_pause_takes_back_what_was_marked_until_it_is_over(stage: Stage) -> None:
    defect, claimed = await marked(stage)
    await stage.database.call(pause, defect, instant(stage.now + timedelta(seconds=10)))
    assert await look(stage, claimed) == [False] * len(PEOPLE)
    stage.now += timedelta(seconds=11)
    assert await look(stage, claimed) == [True] * len(PEOPLE)


async def test_a_withdrawal_takes_back_what_was_marked_of_its_defect_alone(stage: Stage) -> None:
    defect, first = await marked(stage, "ada")
    await stage.publish(id="NOTES-5", title="Another one")
    second = await claim(stage)
    await begin(stage, await written(stage, second))
    await stage.withdraw(defect)
    assert await look(stage, [*first, *second]) == [False, True]


async def test_what_was_marked_before_a_revision_does_not_stand_beside_what_came_after(stage: Stage) -> None:
    defect, before = await marked(stage, "ada")
    await stage.revise(defect, title="Upgrading to 4.2 erases notes")
    await stage.holds("bob", "bob-mac")
    after = await claim(stage)
    await begin(stage, await written(stage, after))
    assert [each.notice_no for each in after] != [each.notice_no for each in before]
    assert await look(stage, [*before, *after]) == [False, True]
    assert await look(stage, [*after, *before]) == [True, False]


async def test_one_lease_that_was_lost_takes_nothing_else_back(stage: Stage) -> None:
    _, claimed = await marked(stage, "ada", "bob")
    stage.now += LEASE / 2
    assert await stage.database.call(leases.renew, claimed[1:], stage.now) == 1
    stage.now += LEASE / 2 + timedelta(seconds=1)
    assert await expire(stage) == 1
    assert await look(stage, claimed) == [False, True]
    [again] = await claim(stage, "two")
    assert await look(stage, [claimed[0], again, claimed[1]]) == [False, True, True]


async def test_what_a_restored_backup_left_in_doubt_does_not_stand(stage: Stage) -> None:
    _, claimed = await marked(stage, "ada")

    def doubt(tx: Tx) -> None:
        releasing.doubt_before(tx, stage.now + timedelta(days=1), stage.now, repeated=(), domain="notes.example")

    await stage.database.call(doubt)
    assert await look(stage, claimed) == [False]
    assert await begin(stage, await written(stage, claimed)) == [LOST]


@pytest.mark.parametrize("count", [1, len(PEOPLE)])
async def test_what_was_put_back_does_not_stand(stage: Stage, count: int) -> None:
    _, claimed = await marked(stage)

    def put_back(tx: Tx) -> None:
        for each in claimed[:count]:
            store.put_back(tx, each, stage.now)

    await stage.database.call(put_back)
    assert await look(stage, claimed) == [number >= count for number in range(len(PEOPLE))]


async def hold_all(stage: Stage) -> None:
    hold = "INSERT INTO mail_hold (one, reason, since) VALUES (1, 'a copy', '2026-01-01T00:00:00.000000Z')"
    await stage.database.call(lambda tx: tx.run_built(hold, {}))
