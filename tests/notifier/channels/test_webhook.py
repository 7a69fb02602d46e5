"""Webhook calls: signed as the standard says, and never into our own networks."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from notifier.channels.failures import Cause, DeliveryFailed, HeldBack
from notifier.channels.signing import signed_headers
from notifier.channels.webhook import Call, WebhookChannel

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - published in the standard's tests
LOOPBACK = [ip_network("127.0.0.0/8"), ip_network("::1/128")]


class Endpoint:
    """A customer's server, which answers with the status it is asked for."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, str], bytes]] = []

    async def take(self, request: web.Request) -> web.Response:
        self.calls.append((request.path, dict(request.headers), await request.read()))
        status = int(request.query.get("status", "200"))
        return web.Response(status=status, headers={"Location": "/elsewhere"} if status == 302 else {})


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
async def url(endpoint: Endpoint) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/{path:.*}", endpoint.take)
    server = TestServer(app)
    await server.start_server()
    yield f"http://127.0.0.1:{server.port}/hook"
    await server.close()


@pytest.fixture
async def channel() -> AsyncIterator[WebhookChannel]:
    channel = WebhookChannel(LOOPBACK)
    yield channel
    await channel.close()


def a_call(url: str) -> Call:
    return Call(url=url, id="notice.webhook", at=datetime(2026, 1, 1, tzinfo=UTC), secret=SECRET, body=b'{"a":1}')


async def go() -> None:
    """Hold nothing back."""


def test_the_signature_is_that_of_the_standard(data: Path) -> None:
    vectors = json.loads((data / "delivery/standard_webhooks.json").read_text("utf-8"))
    signed = [each for each in vectors["sign"] if each["scheme"] == "v1"]
    for each in signed:
        at = datetime.fromtimestamp(each["timestamp"], UTC)
        made = signed_headers(each["secret"], each["id"], at, each["body"].encode())
        assert made["webhook-signature"] == each["signature"]
        assert made["webhook-timestamp"] == str(each["timestamp"])
    assert len(signed) == 1


def test_a_secret_is_the_same_with_and_without_prefix_and_padding(data: Path) -> None:
    vectors = json.loads((data / "delivery/standard_webhooks.json").read_text("utf-8"))
    for one, other in [vectors["secret_forms_equal"], *vectors["unpadded_secrets_equal"]]:
        at = datetime(2026, 1, 1, tzinfo=UTC)
        assert signed_headers(one, "id", at, b"") == signed_headers(other, "id", at, b"")
    for empty in vectors["empty_secrets_rejected"]:
        with pytest.raises(ValueError, match="empty"):
            signed_headers(empty, "id", datetime(2026, 1, 1, tzinfo=UTC), b"")


async def test_a_call_arrives_signed(url: str, endpoint: Endpoint, channel: WebhookChannel) -> None:
    assert await channel.send(a_call(url), go) == "HTTP 200"
    [(_, headers, body)] = endpoint.calls
    assert body == b'{"a":1}'
    expected = signed_headers(SECRET, "notice.webhook", datetime(2026, 1, 1, tzinfo=UTC), body)
    assert {name: headers[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("status", "cause", "permanent"),
    [
        (302, Cause.RECIPIENT, False),
        (404, Cause.RECIPIENT, False),
        (410, Cause.RECIPIENT, True),
        (413, Cause.CONTENT, True),
        (429, Cause.RECIPIENT, False),
        (503, Cause.CONNECTION, False),
    ],
)
async def test_anything_but_a_success_is_a_failure_and_no_redirect_is_followed(
    url: str, endpoint: Endpoint, channel: WebhookChannel, status: int, cause: Cause, *, permanent: bool
) -> None:
    with pytest.raises(DeliveryFailed) as failed:
        await channel.send(a_call(f"{url}?status={status}"), go)
    assert (failed.value.cause, failed.value.permanent) == (cause, permanent)
    assert [path for path, _, _ in endpoint.calls] == ["/hook"]


async def test_what_is_held_back_is_not_called(url: str, endpoint: Endpoint, channel: WebhookChannel) -> None:
    async def hold_back() -> None:
        raise HeldBack

    with pytest.raises(HeldBack):
        await channel.send(a_call(url), hold_back)
    assert endpoint.calls == []


#: Public hosts among the vectors: redirectors and look-alikes, harmless since no redirect is followed.
PUBLIC = {
    "fcm.googleapis.com.evil.example",
    "evilfcm.googleapis.com.evil.example",
    "307.r3dir.me",
    "62epax5fhvj3zzmzigyoe5ipkbn7fysllvges3a.302.r3dir.me",
    "example.com",
    "www.googleapis.com",
}


async def test_every_address_in_our_own_networks_is_refused_before_anything_is_sent(data: Path) -> None:
    vectors = json.loads((data / "security/ssrf/ssrf_vectors.json").read_text("utf-8"))["vectors"]
    blocked = [vector["url"] for vector in vectors if vector["expect"] == "block"]
    refused = [url for url in blocked if await is_refused(url)]
    assert {urlsplit(url).hostname for url in set(blocked) - set(refused)} == PUBLIC
    assert len(refused) > 900


async def is_refused(url: str) -> bool:
    async def hold_back() -> None:
        raise HeldBack

    try:
        await WebhookChannel().send(a_call(url), hold_back)
    except DeliveryFailed as failed:
        return failed.permanent
    except HeldBack:
        return False
    return False


async def test_a_name_that_leads_inside_is_refused_when_the_connection_is_made(url: str, endpoint: Endpoint) -> None:
    channel = WebhookChannel([ip_network("10.1.2.0/24")])
    with pytest.raises(DeliveryFailed) as failed:
        await channel.send(a_call(url.replace("127.0.0.1", "localhost")), go)
    assert "inside a network" in failed.value.reply
    assert failed.value.permanent
    assert endpoint.calls == []
    await channel.close()


async def test_nobody_there_is_a_failure_of_the_connection(unused_tcp_port: int, channel: WebhookChannel) -> None:
    with pytest.raises(DeliveryFailed) as failed:
        await channel.send(a_call(f"http://127.0.0.1:{unused_tcp_port}/"), go)
    assert (failed.value.cause, failed.value.permanent) == (Cause.CONNECTION, False)
