"""What becomes of a delivery whose mail came back, on both databases."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from notifier import call_list
from notifier.delivery import suppressing
from notifier.delivery.bouncing import Doorkeeper, Taken
from notifier.delivery.last_look import Permission
from notifier.delivery.releasing import doubt_before
from notifier.delivery.retrying import Patience
from notifier.delivery.return_path import ReturnPath
from notifier.delivery.worker import Postman
from notifier.ledger import ledger
from notifier.proofs import Proof
from tests.notifier.delivery.test_delivering import rows
from tests.notifier.delivery.test_leases import begin, claim, settle
from tests.notifier.post_office import SECRET, PostOffice, a_postman
from tests.notifier.stage import Stage

BOUNCES = "bounces@notes.example"
DOOR = Doorkeeper(Patience(random.Random(1)), ReturnPath(BOUNCES, SECRET))


def a_report(
    to: str, status: str = "5.1.1", said: str = "550 5.1.1 User unknown", *, action: str = "failed", about: str = ""
) -> bytes:
    """Return a report by the standard, as a mail server sends it."""
    return (
        f"From: MAILER-DAEMON@mx.example\r\nTo: <{to}>\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n"
        "--x\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n"
        "--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; ada@example.com\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; {said}\r\n\r\n"
        f"--x\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {about}\r\n\r\n--x--\r\n"
    ).encode()


async def take(stage: Stage, raw: bytes, door: Doorkeeper = DOOR) -> Taken:
    return await stage.database.call(door.take, raw, stage.now)


async def told(stage: Stage, office: PostOffice, severity: str = "data-loss") -> str:
    """Let a warning be accepted; return the address that it comes back to."""
    await stage.holds("ada", "ada-mac")
    await stage.publish(severity=severity)
    postman = a_postman(stage, office, bounces_to=BOUNCES)
    await postman.deliver_due()
    await postman.close()
    [envelope] = office.received
    assert envelope.mail_from is not None
    return envelope.mail_from


async def test_a_mail_comes_back_to_an_address_of_its_own_and_is_still_from_the_vendor(
    stage: Stage, office: PostOffice
) -> None:
    path = await told(stage, office)
    [notice] = await stage.notices()
    assert ReturnPath(BOUNCES, SECRET).notice(path) == notice.id
    assert office.mails()[0]["From"] == "Notes Ltd <warnings@notes.example>"


async def test_a_mailbox_that_is_gone_is_a_failure_and_is_left_alone(stage: Stage, office: PostOffice) -> None:
    path = await told(stage, office)
    assert await take(stage, a_report(path)) is Taken.FAILED
    assert await stage.kinds() == [("warning", "failed")]
    assert (await stage.notices())[0].sent_at is None
    [left] = await stage.database.read(suppressing.listing, stage.now)
    assert (left.address, left.refusals) == ("ada@example.com", 1)


async def test_the_same_report_twice_counts_once(stage: Stage, office: PostOffice) -> None:
    path = await told(stage, office)
    await take(stage, a_report(path))
    assert await take(stage, a_report(path)) is Taken.KNOWN
    [left] = await stage.database.read(suppressing.listing, stage.now)
    assert left.refusals == 1


async def test_what_is_about_our_standing_is_sent_again_and_never_held_against_the_recipient(
    stage: Stage, office: PostOffice, postman: Postman
) -> None:
    path = await told(stage, office)
    said = "550 5.7.1 Client host [192.0.2.7] blocked using zen.spamhaus.org"
    assert await take(stage, a_report(path, "5.7.1", said)) is Taken.AGAIN
    assert await stage.kinds() == [("warning", "pending")]
    assert await stage.database.read(suppressing.listing, stage.now) == []
    assert await postman.deliver_due() == 0
    stage.later(hours=1)
    await postman.deliver_due()
    first, again = office.mails()
    assert first["Message-ID"] == again["Message-ID"]
    assert await stage.kinds() == [("warning", "sent")]


async def test_a_delay_changes_nothing(stage: Stage, office: PostOffice) -> None:
    path = await told(stage, office)
    report = a_report(path, "4.4.1", "451 4.4.1 no answer", action="delayed")
    assert await take(stage, report) is Taken.DELAYED
    assert await stage.kinds() == [("warning", "sent")]


async def test_a_mail_that_lies_in_the_mailbox_is_proved_to(stage: Stage, office: PostOffice) -> None:
    path = await told(stage, office)
    report = a_report(path, "2.0.0", "250 2.0.0 a failed scan was repeated", action="delivered")
    assert await take(stage, report) is Taken.DELIVERED
    assert await take(stage, report) is Taken.KNOWN
    [defect] = {notice.defect for notice in await stage.notices()}
    view = await stage.database.read(ledger, defect)
    assert (view.proof_now[Proof.DELIVERED], view.proof_now[Proof.ACCEPTED]) == (1, 0)
    assert await stage.kinds() == [("warning", "sent")]
    # What comes back in the end did not arrive, whatever was said on the way.
    assert await take(stage, a_report(path)) is Taken.FAILED
    assert (await stage.database.read(ledger, defect)).proof_now[Proof.NOT_REACHED] == 1
    assert await take(stage, report) is Taken.KNOWN


@pytest.mark.parametrize(
    ("said", "taken", "kind"),
    [
        ("550 5.1.1 User unknown", Taken.FAILED, "failed"),
        ("550 5.7.1 blocked using zen.spamhaus.org", Taken.AGAIN, "pending"),
    ],
)
async def test_a_report_that_overtakes_the_answer_counts(stage: Stage, said: str, taken: Taken, kind: str) -> None:
    await stage.holds("ada", "ada-mac")
    await stage.publish()
    [claimed] = await claim(stage)
    assert await begin(stage, claimed) is Permission.GO
    report = a_report(DOOR.return_path.of(claimed.notice) if DOOR.return_path else "", said[4:9], said)
    assert await take(stage, report) is taken
    assert await settle(stage, DOOR.patience.sent(claimed, "250 taken")) == 0
    assert await stage.kinds() == [("warning", kind)]


async def test_a_mail_that_left_after_the_backup_was_made_may_come_back(stage: Stage) -> None:
    await stage.holds("ada", "ada-mac")
    await stage.publish(severity="outage")
    later = stage.now + timedelta(hours=1)
    await stage.database.call(
        lambda tx: doubt_before(tx, later, stage.now, repeated=frozenset(), domain="notes.example")
    )
    assert await rows(stage, "d.state, d.attempts") == [("IN_DOUBT", 0)]
    [notice] = await stage.notices()
    path = DOOR.return_path.of(notice.id) if DOOR.return_path else ""
    assert await take(stage, a_report(path, "5.7.1", "550 5.7.1 blocked using zen.spamhaus.org")) is Taken.AGAIN
    assert await stage.kinds() == [("warning", "pending")]


async def test_a_report_on_an_earlier_attempt_does_not_stop_the_next(stage: Stage, office: PostOffice) -> None:
    path = await told(stage, office)
    assert await take(stage, a_report(path, "5.7.1", "550 5.7.1 blocked")) is Taken.AGAIN
    stage.later(hours=1)
    [claimed] = await claim(stage)
    assert await take(stage, a_report(path, "5.7.1", "550 5.7.1 blocked, again")) is Taken.AGAIN
    assert await begin(stage, claimed) is Permission.GO
    assert await settle(stage, DOOR.patience.sent(claimed, "250 taken")) == 1


async def test_a_report_that_came_to_no_address_of_ours_is_not_believed(stage: Stage, office: PostOffice) -> None:
    path = await told(stage, office)
    [mail] = office.mails()
    forged = path.replace("@", "a@")
    assert await take(stage, a_report(forged, about=mail["Message-ID"])) is Taken.NOT_OURS
    assert await stage.kinds() == [("warning", "sent")]


async def test_without_such_addresses_the_message_id_tells(stage: Stage, office: PostOffice, postman: Postman) -> None:
    await stage.holds("ada", "ada-mac")
    await stage.publish()
    await postman.deliver_due()
    [mail] = office.mails()
    door = Doorkeeper(Patience(random.Random(1)), None)
    assert await take(stage, a_report("warnings@notes.example", about=mail["Message-ID"]), door) is Taken.FAILED


async def test_whose_warning_came_back_gets_no_all_clear(stage: Stage, office: PostOffice, postman: Postman) -> None:
    path = await told(stage, office)
    await take(stage, a_report(path))
    await stage.withdraw("NOTES-4411")
    await postman.deliver_due()
    assert len(office.received) == 1


async def test_an_address_that_is_left_alone_gets_nothing_until_the_rest_is_over(
    stage: Stage, office: PostOffice, postman: Postman
) -> None:
    path = await told(stage, office)
    await take(stage, a_report(path))
    await stage.publish(id="NOTES-5000")
    await postman.deliver_due()
    assert len(office.received) == 1
    assert (await rows(stage, "d.state"))[1] == ("FAILED",)
    stage.later(days=31)
    await stage.publish(id="NOTES-5001")
    await postman.deliver_due()
    assert len(office.received) == 2


async def test_a_refusal_at_the_door_leaves_an_address_alone_the_longer_the_oftener(
    stage: Stage, office: PostOffice, postman: Postman
) -> None:
    office.refusals["ada@example.com"] = "550 5.1.1 User unknown"
    await stage.holds("ada", "ada-mac")
    await stage.publish()
    await postman.deliver_due()
    stage.later(days=31)
    await stage.publish(id="NOTES-5000")
    await postman.deliver_due()
    [left] = await stage.database.read(suppressing.listing, stage.now)
    assert left.refusals == 2
    stage.now += timedelta(days=59)
    assert len(await stage.database.read(suppressing.listing, stage.now)) == 1
    stage.now += timedelta(days=2)
    assert await stage.database.read(suppressing.listing, stage.now) == []


@pytest.mark.parametrize(
    "reply", ["550 5.7.1 blocked using zen.spamhaus.org", "552 5.2.2 Mailbox full", "554 5.6.0 bad"]
)
async def test_no_other_refusal_leaves_an_address_alone(
    stage: Stage, office: PostOffice, postman: Postman, reply: str
) -> None:
    office.refusals["ada@example.com"] = reply
    await stage.holds("ada", "ada-mac")
    await stage.publish()
    await postman.deliver_due()
    assert await stage.database.read(suppressing.listing, stage.now) == []


async def test_an_address_can_be_written_to_again_by_hand(stage: Stage, office: PostOffice, postman: Postman) -> None:
    path = await told(stage, office)
    await take(stage, a_report(path))
    assert await stage.database.call(suppressing.lift, "Ada@example.com")
    await stage.publish(id="NOTES-5000")
    await postman.deliver_due()
    assert len(office.received) == 2


async def test_who_cannot_be_reached_any_more_is_on_the_call_list(stage: Stage, office: PostOffice) -> None:
    path = await told(stage, office)
    await take(stage, a_report(path))
    defect = await stage.publish(id="NOTES-5000")
    found = await stage.database.read(_called, defect, stage)
    assert [(entry.customer, entry.why) for _, entry in found] == [("ada", ["left_alone"])]


def _called(tx: object, defect: str, stage: Stage) -> list[tuple[int, call_list.Entry]]:
    return call_list.page(tx, defect, after=call_list.BEGINNING, limit=10, now=stage.now)  # type: ignore[arg-type]
