"""From a notice owed to a mail taken by a real server, on both databases."""

from __future__ import annotations

from datetime import datetime
from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from notifier.delivery.claims import Claimed
from notifier.delivery.compose import Composer, Message, Unsigned
from notifier.delivery.known import Known
from notifier.delivery.worker import Postman
from storage import Tx
from storage.outcomes import Conflict, Invalid, NotFound
from tests.notifier.delivery.builders import pause
from tests.notifier.post_office import PostOffice, a_postman
from tests.notifier.stage import AT_RISK, SAFE, Stage


async def rows(stage: Stage, columns: str = "d.state, d.attempts, d.reply") -> list[tuple[object, ...]]:
    """Return some columns of every delivery, oldest first."""

    def work(tx: Tx) -> list[tuple[object, ...]]:
        text = f"SELECT {columns} FROM deliveries d JOIN notices n ON n.no = d.notice_no ORDER BY d.no"  # noqa: S608 - names of our own
        return [tuple(row.values()) for row in tx.built(text, {})]

    return await stage.database.read(work)


async def test_a_warning_reaches_those_at_risk_and_nobody_else(
    stage: Stage, office: PostOffice, postman: Postman
) -> None:
    await stage.holds("ada", "ada-mac")
    await stage.holds("bob", "bob-mac", "4.1.0", **SAFE)
    await stage.publish()
    assert await postman.deliver_due() == 1
    [mail] = office.mails()
    assert mail["To"] == "Ada <ada@example.com>"
    assert mail["From"] == "Notes Ltd <warnings@notes.example>"
    assert mail["Subject"] == "Please do not update Notes yet"
    assert await stage.kinds() == [("warning", "sent")]
    assert (await stage.notices())[0].sent_at is not None


async def test_nothing_is_sent_twice(stage: Stage, office: PostOffice, postman: Postman) -> None:
    await stage.holds("ada", "ada-mac")
    await stage.publish()
    await postman.deliver_due()
    assert await postman.deliver_due() == 0
    assert len(office.received) == 1


async def test_without_a_mail_server_mail_waits(stage: Stage) -> None:
    await stage.holds("ada", "ada-mac")
    await stage.publish()
    postman = a_postman(stage, None)
    assert await postman.deliver_due() == 0
    assert await rows(stage, "d.state") == [("PENDING",)]
    await postman.close()


async def test_an_all_clear_answers_the_warning_and_goes_to_the_same_address(
    stage: Stage, office: PostOffice, postman: Postman
) -> None:
    await stage.holds("ada", "ada-mac")
    defect = await stage.publish()
    await postman.deliver_due()
    await stage.release("4.2.2")
    await stage.resolve(defect)
    await postman.deliver_due()
    warning, all_clear = office.mails()
    assert all_clear["Subject"] == "All clear: Notes 4.2.2 is safe to install"
    assert all_clear["In-Reply-To"] == warning["Message-ID"]
    assert all_clear["References"] == warning["Message-ID"]
    assert office.recipients() == ["ada@example.com", "ada@example.com"]


async def test_a_withdrawn_defect_is_taken_back_with_its_reason(
    stage: Stage, office: PostOffice, postman: Postman
) -> None:
    await stage.holds("ada", "ada-mac")
    defect = await stage.publish()
    await postman.deliver_due()
    await stage.withdraw(defect, "It was the test rig.")
    await postman.deliver_due()
    mail = office.mails()[1]
    assert mail["Subject"] == "All clear: our warning about Notes was wrong"
    assert "It was the test rig." in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]


async def test_who_has_upgraded_already_is_told_what_to_do_now(
    stage: Stage, office: PostOffice, postman: Postman
) -> None:
    await stage.holds("ada", "ada-mac")
    await stage.check_in("ada-mac", "4.2.0")
    await stage.publish(remedies=[{"kind": "wait"}, {"kind": "roll_back"}, {"kind": "repair"}])
    await postman.deliver_due()
    [mail] = office.mails()
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert mail["Subject"] == "Notes 4.2.0: please act now to protect your data"
    assert "It can go back to 4.1.0." in text
    assert "Repair what was damaged" in text
    assert "Wait, and keep" not in text


async def test_going_back_is_not_offered_to_who_never_had_an_unaffected_version(
    stage: Stage, office: PostOffice, postman: Postman
) -> None:
    await stage.holds("ada", "ada-mac", "4.2.0", **AT_RISK)
    await stage.publish(remedies=[{"kind": "roll_back"}, {"kind": "repair"}])
    await postman.deliver_due()
    [mail] = office.mails()
    assert "Go back" not in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]


