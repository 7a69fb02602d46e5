"""Claims, leases and fences: who may answer for a delivery, and what happens when a worker dies."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta

import pytest

from notifier.channels.failures import Cause, DeliveryFailed
from notifier.delivery import last_look, leases, owed_notices, store
from notifier.delivery.claims import Claimed, LineState, Outcome
from notifier.delivery.desk import Desk
from notifier.delivery.last_look import Permission
from notifier.delivery.leases import LEASE
from notifier.delivery.retrying import Patience
from notifier.delivery.worker import Postman
from storage import Database, Tx, open_database
from tests.notifier.post_office import PostOffice, StageClock, a_postman
from tests.notifier.stage import SAFE, Stage

PATIENCE = Patience(random.Random(1))
JUST_OVER = LEASE + timedelta(seconds=1)


async def claim(stage: Stage, worker: str = "one", most: int = 10) -> list[Claimed]:
    return await stage.database.call(leases.claim, worker, stage.now, most=most, mail=True)


async def begin(stage: Stage, claimed: Claimed, written_from: frozenset[LineState] | None = None) -> Permission:
    def work(tx: Tx) -> Permission:
        lines = frozenset(line.state for line in owed_notices.lines_of(tx, [claimed.notice_no])[claimed.notice_no])
        return last_look.begin(tx, claimed, lines if written_from is None else written_from, "<m@x>", stage.now)

    return await stage.database.call(work)


async def settle(stage: Stage, outcome: Outcome) -> int:
    return await stage.database.call(store.settle, [outcome], stage.now)


async def expire(stage: Stage) -> int:
    return await stage.database.call(leases.expire, PATIENCE, stage.now)


async def owed(stage: Stage, severity: str = "data-loss") -> str:
    await stage.holds("ada", "ada-mac")
    return await stage.publish(severity=severity)


async def test_a_claimed_delivery_is_nobody_elses(stage: Stage) -> None:
    await owed(stage)
    assert len(await claim(stage, "one")) == 1
    assert await claim(stage, "two") == []
    assert await stage.kinds() == [("warning", "sending")]


async def test_no_more_is_claimed_than_was_asked_for(stage: Stage) -> None:
    for number in range(60):
        await stage.holds(f"c{number}", f"i{number}")
    await stage.publish()
    assert len(await claim(stage, most=5)) == 5


async def test_a_lease_that_ran_out_before_the_message_left_is_taken_up_by_another(stage: Stage) -> None:
    await owed(stage)
    [first] = await claim(stage, "one")
    stage.now += JUST_OVER
    assert await expire(stage) == 1
    [second] = await claim(stage, "two")
    assert (second.no, second.fence, second.attempts) == (first.no, first.fence + 1, 2)


async def test_the_late_answer_of_a_worker_that_lost_its_lease_is_void(stage: Stage) -> None:
    await owed(stage)
    [first] = await claim(stage, "one")
    stage.now += JUST_OVER
    await expire(stage)
    [second] = await claim(stage, "two")
    assert await begin(stage, first) is Permission.LOST
    assert await settle(stage, PATIENCE.sent(first, "250 late")) == 0
    assert await stage.kinds() == [("warning", "sending")]
    assert await begin(stage, second) is Permission.GO
    assert await settle(stage, PATIENCE.sent(second, "250 taken")) == 1
    assert await stage.kinds() == [("warning", "sent")]


async def test_a_renewed_lease_does_not_run_out(stage: Stage) -> None:
    await owed(stage)
    held = await claim(stage, "one")
    stage.now += LEASE / 2
    assert await stage.database.call(leases.renew, held, stage.now) == 1
    stage.now += LEASE / 2 + timedelta(seconds=1)
    assert await expire(stage) == 0


async def test_a_lease_that_has_run_out_cannot_be_renewed(stage: Stage) -> None:
    await owed(stage)
    held = await claim(stage, "one")
    stage.now += JUST_OVER
    assert await stage.database.call(leases.renew, held, stage.now) == 0


async def test_what_could_not_be_recorded_is_taken_up_although_its_process_lives(stage: Stage) -> None:
    await owed(stage)
    await stage.holds("bob", "bob-mac")
    [kept, lost] = await claim(stage, "one")
    stage.now += LEASE / 2
    assert await stage.database.call(leases.renew, [kept], stage.now) == 1
    stage.now += LEASE / 2 + timedelta(seconds=1)
    assert await expire(stage) == 1
    assert [each.no for each in await claim(stage, "one")] == [lost.no]


async def test_what_is_claimed_again_stays_in_hand_when_its_first_claim_leaves(stage: Stage) -> None:
    await owed(stage)
    desk = Desk(stage.database, StageClock(stage), lambda: None)
    [first] = await claim(stage, "one")
    desk.take([first])
    await begin(stage, first, frozenset({LineState(999, 1, None)}))
    [second] = await claim(stage, "one")
    desk.take([second])
    desk.let_go(first)
    assert list(desk.in_hand.values()) == [second]


@pytest.mark.parametrize(("severity", "state"), [("data-loss", "pending"), ("outage", "in_doubt")])
async def test_a_worker_that_died_after_the_message_left_leaves_it_in_doubt(
    stage: Stage, severity: str, state: str
) -> None:
    await owed(stage, severity)
    [claimed] = await claim(stage)
    await begin(stage, claimed)
    stage.now += JUST_OVER
    await expire(stage)
    assert await stage.kinds() == [("warning", state)]


async def test_what_was_in_doubt_and_is_sent_again_has_its_first_message_id(stage: Stage) -> None:
    await owed(stage)
    [claimed] = await claim(stage)
    await begin(stage, claimed)
    stage.now += JUST_OVER
    await expire(stage)
    [again] = await claim(stage)
    assert again.message_id == "<m@x>"


async def test_what_was_once_in_doubt_never_counts_as_not_received(stage: Stage) -> None:
    await owed(stage)
    [claimed] = await claim(stage)
    await begin(stage, claimed)
    stage.now += JUST_OVER
    await expire(stage)
    [again] = await claim(stage)
    refusal = DeliveryFailed(Cause.RECIPIENT, "550 5.1.1 gone", permanent=True)
    await settle(stage, PATIENCE.failed(again, refusal, stage.now))
    assert await stage.kinds() == [("warning", "in_doubt")]


async def test_whose_warning_is_in_doubt_gets_the_all_clear(stage: Stage, office: PostOffice, postman: Postman) -> None:
    defect = await owed(stage, "outage")
    [claimed] = await claim(stage)
    await begin(stage, claimed)
    stage.now += JUST_OVER
    await expire(stage)
    await stage.withdraw(defect)
    await postman.deliver_due()
    assert [mail["Subject"] for mail in office.mails()] == ["All clear: our warning about Notes was wrong"]


async def test_just_before_sending_a_withdrawn_warning_is_cancelled(stage: Stage) -> None:
    defect = await owed(stage)
    [claimed] = await claim(stage)
    await stage.withdraw(defect)
    assert await begin(stage, claimed) is Permission.NEVER
    [notice] = await stage.notices()
    assert notice.state == "cancelled"


async def test_just_before_sending_a_warning_to_who_has_moved_on_is_cancelled(stage: Stage) -> None:
    await owed(stage)
    [claimed] = await claim(stage)
    await stage.check_in("ada-mac", footprint=SAFE)
    assert await begin(stage, claimed) is Permission.NEVER
    assert ("warning", "cancelled") in await stage.kinds()


async def test_words_that_are_no_longer_right_are_written_again(stage: Stage) -> None:
    await owed(stage)
    [claimed] = await claim(stage)
    stale = frozenset({LineState(999, 1, None)})
    assert await begin(stage, claimed, stale) is Permission.LATER
    [again] = await claim(stage)
    assert (again.no, again.attempts) == (claimed.no, 1)


async def test_a_revision_between_claim_and_sending_is_waited_for_and_then_told(
    stage: Stage, office: PostOffice, postman: Postman
) -> None:
    defect = await owed(stage)
    [claimed] = await claim(stage)
    await stage.revise(defect, title="Upgrading to 4.2 erases notes")
    assert await begin(stage, claimed) is Permission.LATER
    await postman.deliver_due()
    [mail] = office.mails()
    assert "Upgrading to 4.2 erases notes." in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]


async def test_an_install_that_joins_before_sending_is_in_the_same_mail(
    stage: Stage, office: PostOffice, postman: Postman
) -> None:
    await owed(stage)
    await stage.holds("ada", "ada-laptop")
    await postman.deliver_due()
    [mail] = office.mails()
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "ada-mac: version 4.1.0" in text
    assert "ada-laptop: version 4.1.0" in text


async def test_eight_workers_claim_each_delivery_once(migrated_postgresql_url: str) -> None:
    database = open_database(migrated_postgresql_url, readers=8)
    stage = Stage(database)
    await stage.set_up()
    for number in range(40):
        await stage.holds(f"c{number}", f"i{number}")
    await stage.publish()
    claimed = await asyncio.gather(*(_claim_all(database, stage, f"w{worker}") for worker in range(8)))
    numbers = [each.no for batch in claimed for each in batch]
    assert len(numbers) == 40
    assert len(set(numbers)) == 40
    await database.close()


async def _claim_all(database: Database, stage: Stage, worker: str) -> list[Claimed]:
    claimed: list[Claimed] = []
    while batch := await database.call(leases.claim, worker, stage.now, most=3, mail=True):
        claimed += batch
    return claimed


async def test_several_postmen_send_each_mail_once(stage: Stage, office: PostOffice) -> None:
    for number in range(24):
        await stage.holds(f"c{number}", f"i{number}")
    await stage.publish()
    postmen = [a_postman(stage, office, connections=2) for _ in range(3)]
    await asyncio.gather(*(postman.deliver_due() for postman in postmen))
    for postman in postmen:
        await postman.close()
    assert office.recipients() == sorted(f"c{number}@example.com" for number in range(24))
    assert {state for _, state in await stage.kinds()} == {"sent"}


async def test_a_postman_that_is_stopped_ends_what_it_has_begun_and_puts_back_the_rest(
    stage: Stage, office: PostOffice
) -> None:
    for number in range(6):
        await stage.holds(f"c{number}", f"i{number}")
    await stage.publish()
    postman = a_postman(stage, office, connections=1)
    office.on_message = postman.stop
    await postman.deliver_due()
    await postman.close()
    assert len(office.received) == 1
    assert sorted(await stage.kinds()) == [("warning", "pending")] * 5 + [("warning", "sent")]
    assert {each.attempts for each in await claim(stage, "another")} == {1}


async def test_the_gravest_goes_first(stage: Stage) -> None:
    await stage.holds("ada", "ada-mac")
    await stage.publish(id="D-1", severity="degraded")
    stage.later(minutes=1)
    await stage.publish(id="D-2", severity="data-loss")
    await stage.publish(id="D-3", severity="outage")
    assert [each.severity.value for each in await claim(stage)] == ["data-loss", "outage", "degraded"]


async def test_the_loop_delivers_what_is_owed_while_it_runs_and_ends_when_told(
    stage: Stage, office: PostOffice, postman: Postman
) -> None:
    arrived = asyncio.Event()
    office.on_message = arrived.set
    running = asyncio.create_task(postman.run())
    await owed(stage)
    async with asyncio.timeout(60):
        await arrived.wait()
        postman.stop()
        await running
    assert await stage.kinds() == [("warning", "sent")]
