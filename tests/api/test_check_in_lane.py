"""Check-ins in the lane: answered as the application answers them, in order, and never before they are durable."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any, cast

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from api.keys import Role, list_keys, revoke_key
from api.lane import LANE
from storage import StatementFailed, Tx
from tests.api.house import (
    ADMIN_KEY,
    AT_RISK,
    INSTALL_SECRET,
    OTHER_SECRET,
    PRODUCT,
    House,
    with_defect,
    with_install,
    with_releases,
)
from tests.api.wire import Wire, connect

BODY = {"product": "notes", "version": "4.1.3", "footprint": AT_RISK}
FACTS = {
    **cast("dict[str, Any]", PRODUCT["facts"]),
    "ratio": {"type": "number"},
    "encrypted": {"type": "boolean"},
    "plugins": {"type": "strings"},
    "engine": {"type": "version", "scheme": "semver"},
}
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK"
#: A content type as good as the usual one, which leads past the lane.
TO_THE_APPLICATION = "application/json; charset=UTF8"


def request(
    install: str, body: object, *more: str, key: str = ADMIN_KEY, kind: str = "application/json", method: str = "PUT"
) -> bytes:
    """Return a check-in as it goes over the wire."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = [f"{method} /v1/installs/{install} HTTP/1.1", "Host: x", f"Content-Type: {kind}"]
    lines = [*head, f"Authorization: Bearer {key}", *more, f"Content-Length: {len(text)}", "", ""]
    return "\r\n".join(lines).encode() + text


@asynccontextmanager
async def writer_held(house: House) -> AsyncIterator[None]:
    """Let nothing be stored inside the block."""
    held, free = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def hold(_: Tx) -> None:
        loop.call_soon_threadsafe(held.set)
        assert free.wait(30)

    holding = asyncio.create_task(house.parts.database.call(hold))
    await held.wait()
    try:
        yield
    finally:
        free.set()
        await holding


async def turns(number: int = 20) -> None:
    """Let everything run that can."""
    for _ in range(number):
        await asyncio.sleep(0)


@pytest.fixture
async def shop(each_house: House) -> House:
    """A product with facts of every type, releases and a defect, on each of the databases."""
    return await a_shop(each_house)


@pytest.fixture
async def sqlite_shop(house: House) -> House:
    """The same on SQLite, whose one writer can be held up."""
    return await a_shop(house)


async def a_shop(house: House) -> House:
    await house.put("/v1/products/notes", {**PRODUCT, "facts": {**FACTS, "colour": {"type": "string"}}})
    await house.put("/v1/products/notes", {**PRODUCT, "facts": FACTS})
    await with_releases(house)
    await with_defect(house)
    await house.parts.keys.refresh(house.parts.database)
    return house


def same(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in {"Date", "X-Request-Id", "Content-Length"}}


async def test_a_check_in_is_answered_as_the_application_answers_it_without_a_line_of_its_own(shop: House) -> None:
    wire = connect(shop)
    await turns()
    with capture_logs() as lines:
        wire.receive(request("i-1", BODY))
        (one,) = await wire.answered(1)
        assert lines == []
        wire.receive(request("i-1", BODY, kind=TO_THE_APPLICATION))
        _, other = await wire.answered(2)
    assert [line["event"] for line in lines] == ["request"]
    assert one[0] == other[0] == OK
    assert same(one[1]) == same(other[1])
    assert one[1].keys() == other[1].keys()
    assert known(one[2]) == known(other[2])
    assert json.loads(one[2])["notices"][0]["defect"] == "NOTES-4411"


def known(body: bytes) -> object:
    """Return an answer without what is made by chance, and without what tells the two installs apart."""
    answer = json.loads(body)
    for name in ("request_id", "instance"):
        answer.pop(name, None)
    if "install" in answer:
        answer["install"].pop("install")
    for notice in answer.get("notices", ()):
        del notice["id"], notice["installs"]
    return answer


def a_value(random: Random, name: str) -> str:
    fitting = {
        "notebooks": ("0", "12", "12.0", "null", "-3"),
        "storage_format": ('"v1"', '"v2"', '"a: b"', '"é"', "null"),
        "ratio": ("1", "2.5", "-0.0", "1e2"),
        "encrypted": ("true", "false"),
        "plugins": ("[]", '["b", "a", "b"]', '["x:y"]'),
        "engine": ('"1.2.3"', '"1.2.3-rc.1"'),
    }
    wild = ("true", '"v2"', "7", "1e400", "9007199254740993", '"\\u0000"', '"a\\"b"', '{"a":1}', "[[]]", "[1]", "NaN")
    return random.choice(fitting[name] if name in fitting and random.random() < 0.98 else wild)


