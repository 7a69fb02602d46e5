"""A plain check is answered in the lane as the application answers it; all else is left to that."""

from __future__ import annotations

import json

import pytest
from structlog.testing import capture_logs

from api.keys import Role, list_keys, revoke_key
from api.lane import LANE, LONGEST, Lane
from tests.api.checks_sent import CHECK, QUESTION, TO_THE_APPLICATION, request
from tests.api.house import AT_RISK, PRODUCT, House
from tests.api.wire import connect, same


def lane(house: House) -> Lane:
    app = house.client.app
    assert app is not None
    return app[LANE]


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
