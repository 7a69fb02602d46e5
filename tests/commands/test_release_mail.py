"""A release that may carry an unresolved defect still: the approvers are asked by mail, once; on both databases."""

from __future__ import annotations

import pytest

from api.keys import Role, create_key
from commands.serving.escalation import Escalation
from commands.serving.release_mail import ask_due
from feeds import audit
from notifier import staff_mail
from notifier.linting import newer_releases
from notifier.staff_mail import StaffMail
from storage import Database
from tests.conftest import FakeClock
from tests.notifier.stage import Stage

CLOSED = [{"introduced": "4.2.0", "last_affected": "4.2.1"}]
NO_REMEDIES: list[object] = []
URL = "https://warn.example"


@pytest.fixture
async def stage(database: Database, clock: FakeClock) -> Stage:
    stage = Stage(database, now=clock.now())
    await stage.set_up()
    return stage


async def _have_approvers(stage: Stage) -> None:
    for role, person, mail in (
        (Role.APPROVER, "ada", "ada@notes.example"),
        (Role.ADMIN, "omar", "omar@notes.example"),
        (Role.REPORTER, "quinn", "quinn@notes.example"),
    ):
        await stage.database.call(create_key, role, person, mail=mail, now=stage.now)


async def _looked(stage: Stage, clock: FakeClock) -> tuple[StaffMail, ...]:
    """Let two processes look, and return the mails that are owed by then."""
    for _ in range(2):
        await Escalation(stage.database, clock, URL, None).look()
    return await stage.database.call(staff_mail.take, clock.now(), 20)


async def test_the_approvers_are_asked_once_about_a_release_behind_the_range(stage: Stage, clock: FakeClock) -> None:
    await _have_approvers(stage)
    defect = await stage.publish(affected=CLOSED, remedies=NO_REMEDIES)
    assert await _looked(stage, clock) == ()
    await stage.release("4.2.2")
    mails = await _looked(stage, clock)
    assert sorted(mail.address for mail in mails) == ["ada@notes.example", "omar@notes.example"]
    assert mails[0].subject == "Does notes 4.2.2 carry NOTES-4411 still?"
    assert "Does it carry the defect still?" in mails[0].body
    assert f"{URL}/defects/{defect}" in mails[0].body
    await stage.release("4.2.2", "held")
    await stage.release("4.2.2")
    assert await _looked(stage, clock) == ()
    told = [row.detail for row in await stage.database.read(audit.of, defect) if row.act == "ask about release"]
    assert told == [{"release": "4.2.2"}]
    assert await stage.database.read(audit.verify) is None


async def test_without_an_address_it_is_only_shown(stage: Stage, clock: FakeClock) -> None:
    defect = await stage.publish(affected=CLOSED, remedies=NO_REMEDIES)
    await stage.release("4.2.2")
    assert await _looked(stage, clock) == ()
    [shown] = await stage.database.read(newer_releases.about_release, "notes", "4.2.2")
    assert "Does it carry the defect still?" in shown.detail
    await _have_approvers(stage)
    assert await _looked(stage, clock) == ()
    assert [row.act for row in await stage.database.read(audit.of, defect)] == ["file", "publish"]


async def test_what_was_answered_before_anybody_was_asked_is_not_asked(stage: Stage, clock: FakeClock) -> None:
    await _have_approvers(stage)
    defect = await stage.publish(affected=CLOSED, remedies=NO_REMEDIES)
    await stage.release("4.2.2")
    await stage.resolve(defect)
    assert await _looked(stage, clock) == ()


async def test_a_release_that_moves_up_behind_the_range_is_asked_about_too(stage: Stage) -> None:
    await _have_approvers(stage)
    await stage.publish(affected=CLOSED, remedies=NO_REMEDIES)
    await stage.release("4.2.2")
    await stage.release("4.2.3")
    assert await stage.database.call(ask_due, stage.now, URL) == ["4.2.2"]
    await stage.release("4.2.2", "withdrawn")
    assert await stage.database.call(ask_due, stage.now, URL) == ["4.2.3"]


async def test_a_release_far_behind_the_range_is_nobodys_question(stage: Stage, clock: FakeClock) -> None:
    await _have_approvers(stage)
    await stage.release("4.2.2")
    await stage.publish(affected=CLOSED, remedies=NO_REMEDIES)
    await stage.release("4.3.0")
    assert await _looked(stage, clock) == ()
