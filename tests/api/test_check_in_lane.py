"""What is out of the ordinary is left to the application, what breaks hurts nobody else, and it is counted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from api.keys import Role, list_keys, revoke_key
from api.lane import LANE
from storage import StatementFailed
from tests.api.check_ins_sent import BODY, request, turns
from tests.api.house import AT_RISK, INSTALL_SECRET, House, with_install
from tests.api.shop import OK
from tests.api.wire import connect


async def test_a_key_that_was_revoked_checks_nothing_in_though_it_is_still_in_memory(each_shop: House) -> None:
    wire = connect(each_shop)
    sent = request("i-1", BODY, f"Install-Token: {INSTALL_SECRET}", key=each_shop.keys["app"])
    wire.receive(sent)
    assert (await wire.answered(1))[0][0] == OK
    (app_key,) = [key for key in await each_shop.parts.database.read(list_keys) if key.role is Role.APP]
    await each_shop.parts.database.call(revoke_key, app_key.id, each_shop.clock.now())
    wire.receive(sent)
    assert (await wire.answered(2))[1][0] == b"HTTP/1.1 401 Unauthorized"


async def test_an_app_sees_of_a_notice_its_own_install_alone(each_shop: House) -> None:
    await each_shop.put("/v1/customers/c-1", {"name": "Ann"})
    wire = connect(each_shop)
    sent = request("i-1", BODY, f"Install-Token: {INSTALL_SECRET}", key=each_shop.keys["app"])
    wire.receive(sent)
    await wire.answered(1)
    for install in ("i-1", "i-2"):
        await with_install(each_shop, install, customer="c-1")
    wire.receive(sent)
    (_, answer) = await wire.answered(2)
    notices = json.loads(answer[2])["notices"]
    assert notices
    assert all(notice["installs"] == ["i-1"] for notice in notices)


async def test_a_batch_that_breaks_is_answered_and_logged_by_the_application(
    each_shop: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise StatementFailed("no such table")

    monkeypatch.setattr("installs_registry.intake.take", breaks)
    wire = connect(each_shop)
    await turns()
    with capture_logs() as lines:
        wire.receive(request("i-1", BODY))
        ((status, _, _),) = await wire.answered(1)
    assert status == b"HTTP/1.1 500 Internal Server Error"
    assert "request_broke" in {line["event"] for line in lines}


async def test_an_answer_that_cannot_be_written_leaves_the_others_of_its_batch_alone(
    each_shop: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from api.handlers.installs import for_asker  # noqa: PLC0415 - the one that is replaced below

    def breaks(answer: Any, key: Any) -> object:
        if answer.install.install == "i-1":
            raise ZeroDivisionError
        return for_asker(answer, key)

    monkeypatch.setattr("api.lane.for_asker", breaks)
    wires = [connect(each_shop) for _ in range(3)]
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
async def test_what_is_out_of_the_ordinary_is_left_to_the_application(each_shop: House, sent: bytes) -> None:
    wire = connect(each_shop)
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
async def test_what_is_wrong_is_refused_as_ever(each_shop: House, sent: bytes, status: int) -> None:
    wire = connect(each_shop)
    await turns()
    wire.receive(sent)
    answer = (await wire.answered(1))[0]
    assert int(answer[0].split()[1]) == status, answer
    assert (await each_shop.get("/v1/installs/i-1")).status == 404


async def test_plain_check_ins_are_counted_and_told_together(each_shop: House) -> None:
    wire = connect(each_shop)
    await turns()
    app = each_shop.client.app
    assert app is not None
    with capture_logs() as lines:
        for place in range(3):
            wire.receive(request(f"i-{place}", BODY))
            await wire.answered(place + 1)
        app[LANE].tell()
        app[LANE].tell()
    # In one line, unless a second was full in between: then the lane told by itself.
    assert {line["event"] for line in lines} == {"checks"}
    assert sum(line["check_ins"] for line in lines) == 3
    assert all(line["slowest_check_in_milliseconds"] >= 0 for line in lines)
    told = (await each_shop.get("/metrics")).body.decode().splitlines()
    assert 'forewarn_requests_total{method="PUT",route="/v1/installs/{install}",status="200"} 3.0' in told
