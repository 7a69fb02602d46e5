"""A mail whose turn has come asks first for its mark, then for the last reading, and only then leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import pytest

from notifier.delivery import sending
from notifier.delivery.claims import Claimed
from notifier.delivery.desk import Desk, Told
from notifier.delivery.last_look import Beginning, Permission
from notifier.delivery.retrying import Patience
from notifier.delivery.sending import Dispatch, MailSending
from storage import DatabaseUnavailable, SystemClock
from tests.notifier.channels.errands import mail_to
from tests.notifier.delivery.builders import a_claim


@dataclass
class Counter:
    """A desk that answers when the test says so."""

    marks: list[Told[Permission]] = field(default_factory=list)
    looks: list[Callable[[], None]] = field(default_factory=list)
    stops: bool = False
    #: What a mail was told.
    told: list[str] = field(default_factory=list)

    def begin_soon(self, _: Beginning, told: Told[Permission]) -> None:
        self.marks.append(told)

    def look(self, _: Claimed, go: Callable[[], None], otherwise: Callable[[], None]) -> None:
        assert otherwise is not go
        self.looks.append(go)

    def mail(self) -> MailSending:
        dispatch = Dispatch(SystemClock(), cast("Desk", self), Patience.of_chance(), lambda: self.stops)
        return MailSending(dispatch, a_claim(), frozenset(), mail_to("ada"))

    def ask(self, mail: MailSending) -> None:
        mail.ask(lambda: self.told.append("go"), lambda: self.told.append("otherwise"))


async def test_what_is_marked_leaves_once_it_is_looked_at() -> None:
    desk = Counter()
    mail = desk.mail()
    mail.near()
    desk.marks[0](Permission.GO)
    desk.ask(mail)
    assert desk.told == []
    desk.looks[0]()
    assert desk.told == ["go"]


async def test_what_is_being_marked_is_looked_at_when_it_is() -> None:
    desk = Counter()
    mail = desk.mail()
    mail.near()
    desk.ask(mail)
    assert desk.looks == []
    desk.marks[0](Permission.GO)
    assert len(desk.looks) == 1
    assert desk.told == []


@pytest.mark.parametrize("answer", [Permission.LATER, Permission.NEVER, DatabaseUnavailable("it is gone")])
async def test_what_the_mark_refuses_is_not_looked_at(answer: Permission | Exception) -> None:
    desk = Counter()
    mail = desk.mail()
    mail.near()
    desk.ask(mail)
    desk.marks[0](answer)
    assert desk.looks == []
    assert desk.told == ["otherwise"]


async def test_what_is_not_marked_ahead_does_not_leave_without_more_ado() -> None:
    desk = Counter()
    desk.ask(desk.mail())
    assert desk.told == ["otherwise"]


async def test_an_old_mark_does_not_spare_the_look_at_the_exposures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "FRESH", -1.0)
    desk = Counter()
    mail = desk.mail()
    mail.near()
    desk.marks[0](Permission.GO)
    desk.ask(mail)
    assert desk.told == ["otherwise"]


async def test_nothing_leaves_that_was_marked_when_the_process_began_to_stop() -> None:
    desk = Counter()
    mail = desk.mail()
    mail.near()
    desk.ask(mail)
    desk.stops = True
    desk.marks[0](Permission.GO)
    assert desk.told == ["otherwise"]


async def test_a_mail_that_is_near_again_is_marked_anew() -> None:
    desk = Counter()
    mail = desk.mail()
    mail.near()
    mail.near()
    assert len(desk.marks) == 1
    desk.marks[0](Permission.GO)
    mail.near()
    desk.ask(mail)
    assert len(desk.marks) == 2
    assert desk.looks == []
