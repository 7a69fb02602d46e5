"""Following the deliveries as a stream of events (WHATWG HTML, section 9.2), and the ledger in its forms."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import ClientResponse

from api import watching
from api.keys import Role, revoke_key
from api.watching import WATCHING
from notifier.sweeping import sweep_page
from storage import Tx
from tests.api.house import INSTALL_SECRET, House, with_defect, with_install, with_releases

PROGRESS = "/v1/defects/NOTES-4411/progress"
LEDGER = "/v1/defects/NOTES-4411/ledger"
FUNNEL = "/v1/defects/NOTES-4411/funnel"
FOLLOW = {"Accept": "text/event-stream"}


@dataclass
class Event:
    name: str = "message"
    data: str = ""
    id: str = ""


def parsed(stream: str) -> list[Event]:
    """Read a stream of events as a browser does."""
    events, fields, last_id = [], Event(), ""
    for line in stream.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")[:-1]:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if fields.data:
                events.append(Event(fields.name, fields.data[:-1], last_id))
            fields = Event()
        elif name == "data":
            fields.data += value + "\n"
        elif name == "event":
            fields.name = value
        elif name == "id" and "\0" not in value:
            last_id = value
    return events


def test_our_reader_of_events_reads_as_browsers_do(data: Path) -> None:
    vectors = json.loads((data / "delivery" / "sse.json").read_text("utf-8"))["parse"]
    assert len(vectors) > 5
    for vector in vectors:
        found = [event.data for event in parsed(vector["stream"])]
        assert found == [event["data"] for event in vector["events"]], vector["name"]


async def with_warned(house: House, customers: int = 2) -> str:
    """Let a defect's warnings be owed to some customers."""
    await with_releases(house)
    for number in range(customers):
        await house.put(f"/v1/customers/c-{number}", {"name": f"Name {number}", "email": f"c{number}@example.com"})
        await with_install(house, f"i-{number}", customer=f"c-{number}")
    defect = await with_defect(house)
    while await house.parts.database.call(sweep_page, house.parts.rulebook, house.clock.now()):
        pass
    return defect


async def arrive(house: House, customer: int) -> None:
    """Let a customer's mail be accepted."""
    values = {"at": "2026-01-01T12:00:00.000000Z", "id": f"c-{customer}"}

    def work(tx: Tx) -> None:
        tx.run_built(
            "UPDATE notices SET state = 'SENT', sent_at = :at"
            " WHERE recipient = (SELECT no FROM customers WHERE id = :id)",
            values,
        )
        tx.run_built(
            "UPDATE deliveries SET state = 'SENT', sent_at = :at WHERE notice_no IN ("
            "SELECT n.no FROM notices n JOIN customers c ON c.no = n.recipient WHERE c.id = :id)",
            values,
        )

    await house.parts.database.call(work)


@asynccontextmanager
async def stream(house: House, key: str = "viewer", **headers: str) -> AsyncIterator[ClientResponse]:
    sent = {**FOLLOW, "Authorization": f"Bearer {house.keys.get(key, key)}", **headers}
    async with house.client.get(PROGRESS, headers=sent) as response:
        yield response


async def next_event(response: ClientResponse) -> Event:
    text = ""
    while not parsed(text):
        line = await response.content.readline()
        assert line, "the stream has ended"
        text += line.decode()
    return parsed(text)[0]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notifier.progress.TICK", 0.01)


async def test_the_stream_tells_each_change_and_ends_when_nothing_is_left(each_house: House) -> None:
    await with_warned(each_house)
    async with stream(each_house) as response:
        assert response.status == 200
        assert response.content_type == "text/event-stream"
        assert (response.headers["X-Accel-Buffering"], response.headers["Cache-Control"]) == ("no", "no-store")
        first = await next_event(response)
        assert (first.name, json.loads(first.data)["sent"]) == ("progress", 0)
        await arrive(each_house, 0)
        assert json.loads((await next_event(response)).data)["sent"] == 1
        await arrive(each_house, 1)
        last = await next_event(response)
        assert (last.name, json.loads(last.data)["done"]) == ("done", True)
        assert await response.content.read() == b""
    assert each_house.client.app is not None
    assert each_house.client.app[WATCHING].followers == 0


async def test_who_comes_back_is_sent_what_is_new(each_house: House) -> None:
    await with_warned(each_house)
    async with stream(each_house) as response:
        seen = (await next_event(response)).id
    async with stream(each_house, **{"Last-Event-ID": seen}) as response:
        await arrive(each_house, 0)
        assert json.loads((await next_event(response)).data)["sent"] == 1
    async with stream(each_house, **{"Last-Event-ID": seen}) as response:
        assert json.loads((await next_event(response)).data)["sent"] == 1


