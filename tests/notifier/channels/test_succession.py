"""Mails that follow one another by calls alone, until something is not as usual."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from notifier.channels.errands import Straight
from notifier.channels.failures import Cause, DeliveryFailed, HeldBack
from notifier.channels.pool import Pool
from notifier.channels.smtp import MailServer
from notifier.channels.terms import Terms
from tests.notifier.channels.eager_server import EagerServer, open_eager_server
from tests.notifier.channels.errands import Noted, mail_to, noted


@pytest.fixture
async def server() -> AsyncIterator[EagerServer]:
    async with open_eager_server() as server:
        yield server


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    """One connection."""
    pool = Pool(1, Terms(), Straight())
    yield pool
    await pool.close()


class Asked(Noted):
    """An errand that counts how often its last moment was awaited, and is not let go without that."""

    awaited = 0

    def ask(self, go: Callable[[], None], otherwise: Callable[[], None]) -> None:
        del go
        otherwise()

    async def last_moment(self) -> None:
        self.awaited += 1


class Held(Asked):
    """One that must not leave."""

    async def last_moment(self) -> None:
        raise HeldBack


class Broken(Noted):
    """One that cannot be asked."""

    def ask(self, go: Callable[[], None], otherwise: Callable[[], None]) -> None:
        del go, otherwise
        raise ZeroDivisionError


async def sent(pool: Pool, server: EagerServer, *errands: Noted) -> None:
    """Return once all have come to their end."""
    left, all_ended = len(errands), asyncio.Event()

    def ended() -> None:
        nonlocal left
        left -= 1
        if not left:
            all_ended.set()

    for each in errands:
        each.ended = ended
    pool.put(MailServer.parse(f"smtp://127.0.0.1:{server.port}?starttls=never"), errands)
    await all_ended.wait()


async def test_they_arrive_in_their_order_over_one_connection(server: EagerServer, pool: Pool) -> None:
    errands = noted("abcdef")
    await sent(pool, server, *errands)
    assert server.messages == [each.mail.content for each in errands]
    assert server.connections == 1


async def test_one_that_may_not_leave_as_usual_is_asked_for_its_last_moment_and_others_follow(
    server: EagerServer, pool: Pool
) -> None:
    asked = Asked(mail_to("b"))
    errands = [Noted(mail_to("a")), asked, *noted("cd")]
    await sent(pool, server, *errands)
    assert [each.reply for each in errands] == ["250 taken"] * 4
    assert asked.awaited == 1
    assert server.connections == 1


async def test_one_that_is_held_back_never_leaves_and_those_behind_it_do(server: EagerServer, pool: Pool) -> None:
    held = Held(mail_to("b"))
    await sent(pool, server, Noted(mail_to("a")), held, *noted("cd"))
    assert isinstance(held.error, HeldBack)
    assert server.recipients == ["a@example.com", "c@example.com", "d@example.com"]


async def test_one_that_cannot_be_asked_is_told_so_and_keeps_nobody_else(server: EagerServer, pool: Pool) -> None:
    broken = Broken(mail_to("b"))
    await sent(pool, server, Noted(mail_to("a")), broken, *noted("cd"))
    assert isinstance(broken.error, ZeroDivisionError)
    assert [message.split(b"\r\n")[0] for message in server.messages] == [b"Subject: a", b"Subject: c", b"Subject: d"]


async def test_a_refused_recipient_in_the_midst_costs_only_its_own_mail(server: EagerServer, pool: Pool) -> None:
    server.replies["RCPT TO:<b@"] = "550 5.1.1 no such user"
    errands = noted("abcd")
    await sent(pool, server, *errands)
    refused = errands[1].error
    assert isinstance(refused, DeliveryFailed)
    assert refused.cause is Cause.RECIPIENT
    assert [each.reply for each in errands] == ["250 taken", None, "250 taken", "250 taken"]


async def test_an_answer_that_comes_ahead_of_its_message_is_not_taken_for_one(server: EagerServer, pool: Pool) -> None:
    # It comes in one piece with the go-ahead, when the message has not left yet.
    server.replies["RCPT TO:<b@"] = "250 OK\r\n354 go on\r\n250 taken"
    first, second = noted("ab")
    await sent(pool, server, first, second)
    assert first.reply == "250 taken"
    # The connection was given up, and the mail tried on another.
    assert server.commands.count("RCPT TO:<b@example.com>") == server.connections == 2