def an_object(random: Random, members: list[tuple[str, str]]) -> str:
    """Return the text of an object, now and then with a member twice or with room between."""
    if members and random.random() < 0.02:
        members = [*members, random.choice(members)]
    colon, comma = random.choice([(":", ","), (":", ","), (" : ", " ,\n"), (": ", ", ")])
    return "{" + comma.join(f'"{name}"{colon}{value}' for name, value in members) + "}"


def a_body(random: Random) -> bytes:
    """Return what a client might send: mostly a good check-in."""
    version = random.choice([*['"4.1.3"', '"4.2.0"', '"4.2.2"', '"4.1.9"'] * 4, '"four"'])
    members = [("product", random.choice(['"notes"'] * 30 + ['"none"'])), ("version", version)]
    if random.random() < 0.9:
        names = [name for name in FACTS if random.random() < 0.6]
        names += random.choices(["colour", "unheard_of"], k=int(random.random() < 0.08))
        members.append(("footprint", an_object(random, [(name, a_value(random, name)) for name in names])))
    if random.random() < 0.5:
        platforms = [
            '{"os":"macos","os_version":"14.6.1"}',
            '{"arch":"arm64"}',
            "null",
            '{"os_version":"Sonoma"}',
            "{}",
        ]
        members.append(("platform", random.choice([*platforms[:3] * 3, *platforms])))
    if random.random() < 0.3:
        customers = ['"c-1"', '"c-1"', "null", '"nobody"']
        members.append(("customer", random.choice(customers)))
    if random.random() < 0.1:
        members.append(random.choice([("acquired_through", '"store"'), ("claim", '"WRONG"'), ("colour", "1")]))
    return an_object(random, members).encode()


async def rows(house: House) -> dict[str, list[dict[str, Any]]]:
    """Return what check-ins have written, by what the installs of each of the two ways are called behind the dash."""
    tables = {
        "installs": "SELECT i.id, i.version_no, i.customer_no, i.os, i.os_version, i.arch, i.acquired_through,"
        " i.token_hash FROM installs i",
        "footprints": "SELECT i.id, f.* FROM footprint_1 f JOIN installs i ON i.no = f.install_no",
        "versions": "SELECT i.id, h.version_no FROM install_versions h JOIN installs i ON i.no = h.install_no",
        "changes": "SELECT i.id, c.facts FROM footprint_changes c JOIN installs i ON i.no = c.install_no",
        "exposures": "SELECT i.id, e.defect_no, e.state FROM exposures e JOIN installs i ON i.no = e.install_no",
    }
    found = {}
    for name, text in tables.items():
        read = await house.parts.database.read(lambda tx, text=text: tx.built(text, {}))  # type: ignore[misc]
        found[name] = [{key: value for key, value in row.items() if key != "install_no"} for row in read]
    return found


def of_way(way: str, found: dict[str, list[dict[str, Any]]]) -> dict[str, list[str]]:
    mine = {name: [row for row in table if row["id"].startswith(way)] for name, table in found.items()}
    return {
        name: sorted(repr({**row, "id": row["id"].removeprefix(way)}) for row in table) for name, table in mine.items()
    }


async def test_both_ways_give_the_same_answers_and_leave_the_same_rows(shop: House) -> None:
    await shop.put("/v1/customers/c-1", {"name": "Ann"})
    random, wire, other_wire = Random(4411), connect(shop), connect(shop)
    await turns()
    keys = [(ADMIN_KEY, ())] * 8 + [
        (shop.keys["app"], (f"Install-Token: {INSTALL_SECRET}",)),
        (shop.keys["app"], (f"Install-Token: {OTHER_SECRET}",)),
        (shop.keys["app"], ()),
        (shop.keys["app"], ("Install-Token: short",)),
        (shop.keys["viewer"], ()),
    ]
    in_the_lane = 0
    for number in range(250):
        body, install, (key, more) = a_body(random), random.randrange(8), random.choice(keys)
        with capture_logs() as lines:
            wire.receive(request(f"a-{install}", body, *more, key=key))
            one = (await wire.answered(1))[-1]
        in_the_lane += lines == []
        other_wire.receive(request(f"b-{install}", body, *more, key=key, kind=TO_THE_APPLICATION))
        other = (await other_wire.answered(1))[-1]
        assert one[0] == other[0], (number, body)
        assert known(one[2]) == known(other[2]), (number, body)
        assert same(one[1]) == same(other[1])
        wire.written.clear()
        other_wire.written.clear()
    assert 60 < in_the_lane < 230
    found = await rows(shop)
    assert found["changes"]
    assert found["exposures"]
    assert of_way("a-", found) == of_way("b-", found)


