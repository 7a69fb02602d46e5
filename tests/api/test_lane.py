"""The lane and the application give one answer: whatever is sent, however it arrives, whoever goes away."""

from __future__ import annotations

import asyncio
import json
from random import Random
from typing import Any, cast

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from api.keys import Role, list_keys, revoke_key
from api.lane import LANE, LONGEST, Lane
from tests.api.house import ADMIN_KEY, AT_RISK, PRODUCT, House, with_defect, with_releases
from tests.api.wire import connect

QUESTION = {"product": "notes", "from": "4.1.3", "to": "4.2.0", "footprint": AT_RISK}
#: Facts of every type, and one that is retired.
FACTS = {
    **cast("dict[str, Any]", PRODUCT["facts"]),
    "ratio": {"type": "number"},
    "encrypted": {"type": "boolean"},
    "plugins": {"type": "strings"},
    "engine": {"type": "version", "scheme": "semver"},
}
#: A header that leads past the lane, and changes nothing where no install is named.
TO_THE_APPLICATION = "Install-Token: 0123456789abcdef0123456789abcdef"


def request(body: bytes, *more: str, key: str = ADMIN_KEY, kind: str = "application/json") -> bytes:
    """Return a check as it goes over the wire."""
    lines = ["POST /v1/check HTTP/1.1", "Host: x", f"Content-Type: {kind}", f"Authorization: Bearer {key}", *more]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


CHECK = request(json.dumps(QUESTION).encode())
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
async def shop(house: House) -> House:
    """A product with facts of every type, releases and a defect."""
    await house.put("/v1/products/notes", {**PRODUCT, "facts": {**FACTS, "colour": {"type": "string"}}})
    await house.put("/v1/products/notes", {**PRODUCT, "facts": FACTS})
    await with_releases(house)
    await with_defect(house)
    await house.parts.keys.refresh(house.parts.database)
    return house


def lane(house: House) -> Lane:
    app = house.client.app
    assert app is not None
    return app[LANE]


def same(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in {"Date", "X-Request-Id"}}


async def test_a_plain_check_is_answered_at_once_as_the_application_answers_it(shop: House) -> None:
    wire = connect(shop)
    with capture_logs() as lines:
        wire.receive(CHECK)
        (at_once,) = wire.answers()
        wire.receive(request(json.dumps(QUESTION).encode(), TO_THE_APPLICATION))
        _, by_application = await wire.answered(2)
    assert [line["event"] for line in lines] == ["request"]
    assert at_once[0] == by_application[0] == b"HTTP/1.1 200 OK"
    assert same(at_once[1]) == same(by_application[1])
    assert at_once[1].keys() == by_application[1].keys()
    assert at_once[2] == by_application[2]
    assert json.loads(at_once[2])["decision"] == "hold"


def a_value(random: Random) -> str:
    texts = ['"v2"', '"v1:x"', '""', '"é:☃"', '["b","a","b"]', "[]"]
    plain = [*texts, "12", "0", "-7", "2.5", "3.0", "1e3", "true", "null"]
    wild = ["NaN", "1e400", "9007199254740993", '"\\u0000"', '"\\ud800"', '"a\\"b"', '{"a":1}', "[[[]]]", "[1]", "'"]
    return random.choice(wild if random.random() < 0.05 else plain)


def a_fitting_value(random: Random, name: str) -> str:
    fitting = {
        "notebooks": ("0", "12", "12.0", "null"),
        "storage_format": ('"v1"', '"v2"', '"a: b"', '"é"'),
        "ratio": ("1", "2.5", "-0.0", "1e2"),
        "encrypted": ("true", "false"),
        "plugins": ("[]", '["b", "a", "b"]', '["x:y"]'),
        "engine": ('"1.2.3"', '"1.2.3-rc.1"', '"none"'),
    }
    return random.choice(fitting[name]) if name in fitting else a_value(random)


def an_object(random: Random, members: list[tuple[str, str]]) -> str:
    """Return the text of an object, now and then with a member twice, out of order or with room between."""
    if members and random.random() < 0.1:
        members = [*members, (random.choice(members)[0], a_value(random))]
    if random.random() < 0.2:
        random.shuffle(members)
    colon, comma = random.choice([(":", ","), (":", ","), (" : ", " ,\n"), (": ", ", ")])
    return "{" + comma.join(f'"{name}"{colon}{value}' for name, value in members) + "}"


def a_footprint(random: Random) -> str:
    names = [name for name in FACTS if random.random() < 0.6]
    if random.random() < 0.1:
        names.append(random.choice(["colour", "unheard_of", "Ünïcode", "a:b", ""]))
    fits = random.random() < 0.8
    return an_object(random, [(name, a_fitting_value(random, name) if fits else a_value(random)) for name in names])


