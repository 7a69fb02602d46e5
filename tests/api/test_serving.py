from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from api.access import Keys
from api.app import create_app
from api.asking import Parts
from api.serving import KEEP_ALIVE, Runner
from notifier.verdicts import CheckLog, Verdicts
from storage import open_database
from tests.conftest import FakeClock


@pytest.fixture
async def port(migrated_sqlite_url: str, clock: FakeClock) -> AsyncIterator[int]:
    database = open_database(migrated_sqlite_url)
    parts = Parts(
        database=database,
        clock=clock,
        verdicts=Verdicts(database),
        check_log=CheckLog(database),
        keys=Keys(),
    )
    runner = Runner(create_app(parts))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield runner.addresses[0][1]
    await runner.cleanup()
    await database.close()


async def said(port: int, text: bytes) -> bytes:
    """Return all that is answered to these bytes until the other side closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(text)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


@pytest.mark.parametrize(
    "text",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET / HTTP/9.9 x\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: " + b"x" * 20_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X-A: x\r\n" * 1_000 + b"\r\n",
    ],
)
async def test_what_is_not_http_is_a_problem_and_one_line_of_log(port: int, text: bytes) -> None:
    with capture_logs() as lines:
        head, _, body = (await said(port, text)).partition(b"\r\n\r\n")
    problem = msgspec.json.decode(body)
    assert head.partition(b"\r\n")[0] in {b"HTTP/1.0 400 Bad Request", b"HTTP/1.1 400 Bad Request"}
    assert b"application/problem+json" in head
    assert b"Server: forewarn" in head
    assert (problem["status"], problem["title"]) == (400, "The request could not be read")
    (line,) = lines
    assert (line["event"], line["request_id"]) == ("not_http", problem["request_id"])
    assert "exc_info" not in line


async def test_an_address_that_is_too_long_is_told_so(port: int) -> None:
    head, _, body = (await said(port, b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n")).partition(b"\r\n\r\n")
    assert b" 414 " in head.partition(b"\r\n")[0]
    assert msgspec.json.decode(body)["type"] == "urn:forewarn:problem:uri-too-long"


async def test_the_rest_of_a_body_that_cannot_be_read_is_one_line_of_log(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    head = b"PUT /v1/nothing HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n"
    with capture_logs() as lines:
        answer = await said(port, head + b"not gzip!")
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert [line["event"] for line in lines] == ["request", "not_http"]
    assert caplog.records == []


async def test_an_ordinary_request_is_served_by_the_same_runner(port: int) -> None:
    answer = await said(port, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert answer.endswith(b'{"status":"ok"}')


def test_connections_are_not_kept_for_an_hour() -> None:
    assert KEEP_ALIVE <= 75