async def test_who_has_seen_the_end_is_told_not_to_come_back(each_house: House) -> None:
    await with_warned(each_house, customers=1)
    await arrive(each_house, 0)
    async with stream(each_house) as response:
        last = await next_event(response)
    assert last.name == "done"
    async with stream(each_house, **{"Last-Event-ID": last.id}) as response:
        assert (response.status, await response.read()) == (204, b"")


async def test_a_stream_gives_signs_of_life(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "HEARTBEAT", 0.01)
    await with_warned(house)
    async with stream(house) as response:
        await next_event(response)
        assert await response.content.readline() in {b": ping\r\n", b"\r\n"}


async def test_a_revoked_key_is_sent_nothing_more(house: House) -> None:
    await with_warned(house)
    key = await house.another_key(Role.VIEWER, "Vera")
    async with stream(house, key) as response:
        await next_event(response)
        keys = await house.parts.database.read(lambda tx: tx.built("SELECT id FROM keys WHERE person = 'Vera'", {}))
        await house.parts.database.call(revoke_key, keys[0]["id"], house.clock.now())
        await house.parts.keys.refresh(house.parts.database)
        await arrive(house, 0)
        assert b"data:" not in await response.content.read()


async def test_a_stream_ends_when_the_service_does(house: House) -> None:
    await with_warned(house)
    assert house.client.app is not None
    async with stream(house) as response:
        await next_event(response)
        house.client.app[WATCHING].close()
        assert b"data:" not in await response.content.read()


async def test_too_many_streams_are_refused(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "MOST", 1)
    await with_warned(house)
    async with stream(house) as response:
        await next_event(response)
        async with stream(house) as refused:
            assert refused.status == 429


async def test_a_stream_is_for_those_who_may_read(house: House) -> None:
    await with_warned(house)
    async with stream(house, "app") as refused:
        assert refused.status == 403
    assert (await house.get("/v1/defects/NONE/progress", headers=FOLLOW)).status == 404
    assert (await house.get(f"{PROGRESS}?defect=1", headers=FOLLOW)).status == 422
    assert (await house.get(PROGRESS, role=None, headers=FOLLOW)).status == 401


async def test_without_the_header_the_progress_is_one_answer(each_house: House) -> None:
    await with_warned(each_house)
    for headers in ({}, {"Accept": "*/*"}, {"Accept": "application/json, text/event-stream"}):
        told = await each_house.get(PROGRESS, role="viewer", headers=headers)
        assert (told.status, told.body["total"], told.body["done"]) == (200, 2, False)


def rows(told: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(told.decode())))


async def test_the_ledger_comes_as_a_table_by_parameter_and_by_header(each_house: House) -> None:
    await with_warned(each_house)
    await arrive(each_house, 0)
    for path, headers in ((f"{LEDGER}?format=csv", {}), (LEDGER, {"Accept": "text/csv"})):
        told = await each_house.get(path, headers=headers)
        assert told.headers["Content-Type"] == "text/csv; charset=utf-8"
        first, second = rows(told.body)
        assert (first["install"], first["customer"], first["proof"]) == ("i-0", "c-0", "accepted")
        assert (second["outcome"], second["proof"], second["exposure"]) == ("not_told", "not_reached", "at_risk")
    assert (await each_house.get(f"{LEDGER}?format=json", headers={"Accept": "text/csv"})).body["exposed"] == 2


async def test_the_table_names_customers_only_to_those_who_may_know_them(house: House) -> None:
    await with_warned(house)
    for role in ("admin", "approver", "reporter", "viewer"):
        told = await house.get(f"{LEDGER}?format=csv", role=role)
        assert [row["customer"] for row in rows(told.body)] == (
            ["c-0", "c-1"] if role in {"admin", "approver"} else ["", ""]
        )
        assert b"Name" not in told.body
        assert b"@" not in told.body
    assert (await house.get(LEDGER, role="app", headers={"Install-Token": INSTALL_SECRET})).status == 403
    assert (await house.get("/v1/defects/NONE/ledger?format=csv")).status == 404
    assert (await house.get(f"{LEDGER}?format=xml")).status == 422


async def test_the_funnel_counts_as_recall_authorities_ask(each_house: House) -> None:
    await with_warned(each_house, customers=4)
    await arrive(each_house, 0)
    told = await each_house.get(FUNNEL, role="viewer")
    assert told.status == 200
    assert told.body["population"]["installs"] == 4
    assert told.body["notified"] == {
        "installs": 1,
        "installs_percent": 25.0,
        "recipients": 1,
        "recipients_percent": 25.0,
    }
    assert told.body["methods"] == {"email": 1}
    table = rows((await each_house.get(f"{FUNNEL}?format=csv")).body)
    assert [row["part"] for row in table][:2] == ["population", "notified"]
    assert table[1]["installs_percent"] == "25.0"