async def test_a_correction_says_what_has_changed(stage: Stage, office: PostOffice, postman: Postman) -> None:
    await stage.holds("ada", "ada-mac")
    defect = await stage.publish()
    await postman.deliver_due()
    remedies = [{"kind": "upgrade_to", "version": "4.2.3"}]
    await stage.revise(defect, affected=[{"introduced": "4.2.0", "fixed": "4.2.3"}], remedies=remedies)
    await postman.deliver_due()
    mail = office.mails()[1]
    assert mail["Subject"] == "Notes: our warning has changed"
    text = " ".join(mail.get_body(("plain",)).get_content().split())  # type: ignore[union-attr]
    assert "It now concerns version 4.2.0 and later, before 4.2.3." in text


async def test_a_refused_mailbox_fails_for_good(stage: Stage, office: PostOffice, postman: Postman) -> None:
    office.refusals["ada@example.com"] = "550 5.1.1 User unknown"
    await stage.holds("ada", "ada-mac")
    await stage.publish()
    await postman.deliver_due()
    assert await rows(stage) == [("FAILED", 1, "recipient: 550 5.1.1 User unknown")]
    assert await stage.kinds() == [("warning", "failed")]


async def test_a_block_listed_relay_tries_again_since_the_recipient_is_not_to_blame(
    stage: Stage, office: PostOffice, postman: Postman
) -> None:
    office.refusals["ada@example.com"] = "550 5.7.1 Client host [192.0.2.7] blocked using zen.spamhaus.org"
    await stage.holds("ada", "ada-mac")
    await stage.publish()
    await postman.deliver_due()
    assert (await rows(stage, "d.state"))[0] == ("PENDING",)
    office.refusals.clear()
    stage.later(seconds=31)
    await postman.deliver_due()
    assert await stage.kinds() == [("warning", "sent")]


async def test_a_temporary_refusal_waits_twice_as_long_each_time(
    stage: Stage, office: PostOffice, postman: Postman
) -> None:
    office.refusals["ada@example.com"] = "451 4.3.0 later"
    await stage.holds("ada", "ada-mac")
    await stage.publish()
    for seconds in (30, 60, 120):
        await postman.deliver_due()
        stage.later(seconds=seconds - 1)
        assert await postman.deliver_due() == 0
        stage.later(seconds=1)
    office.refusals.clear()
    assert await postman.deliver_due() == 1
    assert await rows(stage, "d.state, d.attempts") == [("SENT", 4)]


async def test_after_the_last_attempt_it_has_failed(stage: Stage, office: PostOffice, postman: Postman) -> None:
    office.refusals["ada@example.com"] = "451 4.3.0 later"
    await stage.holds("ada", "ada-mac")
    await stage.publish(severity="degraded")
    for _ in range(12):
        await postman.deliver_due()
        stage.later(hours=5)
    assert await postman.deliver_due() == 0
    assert await rows(stage, "d.state, d.attempts") == [("FAILED", 12)]


async def test_a_connection_that_broke_in_the_message_leaves_it_in_doubt(
    stage: Stage, office: PostOffice, postman: Postman
) -> None:
    office.verdicts["ada@example.com"] = "cut"
    await stage.holds("ada", "ada-mac")
    await stage.publish(severity="outage")
    await postman.deliver_due()
    assert await stage.kinds() == [("warning", "in_doubt")]
    office.verdicts.clear()
    stage.later(days=1)
    assert await postman.deliver_due() == 0


async def test_a_data_loss_warning_in_doubt_goes_again_under_the_same_message_id(
    stage: Stage, office: PostOffice, postman: Postman
) -> None:
    office.verdicts["ada@example.com"] = "cut"
    await stage.holds("ada", "ada-mac")
    await stage.publish()

    def mend() -> None:
        office.verdicts.clear()

    seen: list[str] = []

    def remember() -> None:
        seen.append("once")
        if len(seen) == 2:
            mend()

    office.on_message = remember
    await postman.deliver_due()
    [mail] = office.mails()
    [(message_id, doubtful_at)] = await rows(stage, "d.message_id, d.doubtful_at")
    assert mail["Message-ID"] == message_id
    assert doubtful_at is not None
    assert await stage.kinds() == [("warning", "sent")]


