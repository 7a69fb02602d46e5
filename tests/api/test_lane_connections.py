"""A check is answered at once and in its turn, however it arrives and whoever goes away."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from tests.api.checks_sent import CHECK
from tests.api.house import ADMIN_KEY, House
from tests.api.shop import HEALTH
from tests.api.wire import connect, same


async def test_a_check_may_arrive_in_pieces(shop: House) -> None:
    expected = connect(shop)
    expected.receive(CHECK)
    ((status, headers, body),) = expected.answers()
    wire = connect(shop)
    for place in range(1, len(CHECK)):
        wire.receive(CHECK[:place])
        wire.receive(CHECK[place:])
        (answer,) = await wire.answered(1)
        assert (answer[0], same(answer[1]), answer[2]) == (status, same(headers), body), place
        wire.written.clear()


async def test_a_check_may_arrive_byte_by_byte(shop: House) -> None:
    wire = connect(shop)
    for byte in CHECK:
        wire.receive(bytes([byte]))
        await asyncio.sleep(0)
    assert (await wire.answered(1))[0][0] == b"HTTP/1.1 200 OK"


@pytest.mark.parametrize("steps", range(16))
async def test_answers_keep_the_order_of_the_questions_whatever_is_under_way(shop: House, steps: int) -> None:
    wire = connect(shop)
    listing = f"GET /v1/products HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ADMIN_KEY}\r\n\r\n".encode()
    for before in (HEALTH, listing):
        wire.receive(before)
        for _ in range(steps):
            await asyncio.sleep(0)
        wire.receive(CHECK)
        first, second = await wire.answered(2)
        assert b"decision" not in first[2]
        assert b"decision" in second[2]
        wire.written.clear()


async def test_questions_that_arrive_together_are_answered_in_their_order(shop: House) -> None:
    wire = connect(shop)
    wire.receive(CHECK + HEALTH + CHECK + HEALTH + CHECK[:40])
    wire.receive(CHECK[40:])
    answers = await wire.answered(5)
    assert [b"decision" in body for _, _, body in answers] == [True, False, True, False, True]
    wire.receive(CHECK)
    assert len(await wire.answered(6)) == 6


async def test_one_question_and_a_part_of_the_next_are_answered_one_after_the_other(shop: House) -> None:
    wire = connect(shop)
    wire.receive(CHECK + CHECK[:100])
    assert len(wire.answers()) == 1
    wire.receive(CHECK[100:])
    assert len(await wire.answered(2)) == 2


async def test_the_lane_is_open_again_after_the_application_has_answered(shop: House) -> None:
    wire = connect(shop)
    wire.receive(CHECK)
    wire.receive(HEALTH)
    await wire.answered(2)
    wire.receive(CHECK)
    assert len(wire.answers()) == 3


async def test_a_client_that_reads_nothing_is_not_written_to_at_once(shop: House) -> None:
    wire = connect(shop)
    assert wire.protocol is not None
    wire.protocol.pause_writing()
    wire.receive(CHECK)
    assert wire.answers() == []
    wire.protocol.resume_writing()
    assert len(await wire.answered(1)) == 1


async def test_a_client_that_has_gone_leaves_nothing_behind(shop: House) -> None:
    for cut in (10, len(CHECK) - 1, len(CHECK)):
        wire = connect(shop)
        wire.receive(CHECK[:cut])
        wire.lose()
        for _ in range(5):
            await asyncio.sleep(0)
    wire = connect(shop)
    wire.receive(CHECK)
    assert len(wire.answers()) == 1


async def test_nothing_is_answered_once_the_service_is_ending(shop: House) -> None:
    wire = connect(shop)
    wire.receive(CHECK)
    assert wire.protocol is not None
    await wire.protocol.shutdown(0.1)
    assert wire.gone.is_set()
    wire.receive(CHECK)
    assert len(wire.answers()) == 1


async def test_a_connection_that_is_idle_after_a_check_is_closed(shop: House) -> None:
    runner = shop.client.server.runner
    assert isinstance(runner, web.AppRunner)
    assert runner.server is not None
    runner.server._kwargs["keepalive_timeout"] = 0.01  # noqa: SLF001 - the service's own is a minute and more
    wire = connect(shop)
    wire.receive(CHECK)
    async with asyncio.timeout(60):
        await wire.gone.wait()
    assert len(wire.answers()) == 1
