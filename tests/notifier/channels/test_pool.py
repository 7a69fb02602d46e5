"""Connections to several servers, of which there are no more at a time than a lane may have."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from notifier.channels.errands import Straight
from notifier.channels.failures import Cause, DeliveryFailed
from notifier.channels.pipelined import PipelinedConnection
from notifier.channels.pool import Pool
from notifier.channels.smtp import MailServer
from notifier.channels.terms import Terms
from notifier.mails.build import Mail
from tests.notifier.channels.eager_server import EagerServer, open_eager_server
from tests.notifier.channels.errands import Noted, noted


@pytest.fixture
async def servers() -> AsyncIterator[tuple[EagerServer, EagerServer]]:
    async with open_eager_server() as one, open_eager_server() as other:
        yield one, other


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    """One connection, given up after three mails."""
    pool = Pool(1, Terms(mails=3), Straight())
    yield pool
    await pool.close()


def at(server: EagerServer) -> MailServer:
    return MailServer.parse(f"smtp://127.0.0.1:{server.port}?starttls=never")


async def ends(errands: Sequence[Noted], order: list[Noted] | None = None) -> None:
    """Return once all have come to their end; those that have are in `order`."""
    left, all_ended = len(errands), asyncio.Event()

    def ended(errand: Noted) -> None:
        nonlocal left
        left -= 1
        if order is not None:
            order.append(errand)
        if not left:
            all_ended.set()

    for each in errands:
        each.ended = lambda each=each: ended(each)  # type: ignore[misc]
    await all_ended.wait()


async def test_one_connection_serves_several_servers_in_turn(
    servers: tuple[EagerServer, EagerServer], pool: Pool
) -> None:
    errands = noted("abcdef")
    for number, errand in enumerate(errands):
        pool.put(at(servers[number % 2]), [errand])
    await ends(errands)
    assert [each.reply for each in errands] == ["250 taken"] * 6
    assert [sorted(each.recipients) for each in servers] == [
        ["a@example.com", "c@example.com", "e@example.com"],
        ["b@example.com", "d@example.com", "f@example.com"],
    ]
    # What waits for the same server goes over the connection that is there.
    assert [each.connections for each in servers] == [1, 1]


async def test_a_server_with_much_mail_does_not_keep_the_connection_for_ever(
    servers: tuple[EagerServer, EagerServer], pool: Pool
) -> None:
    many, [one] = noted("abcdefghij"), noted("z")
    pool.put(at(servers[0]), many)
    pool.put(at(servers[1]), [one])
    order: list[Noted] = []
    await ends([*many, one], order)
    assert order.index(one) == 3


async def test_a_connection_that_is_kept_serves_what_comes_later(
    servers: tuple[EagerServer, EagerServer], pool: Pool
) -> None:
    for name in "ab":
        [errand] = noted(name)
        pool.put(at(servers[0]), [errand])
        await ends([errand])
    assert servers[0].connections == 1


async def test_what_cannot_be_written_to_a_server_does_not_keep_the_others(
    servers: tuple[EagerServer, EagerServer], pool: Pool
) -> None:
    bad, [good] = Noted(Mail("a@b.example", "c d@e.example", "<x@y>", b"a: b\r\n\r\n")), noted("a")
    pool.put(at(servers[0]), [bad, good])
    await ends([good])
    assert isinstance(bad.error, DeliveryFailed)
    assert bad.error.cause is Cause.CONTENT
    assert good.reply == "250 taken"


async def test_a_pool_that_is_closed_says_goodbye(servers: tuple[EagerServer, EagerServer], pool: Pool) -> None:
    errands = noted("a")
    pool.put(at(servers[0]), errands)
    await ends(errands)
    await pool.close()
    assert servers[0].commands[-1] == "QUIT"


async def test_a_pool_that_is_closed_while_a_server_says_nothing_leaves_in_doubt_what_had_left(
    servers: tuple[EagerServer, EagerServer], pool: Pool
) -> None:
    servers[0].replies["."] = "ahead"
    errands = noted("ab")
    pool.put(at(servers[0]), errands)
    await servers[0].ahead.wait()
    await pool.close(patience=0)
    assert isinstance(errands[0].error, DeliveryFailed)
    assert errands[0].error.in_doubt
    # The lease of what had not left runs out.
    assert (errands[1].reply, errands[1].error) == (None, None)


async def test_a_goodbye_that_fails_keeps_no_mail_from_leaving(
    servers: tuple[EagerServer, EagerServer], pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(_: PipelinedConnection) -> None:
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(PipelinedConnection, "quit", fails)
    errands = noted("abcdefgh")
    pool.put(at(servers[0]), errands)
    async with asyncio.timeout(30):
        await ends(errands)
    assert [each.reply for each in errands] == ["250 taken"] * 8
    assert servers[0].connections == 3