async def test_a_connection_the_server_closed_while_idle_says_nothing_about_the_next_mail(
    stage: Stage, office: PostOffice, postman: Postman
) -> None:
    await stage.holds("ada", "ada-mac")
    await stage.publish()
    await postman.deliver_due()
    office.hang_up()
    await stage.holds("bob", "bob-mac")
    await postman.deliver_due()
    assert office.recipients() == ["ada@example.com", "bob@example.com"]
    assert (await rows(stage, "d.attempts"))[1] == (1,)


async def test_an_answer_of_421_is_tried_on_a_new_connection_later(
    stage: Stage, office: PostOffice, postman: Postman
) -> None:
    office.verdicts["ada@example.com"] = "421 4.3.2 going down"
    await stage.holds("ada", "ada-mac")
    await stage.publish()
    await postman.deliver_due()
    assert await rows(stage, "d.state, d.handed_over_at") == [("PENDING", None)]
    office.verdicts.clear()
    stage.later(seconds=31)
    await postman.deliver_due()
    assert await stage.kinds() == [("warning", "sent")]


async def test_connections_are_kept(stage: Stage, office: PostOffice, postman: Postman) -> None:
    for name in "abcdefgh":
        await stage.holds(name, f"{name}-mac")
    await stage.publish()
    await postman.deliver_due()
    assert len(office.received) == 8
    assert office.connections <= 4


async def test_a_pause_holds_back_what_is_unsent(stage: Stage, office: PostOffice, postman: Postman) -> None:
    await stage.holds("ada", "ada-mac")
    defect = await stage.publish()
    await stage.database.call(pause, defect, "2026-01-01T18:00:00.000000Z")
    assert await postman.deliver_due() == 0
    stage.later(hours=7)
    assert await postman.deliver_due() == 1
    assert len(office.received) == 1


async def test_a_webhook_in_our_own_networks_is_not_called(stage: Stage, postman: Postman) -> None:
    await stage.customer("ada", email=None, webhook="https://hooks.example.com/n")
    await stage.check_in("ada-mac", customer="ada", footprint=AT_RISK)
    await stage.publish()
    await stage.database.call(
        lambda tx: tx.run_built("UPDATE deliveries SET address = :url", {"url": "https://127.0.0.1/"})
    )
    await postman.deliver_due()
    assert await rows(stage) == [("FAILED", 1, "recipient: 127.0.0.1 is no public address.")]


async def test_who_asked_for_no_more_mail_gets_none(stage: Stage, office: PostOffice, postman: Postman) -> None:
    await stage.holds("ada", "ada-mac")
    await stage.publish()
    await stage.database.call(
        lambda tx: tx.run_built("UPDATE customers SET mail_refused_at = '2026-01-01T12:00:00.000000Z'", {})
    )
    await postman.deliver_due()
    assert office.received == []
    assert await stage.kinds() == [("warning", "cancelled")]