async def test_check_ins_of_many_connections_are_each_answered_by_themselves(shop: House) -> None:
    bodies = [BODY, {**BODY, "version": "four"}, BODY, {**BODY, "product": "none"}, {**BODY, "footprint": {"x": 1}}]
    wires = [connect(shop) for _ in bodies]
    await turns()
    for place, (wire, body) in enumerate(zip(wires, bodies, strict=True)):
        wire.receive(request(f"i-{place}", body))
    answers = [(await wire.answered(1))[0] for wire in wires]
    assert [int(status.split()[1]) for status, _, _ in answers] == [200, 422, 200, 422, 422]
    assert [json.loads(text)["install"]["install"] for status, _, text in answers if status == OK] == ["i-0", "i-2"]


async def test_nothing_is_acknowledged_before_it_is_durable(sqlite_shop: House) -> None:
    wire = connect(sqlite_shop)
    await turns()
    async with writer_held(sqlite_shop):
        wire.receive(request("i-1", BODY))
        await turns()
        assert wire.answers() == []
    assert (await wire.answered(1))[0][0] == OK
    assert (await sqlite_shop.get("/v1/installs/i-1")).status == 200


async def test_what_comes_behind_a_check_in_is_answered_behind_it(sqlite_shop: House) -> None:
    wire = connect(sqlite_shop)
    await turns()
    async with writer_held(sqlite_shop):
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


async def test_a_client_that_has_gone_is_waited_for_by_nobody_and_what_it_sent_is_stored(sqlite_shop: House) -> None:
    wire, other = connect(sqlite_shop), connect(sqlite_shop)
    await turns()
    async with writer_held(sqlite_shop):
        wire.receive(request("i-1", BODY))
        other.receive(request("i-2", BODY))
        wire.lose()
        await turns()
    assert (await other.answered(1))[0][0] == OK
    assert wire.answers() == []
    assert (await sqlite_shop.get("/v1/installs/i-1")).status == 200


async def test_a_connection_that_is_to_end_answers_what_it_has_taken_first(sqlite_shop: House) -> None:
    wire = connect(sqlite_shop)
    await turns()
    assert wire.protocol is not None
    async with writer_held(sqlite_shop):
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


async def test_a_refused_check_in_is_answered_also_while_the_connection_ends(sqlite_shop: House) -> None:
    wire = connect(sqlite_shop)
    await turns()
    assert wire.protocol is not None
    async with writer_held(sqlite_shop):
        wire.receive(request("i-1", {**BODY, "version": "four"}))
        await turns()
        wire.protocol.close()
        ending = asyncio.create_task(wire.protocol.shutdown(30))
        await turns()
    await ending
    assert [int(status.split()[1]) for status, _, _ in wire.answers()] == [422]
    assert wire.gone.is_set()


async def test_who_is_not_waited_for_any_longer_gets_no_acknowledgement(sqlite_shop: House) -> None:
    wire = connect(sqlite_shop)
    await turns()
    assert wire.protocol is not None
    async with writer_held(sqlite_shop):
        wire.receive(request("i-1", BODY))
        await turns()
        wire.protocol.close()
        await wire.protocol.shutdown(0.01)
        assert wire.gone.is_set()
    await turns()
    assert wire.answers() == []


async def test_a_check_in_that_takes_longer_than_a_connection_may_be_idle_is_not_acknowledged(
    sqlite_shop: House,
) -> None:
    runner = sqlite_shop.client.server.runner
    assert isinstance(runner, web.AppRunner)
    assert runner.server is not None
    runner.server._kwargs["keepalive_timeout"] = 0.01  # noqa: SLF001 - the service's own is a minute and more
    wire = connect(sqlite_shop)
    await turns()
    async with writer_held(sqlite_shop):
        wire.receive(request("i-1", BODY))
        async with asyncio.timeout(30):
            await wire.gone.wait()
    await turns()
    assert wire.answers() == []


async def test_a_key_that_was_revoked_checks_nothing_in_though_it_is_still_in_memory(shop: House) -> None:
    wire = connect(shop)
    sent = request("i-1", BODY, f"Install-Token: {INSTALL_SECRET}", key=shop.keys["app"])
    wire.receive(sent)
    assert (await wire.answered(1))[0][0] == OK
    (app_key,) = [key for key in await shop.parts.database.read(list_keys) if key.role is Role.APP]
    await shop.parts.database.call(revoke_key, app_key.id, shop.clock.now())
    wire.receive(sent)
    assert (await wire.answered(2))[1][0] == b"HTTP/1.1 401 Unauthorized"


async def test_an_app_sees_of_a_notice_its_own_install_alone(shop: House) -> None:
    await shop.put("/v1/customers/c-1", {"name": "Ann"})
    wire = connect(shop)
    sent = request("i-1", BODY, f"Install-Token: {INSTALL_SECRET}", key=shop.keys["app"])
    wire.receive(sent)
    await wire.answered(1)
    for install in ("i-1", "i-2"):
        await with_install(shop, install, customer="c-1")
    wire.receive(sent)
    (_, answer) = await wire.answered(2)
    notices = json.loads(answer[2])["notices"]
    assert notices
    assert all(notice["installs"] == ["i-1"] for notice in notices)