def a_platform(random: Random) -> str:
    values = {
        "os": ('"macos"', "null", '""'),
        "os_version": ('"14.6.1"', '"Sonoma"', "null"),
        "arch": ('"arm64"',),
        "kernel": ('"6"',),
    }
    names = [name for name in ("os", "os_version", "arch") if random.random() < 0.7]
    names += ["kernel"] * (random.random() < 0.05)
    plain = random.random() < 0.7
    return an_object(random, [(name, values[name][0] if plain else random.choice(values[name])) for name in names])


def a_body(random: Random) -> bytes:
    """Return what a client might send: mostly a good question, sometimes not."""
    rare = random.random() < 0.15
    starts = ["4.1.3", "4.0.0", "4.2.0", "four"] if rare else ["4.1.3", "4.1.9"]
    targets = ['"4.2.0"', '"4.2.2"', "null", '"x"'] if rare else ['"4.2.0"', '"4.2.1"']
    members = [("product", random.choice(['"notes"'] * 9 + ['"none"'])), ("from", f'"{random.choice(starts)}"')]
    if random.random() < 0.8:
        members.append(("to", random.choice(targets)))
    if random.random() < 0.7:
        members.append(("platform", a_platform(random)))
    if random.random() < 0.9:
        members.append(("footprint", a_footprint(random)))
    if rare:
        more = [("explain", "true"), ("explain", "false"), ("as_of", "1"), ("accept", "[]"), ("install", "null")]
        members.append(random.choice([*more, ("colour", '"red"'), ("accept", '["NOTES-4411"]')]))
    body = an_object(random, members).encode()
    return random.choice([body[:-1], body + b"x", body.replace(b"n", b"\xff", 1)]) if random.random() < 0.03 else body


async def test_both_ways_give_one_answer_to_whatever_is_asked(shop: House) -> None:
    random, wire = Random(4411), connect(shop)
    at_once = 0
    for number in range(600):
        body = a_body(random)
        before = len(wire.written)
        wire.receive(request(body))
        at_once += len(wire.written) > before
        wire.receive(request(body, TO_THE_APPLICATION))
        one, other = (await wire.answered(2))[-2:]
        assert one[0] == other[0], (number, body)
        assert without_id(one[2]) == without_id(other[2]), (number, body)
        assert same(one[1]).keys() == same(other[1]).keys()
        wire.written.clear()
    assert 200 < at_once < 500


def without_id(body: bytes) -> object:
    answer = json.loads(body)
    answer.pop("request_id", None)
    return answer


async def test_no_member_is_twice_in_what_is_answered_at_once(shop: House) -> None:
    """Colons are what gives a double away, so texts with colons of their own and odd spaces are tried."""
    footprints = (
        '{"notebooks":1,"notebooks":2}',
        '{"notebooks" :1,"notebooks":2}',
        '{"notebooks":1,"notebooks":null}',
        '{"storage_format":"a:b","storage_format":"c"}',
        '{"storage_format":":","notebooks":1,"notebooks" \n: 1}',
        '{"notebooks":1,"noteb\\u006foks":2}',
    )
    wire = connect(shop)
    for count, footprint in enumerate(footprints, start=1):
        wire.receive(request(b'{"product":"notes","from":"4.1.3","footprint":%s}' % footprint.encode()))
        assert (await wire.answered(count))[-1][0] == b"HTTP/1.1 422 Unprocessable Entity", footprint
    for body in (
        b'{"product":"notes","from":"4.1.3","from":"4.1.3"}',
        b'{"product":"notes","from":"4.1.3","platform":{"os":"a:","os":"b"}}',
    ):
        wire.written.clear()
        wire.receive(request(body))
        assert (await wire.answered(1))[-1][0] == b"HTTP/1.1 422 Unprocessable Entity", body


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
    async with asyncio.timeout(30):
        await wire.gone.wait()
    assert len(wire.answers()) == 1


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (request(b"{}", kind="text/plain"), 415),
        (request(b"{}", kind="application/json; charset=utf-16"), 415),
        (request(b"{}", key="nobody's"), 401),
        (request(json.dumps(QUESTION).encode(), "Install-Token: short"), 400),
        (CHECK.replace(b"/v1/check ", b"/v1/check?x=1 "), 422),
        (CHECK.replace(b"/v1/check ", b"/v1/check/ "), 404),
        (CHECK.replace(b"POST ", b"PUT "), 405),
        (CHECK.replace(b"Content-Length: ", b"Content-Length: -"), 400),
        (CHECK.replace(b"Content-Length: ", b"Content-Length: 5\r\nContent-Length: "), 400),
        (CHECK.replace(b"Host: x", b"Host: x\r\nTransfer-Encoding: chunked"), 400),
        (CHECK.replace(b"Host: x", b"Host: x\r\nX Y: z"), 400),
        (CHECK.replace(b"Host: x", b"Host: x\r\nX-Long: " + b"x" * 9_000), 400),
        (CHECK.replace(b"Host: x", b"Host: x\r\nExpect: miracles"), 417),
        (request(b" " * 1_100_000), 413),
    ],
)
async def test_what_is_refused_is_refused_as_ever(shop: House, sent: bytes, status: int) -> None:
    wire = connect(shop)
    wire.receive(CHECK)
    wire.receive(sent)
    answer = (await wire.answered(2))[1]
    assert int(answer[0].split()[1]) == status


