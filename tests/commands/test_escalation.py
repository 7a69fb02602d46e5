"""Data-loss drafts that nobody decides: the approvers hear of it once, and the draft may publish itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from api.keys import Role, create_key
from commands.serving.escalation import PATIENCE, Escalation
from feeds import audit, rules
from feeds.people import SERVICE
from notifier import publishing, staff_mail
from notifier.channels.failures import Cause, DeliveryFailed, LastMoment
from notifier.mails.build import Mail, Sender
from notifier.mails.dkim import Signer
from notifier.staff_mail import StaffPost
from storage import Database, Tx
from tests.conftest import FakeClock
from tests.notifier.stage import Stage

DAY = timedelta(hours=24)
SENDER = Sender("Notes Ltd", "care@notes.example")


class Server:
    """A mail server that takes all it is given, or refuses it."""

    def __init__(self, refusal: DeliveryFailed | None = None) -> None:
        self.refusal = refusal
        self.taken: list[Mail] = []

    async def send(self, mail: Mail, last_moment: LastMoment) -> str:
        await last_moment()
        if self.refusal is not None:
            raise self.refusal
        self.taken.append(mail)
        return "250 taken"


@pytest.fixture
async def stage(database: Database, clock: FakeClock) -> Stage:
    stage = Stage(database, now=clock.now())
    await stage.set_up()
    for role, person, mail in (
        (Role.APPROVER, "ada", "ada@notes.example"),
        (Role.ADMIN, "omar", "omar@notes.example"),
        (Role.APPROVER, "Ada", "ada@notes.example"),
        (Role.REPORTER, "quinn", "quinn@notes.example"),
        (Role.APPROVER, "mute", None),
    ):
        await database.call(create_key, role, person, mail=mail, now=stage.now)
    return stage


def a_loop(stage: Stage, clock: FakeClock, server: Server) -> Escalation:
    """Return the loop of a process that has just started."""
    post = StaffPost(stage.database, clock, server, SENDER, Signer())  # type: ignore[arg-type] # the one method it uses
    return Escalation(stage.database, clock, "https://warn.example", post)


async def test_the_approvers_are_told_once_however_often_and_wherever_it_is_looked(
    stage: Stage, clock: FakeClock
) -> None:
    server = Server()
    await stage.file()
    clock.advance(DAY - timedelta(seconds=1))
    await a_loop(stage, clock, server).look()
    assert server.taken == []
    clock.advance(timedelta(seconds=1))
    for _ in range(3):
        await a_loop(stage, clock, server).look()
        clock.advance(DAY)
    assert sorted(mail.recipient for mail in server.taken) == ["ada@notes.example", "omar@notes.example"]
    text = server.taken[0].content.decode().replace("=\r\n", "")
    assert "Subject: Nobody has decided on NOTES-4411: Upgrading to 4.2 can erase notes" in text
    assert "https://warn.example/defects/NOTES-4411" in text
    assert "Until then nobody is warned." in text


async def test_a_mail_that_a_server_does_not_take_is_tried_again_as_the_same_mail(
    stage: Stage, clock: FakeClock
) -> None:
    await stage.file()
    clock.advance(DAY)
    away = Server(DeliveryFailed(Cause.CONNECTION, "nobody answers"))
    await a_loop(stage, clock, away).look()
    server = Server()
    await a_loop(stage, clock, server).look()
    assert server.taken == []
    clock.advance(timedelta(minutes=1))
    await a_loop(stage, clock, server).look()
    assert len({mail.message_id for mail in server.taken}) == len(server.taken) == 2


async def test_a_mail_that_is_refused_for_good_is_given_up(stage: Stage, clock: FakeClock) -> None:
    await stage.file()
    clock.advance(DAY)
    refusing = Server(DeliveryFailed(Cause.RECIPIENT, "no such mailbox", permanent=True))
    await a_loop(stage, clock, refusing).look()
    clock.advance(DAY)
    server = Server()
    await a_loop(stage, clock, server).look()
    assert server.taken == []


async def test_a_mail_in_the_hands_of_a_process_that_died_is_sent_by_another(stage: Stage, clock: FakeClock) -> None:
    await stage.file()
    clock.advance(DAY)
    without_mail = Escalation(stage.database, clock, "https://warn.example", None)
    await without_mail.look()
    assert len(await stage.database.call(staff_mail.take, clock.now(), 20)) == 2
    server = Server()
    await a_loop(stage, clock, server).look()
    assert server.taken == []
    assert staff_mail.LEASE + timedelta(seconds=PATIENCE) < timedelta(minutes=1)
    clock.advance(staff_mail.LEASE)
    await a_loop(stage, clock, server).look()
    assert len(server.taken) == 2


async def test_where_it_is_wished_the_draft_publishes_itself_and_warns(stage: Stage, clock: FakeClock) -> None:
    await stage.database.call(rules.take_up, {"publish_after_hours": 6}, clock.now())
    await stage.holds("ann", "ann-1")
    defect = await stage.file()
    clock.advance(DAY)
    server = Server()
    loop = a_loop(stage, clock, server)
    await loop.look()
    assert "it is published by itself at 2026-01-02 18:00 UTC" in " ".join(
        server.taken[0].content.decode().replace("=\r\n", "").split()
    )
    clock.advance(timedelta(hours=6))
    await loop.look()
    await stage.sweep()
    assert await stage.kinds() == [("warning", "pending")]
    [*_, last] = await stage.database.read(audit.of, defect)
    assert (last.person, last.act) == (SERVICE, "publish")
    assert await stage.database.read(audit.verify) is None


async def test_a_draft_that_can_no_longer_be_published_is_tried_once_and_the_audit_says_why(
    stage: Stage, clock: FakeClock
) -> None:
    await stage.database.call(rules.take_up, {"publish_after_hours": 6}, clock.now())
    defect = await stage.file()
    await stage.set_up(facts={"plugins": {"type": "strings"}})
    for hours in (24, 6, 6):
        clock.advance(timedelta(hours=hours))
        await a_loop(stage, clock, Server()).look()
    view = await stage.database.read(publishing.view, defect, clock.now())
    assert view.state == "draft"
    refused = [row for row in await stage.database.read(audit.of, defect) if row.act == "publish refused"]
    assert len(refused) == 1


async def test_a_draft_published_in_time_is_told_to_nobody(stage: Stage, clock: FakeClock) -> None:
    await stage.publish()
    clock.advance(DAY)
    server = Server()
    await a_loop(stage, clock, server).look()
    assert server.taken == []


async def test_nothing_leaves_while_mail_is_held(stage: Stage, clock: FakeClock) -> None:
    def hold(tx: Tx) -> None:
        tx.run_built("INSERT INTO mail_hold (one, reason, since) VALUES (1, 'restored', '2026')", {})

    await stage.database.call(hold)
    await stage.file()
    clock.advance(DAY)
    server = Server()
    await a_loop(stage, clock, server).look()
    assert server.taken == []
