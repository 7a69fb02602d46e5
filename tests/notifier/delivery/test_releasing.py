"""Letting an outbox go that was put back from a backup, on both databases."""

from __future__ import annotations

import pytest

from commands import keeping
from notifier.delivery.releasing import doubt_before
from notifier.delivery.retrying import REPEATED_IN_DOUBT
from notifier.delivery.worker import Postman
from risk import Severity
from tests.notifier.delivery.test_delivering import rows
from tests.notifier.post_office import PostOffice, a_postman
from tests.notifier.stage import Stage


async def doubted(stage: Stage) -> int:
    """Say that the backup was made now."""
    stage.later(seconds=1)
    return await stage.database.call(
        doubt_before, stage.now, stage.now, repeated=REPEATED_IN_DOUBT, domain="notes.example"
    )


async def test_while_mail_is_held_nothing_is_claimed(stage: Stage, office: PostOffice, postman: Postman) -> None:
    await stage.holds("ada", "ada-mac")
    await stage.publish()
    await stage.database.call(keeping.hold_mail, "a test", stage.now)
    assert await postman.deliver_due() == 0
    await stage.database.call(keeping.resume_mail)
    assert await postman.deliver_due() == 1
    assert len(office.received) == 1


async def test_a_hold_that_comes_while_a_mail_is_on_its_way_puts_it_back(
    stage: Stage, office: PostOffice, postman: Postman
) -> None:
    await stage.holds("ada", "ada-mac")
    await stage.holds("bob", "bob-mac")
    await stage.publish()

    async def hold() -> None:
        await stage.database.call(keeping.hold_mail, "a test", stage.now)

    office.on_message = hold
    await postman.deliver_due()
    assert len(office.received) + len([1 for _, state in await stage.kinds() if state == "pending"]) == 2


async def test_a_grave_warning_owed_before_the_backup_goes_again_under_the_same_message_id(
    stage: Stage, office: PostOffice, postman: Postman
) -> None:
    await stage.holds("ada", "ada-mac")
    await stage.publish()
    assert await doubted(stage) == 1
    [(message_id, doubtful_at)] = await rows(stage, "d.message_id, d.doubtful_at")
    assert doubtful_at is not None
    await postman.deliver_due()
    [mail] = office.mails()
    assert mail["Message-ID"] == message_id
    assert await stage.kinds() == [("warning", "sent")]


async def test_a_lesser_one_is_left_in_doubt_and_gets_the_all_clear_in_its_thread(
    stage: Stage, office: PostOffice, postman: Postman
) -> None:
    await stage.holds("ada", "ada-mac")
    defect = await stage.publish(severity="outage")
    await doubted(stage)
    await postman.deliver_due()
    assert office.received == []
    assert await stage.kinds() == [("warning", "in_doubt")]
    [(message_id,)] = await rows(stage, "d.message_id")
    await stage.withdraw(defect)
    await postman.deliver_due()
    [mail] = office.mails()
    assert mail["In-Reply-To"] == message_id


async def test_what_is_owed_after_the_backup_is_sent_as_ever(
    stage: Stage, office: PostOffice, postman: Postman
) -> None:
    await doubted(stage)
    stage.later(minutes=1)
    await stage.holds("ada", "ada-mac")
    await stage.publish(severity="outage")
    await postman.deliver_due()
    assert len(office.received) == 1


async def test_what_was_sent_before_the_backup_stays_sent(stage: Stage, office: PostOffice, postman: Postman) -> None:
    await stage.holds("ada", "ada-mac")
    await stage.publish()
    await postman.deliver_due()
    assert await doubted(stage) == 0
    assert len(office.received) == 1
    assert await stage.kinds() == [("warning", "sent")]


@pytest.mark.parametrize("severity", ["data-loss", "outage"])
async def test_the_vendor_decides_what_is_sent_again_in_doubt(stage: Stage, office: PostOffice, severity: str) -> None:
    office.verdicts["ada@example.com"] = "cut"
    await stage.holds("ada", "ada-mac")
    await stage.publish(severity=severity)

    def mend() -> None:
        if len(seen) > 0:
            office.verdicts.clear()
        seen.append(1)

    seen: list[int] = []
    office.on_message = mend
    postman = a_postman(stage, office, repeat_in_doubt={Severity.OUTAGE})
    await postman.deliver_due()
    await postman.close()
    assert await stage.kinds() == [("warning", "sent" if severity == "outage" else "in_doubt")]