@pytest.mark.parametrize(
    "sent",
    [
        CHECK.replace(b"HTTP/1.1", b"HTTP/1.0"),
        CHECK.replace(b"Host: x", b"Host: x\r\nConnection: close"),
        request(json.dumps(QUESTION).encode(), "Expect: 100-continue"),
        request(json.dumps(QUESTION).encode() + b" " * LONGEST),
        request(json.dumps({**QUESTION, "explain": False}).encode()),
        request(json.dumps({**QUESTION, "footprint": {**AT_RISK, "colour": "red"}}).encode()),
    ],
)
async def test_what_is_out_of_the_ordinary_is_left_to_the_application(shop: House, sent: bytes) -> None:
    wire = connect(shop)
    wire.receive(sent)
    assert wire.answers() == []
    await wire.told(b'"decision":"hold"')


async def test_a_key_that_was_revoked_opens_no_lane(shop: House) -> None:
    wire = connect(shop)
    sent = request(json.dumps(QUESTION).encode(), key=shop.keys["app"])
    wire.receive(sent)
    assert len(wire.answers()) == 1
    listed = await shop.parts.database.read(list_keys)
    (app_key,) = [key for key in listed if key.role is Role.APP]
    await shop.parts.database.call(revoke_key, app_key.id, shop.clock.now())
    await shop.parts.keys.refresh(shop.parts.database)
    wire.receive(sent)
    assert (await wire.answered(2))[1][0] == b"HTTP/1.1 401 Unauthorized"


async def test_an_app_learns_nothing_of_another_product(shop: House) -> None:
    await shop.put("/v1/products/other", PRODUCT)
    wire = connect(shop)
    wire.receive(request(json.dumps({**QUESTION, "product": "other"}).encode(), key=shop.keys["app"]))
    assert (await wire.answered(1))[0][0] == b"HTTP/1.1 404 Not Found"


async def test_a_request_keeps_a_sane_id_and_others_get_ids_that_differ(shop: House) -> None:
    wire = connect(shop)
    for more in ("X-Request-Id: 5f0c6f3e-6d0a", "X-Request-Id: bad id", "X-Request-Id: ", "Accept: */*"):
        wire.receive(request(json.dumps(QUESTION).encode(), more))
    first, *others = [headers["X-Request-Id"] for _, headers, _ in wire.answers()]
    assert first == "5f0c6f3e-6d0a"
    assert len(set(others)) == 3
    assert all(8 <= len(given) <= 64 for given in others)


async def test_plain_checks_are_counted_and_told_in_one_line(shop: House) -> None:
    wire = connect(shop)
    for _ in range(3):
        wire.receive(CHECK)
    with capture_logs() as lines:
        lane(shop).tell()
        lane(shop).tell()
    told = (await shop.get("/metrics")).body.decode().splitlines()
    assert [(line["event"], line["answered"]) for line in lines] == [("checks", 3)]
    assert lines[0]["slowest_milliseconds"] >= 0
    assert 'forewarn_requests_total{method="POST",route="/v1/check",status="200"} 3.0' in told
    assert 'forewarn_request_seconds_count{route="/v1/check"} 3.0' in told


async def test_a_slow_check_has_a_line_of_its_own(shop: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.lane.SLOW", -1.0)
    wire = connect(shop)
    with capture_logs() as lines:
        wire.receive(CHECK)
    ((_, headers, _),) = wire.answers()
    assert [(line["event"], line["request_id"]) for line in lines] == [("slow_check", headers["X-Request-Id"])]


async def test_a_check_that_breaks_in_the_lane_is_answered_and_logged_by_the_application(
    shop: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("risk.ProductIndex.judge", breaks)
    wire = connect(shop)
    with capture_logs() as lines:
        wire.receive(CHECK)
        ((status, _, _),) = await wire.answered(1)
    assert status == b"HTTP/1.1 500 Internal Server Error"
    assert [line["event"] for line in lines] == ["request_broke", "request"]