async def test_one_message_that_cannot_be_written_does_not_keep_the_others(
    stage: Stage, office: PostOffice, postman: Postman, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = Composer.compose

    def compose(composer: Composer, tx: Tx, claimed: Claimed, known: Known, now: datetime) -> Message | Unsigned:
        if claimed.address == "ada@example.com":
            raise ZeroDivisionError
        return written(composer, tx, claimed, known, now)

    monkeypatch.setattr(Composer, "compose", compose)
    await stage.holds("ada", "ada-mac")
    await stage.holds("bob", "bob-mac")
    await stage.publish()
    await postman.deliver_due()
    assert office.recipients() == ["bob@example.com"]
    assert ("PENDING", "content: the message could not be written: ZeroDivisionError") in await rows(
        stage, "d.state, d.reply"
    )


async def test_a_webhook_is_told_what_the_contract_calls_a_notice(stage: Stage) -> None:
    calls: list[tuple[dict[str, str], dict[str, Any]]] = []

    async def take(request: web.Request) -> web.Response:
        calls.append((dict(request.headers), await request.json()))
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/hook", take)
    server = TestServer(app)
    await server.start_server()
    await stage.customer("ada", email=None, webhook="https://hooks.example.com/n")
    await stage.check_in("ada-mac", customer="ada", footprint=AT_RISK)
    await stage.publish()
    url = f"http://127.0.0.1:{server.port}/hook"
    await stage.database.call(lambda tx: tx.run_built("UPDATE deliveries SET address = :url", {"url": url}))
    postman = a_postman(stage, None, allowed_networks=[ip_network("127.0.0.0/8")])
    assert await postman.deliver_due() == 1
    await postman.close()
    await server.close()
    [(headers, body)] = calls
    [notice] = await stage.notices()
    assert headers["webhook-id"] == f"{notice.id}.webhook"
    assert body["type"] == "notice.warning"
    assert (body["data"]["id"], body["data"]["installs"]) == (notice.id, ["ada-mac"])
    assert notice.state == "sent"


async def test_who_has_upgraded_is_told_at_the_end_what_is_left_to_do(
    stage: Stage, office: PostOffice, postman: Postman
) -> None:
    await stage.holds("ada", "ada-mac")
    defect = await stage.publish()
    await postman.deliver_due()
    await stage.check_in("ada-mac", "4.2.0")
    await postman.deliver_due()
    await stage.release("4.2.2")
    await stage.resolve(defect)
    await postman.deliver_due()
    subjects = [mail["Subject"] for mail in office.mails()]
    assert subjects == [
        "Please do not update Notes yet",
        "Notes 4.2.0: please act now to protect your data",
        "All clear: Notes 4.2.2 is safe to install",
    ]
    text = office.mails()[2].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "Install version 4.2.2." in text
    assert "Repair what was damaged" in text


async def test_a_fix_that_carries_another_defect_is_not_called_safe(
    stage: Stage, office: PostOffice, postman: Postman
) -> None:
    await stage.holds("ada", "ada-mac")
    first = await stage.publish()
    await postman.deliver_due()
    await stage.release("4.2.2")
    await stage.publish(id="NOTES-5000", affected=[{"introduced": "4.2.2"}], remedies=[])
    await stage.resolve(first)
    await postman.deliver_due()
    subjects = {mail["Subject"] for mail in office.mails()}
    assert "Notes: the fault is fixed, but please wait a little longer" in subjects


async def test_who_has_taken_a_fix_that_carries_another_defect_is_not_told_that_it_is_safe(
    stage: Stage, office: PostOffice, postman: Postman
) -> None:
    await stage.holds("ada", "ada-mac")
    first = await stage.publish()
    await postman.deliver_due()
    await stage.release("4.2.2")
    await stage.check_in("ada-mac", "4.2.2")
    await stage.publish(id="NOTES-5000", affected=[{"introduced": "4.2.2"}], remedies=[])
    await stage.resolve(first)
    await postman.deliver_due()
    subjects = {mail["Subject"] for mail in office.mails()}
    assert "Notes: the fault is fixed, but please wait a little longer" in subjects
    assert "All clear: Notes 4.2.2 is safe to install" not in subjects


async def test_a_narrowed_defect_is_cleared_for_those_it_never_concerned(
    stage: Stage, office: PostOffice, postman: Postman
) -> None:
    await stage.holds("ada", "ada-mac")
    defect = await stage.publish()
    await postman.deliver_due()
    await stage.revise(defect, condition="notebooks > 100")
    await postman.deliver_due()
    mail = office.mails()[1]
    assert mail["Subject"] == "All clear: our warning about Notes does not concern you"


async def test_a_test_mail_goes_to_one_address_and_leaves_no_trace(
    stage: Stage, office: PostOffice, postman: Postman
) -> None:
    defect = await stage.file()
    await postman.send_test(defect, "qa@example.com")
    [mail] = office.mails()
    assert mail["Subject"] == "[Test] Please do not update Notes yet"
    assert mail["To"] == "qa@example.com"
    assert await stage.notices() == []


async def test_a_test_mail_that_is_refused_says_why(stage: Stage, office: PostOffice, postman: Postman) -> None:
    office.refusals["qa@example.com"] = "550 5.1.1 no such user"
    defect = await stage.file()
    with pytest.raises(Conflict, match="no such user"):
        await postman.send_test(defect, "qa@example.com")
    with pytest.raises(Invalid):
        await postman.send_test(defect, "qa@example.com, eve@evil.example")
    with pytest.raises(NotFound):
        await postman.send_test("NOTES-0", "qa@example.com")


async def test_without_a_mail_server_no_test_mail_is_sent(stage: Stage) -> None:
    postman = a_postman(stage, None)
    with pytest.raises(Conflict, match="No mail server"):
        await postman.send_test(await stage.file(), "qa@example.com")
    await postman.close()