async def test_a_batch_that_breaks_is_answered_and_logged_by_the_application(
    shop: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise StatementFailed("no such table")

    monkeypatch.setattr("installs_registry.intake.take", breaks)
    wire = connect(shop)
    await turns()
    with capture_logs() as lines:
        wire.receive(request("i-1", BODY))
        ((status, _, _),) = await wire.answered(1)
    assert status == b"HTTP/1.1 500 Internal Server Error"
    assert "request_broke" in {line["event"] for line in lines}


async def test_an_answer_that_cannot_be_written_leaves_the_others_of_its_batch_alone(
    shop: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from api.handlers.installs import for_asker  # noqa: PLC0415 - the one that is replaced below

    def breaks(answer: Any, key: Any) -> object:
        if answer.install.install == "i-1":
            raise ZeroDivisionError
        return for_asker(answer, key)

    monkeypatch.setattr("api.lane.for_asker", breaks)
    wires = [connect(shop) for _ in range(3)]
    await turns()
    for place, wire in enumerate(wires):
        wire.receive(request(f"i-{place}", BODY))
    assert [(await wire.answered(1))[0][0] for wire in wires] == [OK] * 3


@pytest.mark.parametrize(
    "sent",
    [
        request("i-1", BODY, "Idempotency-Key: once"),
        request("i-1", BODY, "Connection: close"),
        request("i-1", BODY, "Expect: 100-continue"),
        request("i%2D1", BODY),
        request("i-1", {**BODY, "footprint": {**AT_RISK, "storage_format": 'v"2'}}),
    ],
)
async def test_what_is_out_of_the_ordinary_is_left_to_the_application(shop: House, sent: bytes) -> None:
    wire = connect(shop)
    await turns()
    with capture_logs() as lines:
        wire.receive(sent)
        await wire.told(b'"install":"i-1"')
        await turns()
    assert [line["route"] for line in lines] == ["/v1/installs/{install}"]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (request("i-1", BODY, "Install-Token: short"), 400),
        (request("i-1?x=1", BODY), 422),
        (request("..", BODY), 422),
        (request("i-1/", BODY), 404),
        (request("i-1", BODY, method="PATCH"), 405),
        (request("i-1", BODY, key="nobody's"), 401),
        (request("i-1", b"{"), 400),
        (request("i-1", b'{"product":"notes","version":"4.1.3","version":"4.1.3"}'), 422),
        (request("i-1", b'{"product":"notes","version":"4.1.3","footprint":{"notebooks":1,"notebooks":2}}'), 422),
        (request("i-1", b'{"product":"notes","version":"4.1.3","platform":{"os":"a:","os":"b"}}'), 422),
        (request("x" * 201, BODY), 404),
    ],
)
async def test_what_is_wrong_is_refused_as_ever(shop: House, sent: bytes, status: int) -> None:
    wire = connect(shop)
    await turns()
    wire.receive(sent)
    answer = (await wire.answered(1))[0]
    assert int(answer[0].split()[1]) == status, answer
    assert (await shop.get("/v1/installs/i-1")).status == 404


async def test_plain_check_ins_are_counted_and_told_in_one_line(shop: House) -> None:
    wire = connect(shop)
    await turns()
    for place in range(3):
        wire.receive(request(f"i-{place}", BODY))
        await wire.answered(place + 1)
    app = shop.client.app
    assert app is not None
    with capture_logs() as lines:
        app[LANE].tell()
        app[LANE].tell()
    assert [(line["event"], line["check_ins"]) for line in lines] == [("checks", 3)]
    assert lines[0]["slowest_check_in_milliseconds"] >= 0
    told = (await shop.get("/metrics")).body.decode().splitlines()
    assert 'forewarn_requests_total{method="PUT",route="/v1/installs/{install}",status="200"} 3.0' in told


async def test_two_check_ins_of_one_install_on_two_connections_are_taken_in_their_order(shop: House) -> None:
    first, second = connect(shop), connect(shop)
    await turns()
    first.receive(request("i-1", BODY))
    second.receive(request("i-1", {**BODY, "version": "4.2.2"}))
    await first.answered(1)
    await second.answered(1)
    assert (await shop.get("/v1/installs/i-1")).body["version"] == "4.2.2"


def test_the_other_end_of_a_connection_keeps_what_is_written() -> None:
    wire = Wire()
    wire.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP")
    assert wire.answers() == [(OK, {"Content-Length": "2"}, b"{}")]
