"""Check-ins are answered in order, and never before they are durable, whoever goes away."""

from __future__ import annotations

import asyncio
import json

from aiohttp import web

from tests.api.check_ins_sent import BODY, request, turns, writer_held
from tests.api.house import House
from tests.api.shop import HEALTH, OK
from tests.api.wire import Wire, connect


async def test_nothing_is_acknowledged_before_it_is_durable(shop: House) -> None:
    wire = connect(shop)
    await turns()
    async with writer_held(shop):
        wire.receive(request("i-1", BODY))
        await turns()
        assert wire.answers() == []
    assert (await wire.answered(1))[0][0] == OK
    assert (await shop.get("/v1/installs/i-1")).status == 200


async def test_what_comes_behind_a_check_in_is_answered_behind_it(shop: House) -> None:
    wire = connect(shop)
    await turns()
    async with writer_held(shop):
        wire.receive(request("i-1", BODY))
        wire.receive(HEALTH)
        wire.receive(request("i-1", {**BODY, "version": "4.2.2"}) + HEALTH[:20])
        await turns()
        assert wire.answers() == []
    wire.receive(HEALTH[20:])
    answers = await wire.answered(4)
    assert [json.loads(text).get("install", {}).get("version") for _, _, text in answers] == [
        "4.1.3",
        None,
        "4.2.2",
        None,
    ]


async def test_a_client_that_has_gone_is_waited_for_by_nobody_and_what_it_sent_is_stored(shop: House) -> None:
    wire, other = connect(shop), connect(shop)
    await turns()
    async with writer_held(shop):
        wire.receive(request("i-1", BODY))
        other.receive(request("i-2", BODY))
        wire.lose()
        await turns()
    assert (await other.answered(1))[0][0] == OK
    assert wire.answers() == []
    assert (await shop.get("/v1/installs/i-1")).status == 200


async def test_a_connection_that_is_to_end_answers_what_it_has_taken_first(shop: House) -> None:
    wire = connect(shop)
    await turns()
    assert wire.protocol is not None
    async with writer_held(shop):
        wire.receive(request("i-1", BODY))
        await turns()
        wire.protocol.close()
        ending = asyncio.create_task(wire.protocol.shutdown(30))
        await turns()
        assert wire.answers() == []
        assert not wire.gone.is_set()
    await ending
    assert [status for status, _, _ in wire.answers()] == [OK]
    assert wire.gone.is_set()


async def test_a_refused_check_in_is_answered_also_while_the_connection_ends(shop: House) -> None:
    wire = connect(shop)
    await turns()
    assert wire.protocol is not None
    async with writer_held(shop):
        wire.receive(request("i-1", {**BODY, "version": "four"}))
        await turns()
        wire.protocol.close()
        ending = asyncio.create_task(wire.protocol.shutdown(30))
        await turns()
    await ending
    assert [int(status.split()[1]) for status, _, _ in wire.answers()] == [422]
    assert wire.gone.is_set()


async def test_who_is_not_waited_for_any_longer_gets_no_acknowledgement(shop: House) -> None:
    wire = connect(shop)
    await turns()
    assert wire.protocol is not None
    async with writer_held(shop):
        wire.receive(request("i-1", BODY))
        await turns()
        wire.protocol.close()
        await wire.protocol.shutdown(0.01)
        assert wire.gone.is_set()
    await turns()
    assert wire.answers() == []


async def test_a_check_in_that_takes_longer_than_a_connection_may_be_idle_is_not_acknowledged(
    shop: House,
) -> None:
    runner = shop.client.server.runner
    assert isinstance(runner, web.AppRunner)
    assert runner.server is not None
    runner.server._kwargs["keepalive_timeout"] = 0.01  # noqa: SLF001 - the service's own is a minute and more
    wire = connect(shop)
    await turns()
    async with writer_held(shop):
        wire.receive(request("i-1", BODY))
        async with asyncio.timeout(60):
            await wire.gone.wait()
    await turns()
    assert wire.answers() == []


async def test_check_ins_of_many_connections_are_each_answered_by_themselves(each_shop: House) -> None:
    bodies = [BODY, {**BODY, "version": "four"}, BODY, {**BODY, "product": "none"}, {**BODY, "footprint": {"x": 1}}]
    wires = [connect(each_shop) for _ in bodies]
    await turns()
    for place, (wire, body) in enumerate(zip(wires, bodies, strict=True)):
        wire.receive(request(f"i-{place}", body))
    answers = [(await wire.answered(1))[0] for wire in wires]
    assert [int(status.split()[1]) for status, _, _ in answers] == [200, 422, 200, 422, 422]
    assert [json.loads(text)["install"]["install"] for status, _, text in answers if status == OK] == ["i-0", "i-2"]


async def test_two_check_ins_of_one_install_on_two_connections_are_taken_in_their_order(each_shop: House) -> None:
    first, second = connect(each_shop), connect(each_shop)
    await turns()
    first.receive(request("i-1", BODY))
    second.receive(request("i-1", {**BODY, "version": "4.2.2"}))
    await first.answered(1)
    await second.answered(1)
    assert (await each_shop.get("/v1/installs/i-1")).body["version"] == "4.2.2"


def test_the_other_end_of_a_connection_keeps_what_is_written() -> None:
    wire = Wire()
    wire.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP")
    assert wire.answers() == [(OK, {"Content-Length": "2"}, b"{}")]
