"""The mail catcher, asked over SMTP as any mail program asks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import aiosmtplib
import pytest

from examples.demo.catcher import Catcher
from examples.demo.clock import VirtualClock
from tests.conftest import FakeClock

MAIL = b"Subject: Hello\r\nMessage-ID: <1@a.example>\r\n\r\n.hidden\r\n..two\r\nlast\r\n"


@pytest.fixture
async def catcher(clock: FakeClock) -> AsyncIterator[Catcher]:
    caught = Catcher(clock)
    async with caught.listening():
        yield caught


def a_client(catcher: Catcher) -> aiosmtplib.SMTP:
    host, port = catcher.url.removeprefix("smtp://").split(":")
    return aiosmtplib.SMTP(hostname=host, port=int(port), local_hostname="localhost", start_tls=False)


async def test_a_mail_is_kept_to_the_byte_with_its_dots(catcher: Catcher, clock: FakeClock) -> None:
    async with a_client(catcher) as client:
        await client.sendmail("a@a.example", ["b@b.example", "c@c.example"], MAIL)

    first, second = catcher.mails()
    assert (first.number, first.recipient, second.number, second.recipient) == (1, "b@b.example", 2, "c@c.example")
    assert first.content == second.content == MAIL
    assert first.caught_at == clock.now()
    assert first.subject == "Hello"


async def test_mails_follow_one_another_on_a_connection(catcher: Catcher) -> None:
    async with a_client(catcher) as client:
        for number in range(3):
            await client.sendmail("a@a.example", ["b@b.example"], MAIL.replace(b"Hello", b"No. %d" % number))

    assert [mail.subject for mail in catcher.mails()] == ["No. 0", "No. 1", "No. 2"]
    assert [mail.subject for mail in catcher.since(2)] == ["No. 2"]


async def test_a_mail_to_nobody_is_refused(catcher: Catcher) -> None:
    async with a_client(catcher) as client:
        await client.ehlo()
        reply = await client.execute_command(b"DATA")

    assert reply.code == 503
    assert catcher.mails() == ()


def test_the_virtual_clock_moves_forward_and_never_back(clock: FakeClock) -> None:
    start, day = clock.now(), timedelta(days=1)
    virtual = VirtualClock(start)
    virtual.move_to(start + day)
    virtual.move_to(start)

    assert start + day <= virtual.now() < start + day + timedelta(hours=1)
