"""Connections to a mail server on a real socket."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from notifier.channels.email import EmailChannel
from notifier.channels.failures import Cause, DeliveryFailed, HeldBack
from notifier.channels.smtp import MailServer
from tests.notifier.mails.builders import a_mail, an_envelope
from tests.notifier.post_office import PostOffice, open_post_office


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with open_post_office() as office:
        yield office


@pytest.fixture
async def channel(office: PostOffice) -> AsyncIterator[EmailChannel]:
    channel = a_channel(office.port)
    yield channel
    await channel.close()


def a_channel(port: int, query: str = "?starttls=never", user: str = "") -> EmailChannel:
    return EmailChannel(MailServer.parse(f"smtp://{user}127.0.0.1:{port}{query}"), connections=2)


async def go() -> None:
    """Hold nothing back."""


async def hold_back() -> None:
    raise HeldBack


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://post", MailServer(host="post", port=25)),
        ("smtp://post:2525?starttls=never", MailServer(host="post", port=2525, starttls=False)),
        ("smtp://post?starttls=always", MailServer(host="post", port=25, starttls=True)),
        ("smtps://post", MailServer(host="post", port=465, tls=True, starttls=False)),
        (
            "smtp://me%40x:p%2Fw@post:587",
            MailServer(host="post", port=587, starttls=True, user="me@x", password="p/w"),  # noqa: S106 - nobody's password
        ),
    ],
)
def test_a_mail_server_is_read_from_its_url(url: str, server: MailServer) -> None:
    assert MailServer.parse(url) == server


@pytest.mark.parametrize("url", ["http://post", "smtp://", "smtp://post?starttls=perhaps", "post:25"])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"smtp://|bad query"):
        MailServer.parse(url)


def test_a_password_is_not_shown() -> None:
    assert "secret" not in repr(MailServer.parse("smtp://me:secret@post"))


async def test_the_message_arrives_to_the_byte(office: PostOffice, channel: EmailChannel) -> None:
    mail = a_mail(summary="One\n\n.\n\n..two\n\nthree")
    assert await channel.send(mail, go) == "250 taken"
    assert office.contents() == [mail.content]


async def test_what_is_held_back_does_not_leave_and_the_connection_serves_again(
    office: PostOffice, channel: EmailChannel
) -> None:
    with pytest.raises(HeldBack):
        await channel.send(a_mail(), hold_back)
    await channel.send(a_mail(), go)
    assert len(office.received) == 1
    assert office.connections == 1


async def test_a_refused_recipient_does_not_spoil_the_next_mail(office: PostOffice, channel: EmailChannel) -> None:
    office.refusals["ada@example.com"] = "550 5.1.1 no such user"
    with pytest.raises(DeliveryFailed) as failed:
        await channel.send(a_mail(), go)
    assert (failed.value.cause, failed.value.permanent) == (Cause.RECIPIENT, True)
    await channel.send(a_mail(an_envelope(recipient="bob@example.com")), go)
    assert office.recipients() == ["bob@example.com"]
    assert office.connections == 1


async def test_a_refused_message_is_not_in_doubt(office: PostOffice, channel: EmailChannel) -> None:
    office.verdicts["ada@example.com"] = "554 5.6.0 malformed"
    with pytest.raises(DeliveryFailed) as failed:
        await channel.send(a_mail(), go)
    assert (failed.value.cause, failed.value.permanent, failed.value.in_doubt) == (Cause.CONTENT, True, False)


async def test_a_connection_cut_after_the_message_leaves_it_in_doubt(office: PostOffice, channel: EmailChannel) -> None:
    office.verdicts["ada@example.com"] = "cut"
    with pytest.raises(DeliveryFailed) as failed:
        await channel.send(a_mail(), go)
    assert (failed.value.cause, failed.value.permanent, failed.value.in_doubt) == (Cause.CONNECTION, False, True)


async def test_a_connection_cut_before_the_message_is_not_in_doubt(office: PostOffice, channel: EmailChannel) -> None:
    async def cut() -> None:
        office.hang_up()
        await asyncio.sleep(0)

    with pytest.raises(DeliveryFailed) as failed:
        await channel.send(a_mail(), cut)
    assert (failed.value.cause, failed.value.in_doubt) == (Cause.CONNECTION, False)
    assert office.received == []


async def test_a_send_that_was_cancelled_leaves_no_half_transaction(office: PostOffice, channel: EmailChannel) -> None:
    reached = asyncio.Event()

    async def never() -> None:
        reached.set()
        await asyncio.Event().wait()

    sending = asyncio.create_task(channel.send(a_mail(), never))
    await reached.wait()
    sending.cancel()
    await asyncio.wait([sending])
    await channel.send(a_mail(), go)
    assert len(office.received) == 1
    assert office.connections == 2


async def test_nobody_there_is_a_failure_of_the_connection(unused_tcp_port: int) -> None:
    with pytest.raises(DeliveryFailed) as failed:
        await a_channel(unused_tcp_port).send(a_mail(), go)
    assert (failed.value.cause, failed.value.permanent) == (Cause.CONNECTION, False)


async def test_no_more_connections_than_allowed_are_opened(office: PostOffice, channel: EmailChannel) -> None:
    await asyncio.gather(*(channel.send(a_mail(), go) for _ in range(10)))
    assert len(office.received) == 10
    assert office.connections <= 2


@pytest.mark.parametrize("greeting", [b"garbage\r\n", b"554 go away\r\n", b""])
async def test_a_server_that_talks_nonsense_is_a_failure_and_no_crash(greeting: bytes) -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)

    async with talking(talk) as port:
        with pytest.raises(DeliveryFailed) as failed:
            await a_channel(port).send(a_mail(), go)
    assert not failed.value.permanent
    assert not failed.value.in_doubt


async def test_a_server_that_answers_the_message_with_garbage_leaves_it_in_doubt() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hi\r\n")
        for reply in (b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
            await reader.readline()
            writer.write(reply)
        await reader.readuntil(b"\r\n.\r\n")
        writer.write(b"what?\r\n")
        await reader.read()

    async with talking(talk) as port:
        channel = a_channel(port)
        with pytest.raises(DeliveryFailed) as failed:
            await channel.send(a_mail(), go)
        await channel.close()
    assert failed.value.in_doubt


@asynccontextmanager
async def talking(talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[int]:
    """Serve one connection by hand, on the port that is yielded, and wait until it has ended."""
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await talk(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        ended.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        await ended.wait()


async def test_a_password_is_given_where_the_server_asks_for_one(office: PostOffice) -> None:
    asked: list[Any] = []

    def check(*credentials: Any) -> AuthResult:
        asked.append(credentials[-1].login)
        return AuthResult(success=True)

    def server() -> SMTP:
        return SMTP(office, authenticator=check, auth_require_tls=False)

    listening = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    async with listening:
        channel = a_channel(listening.sockets[0].getsockname()[1], user="me:pass@")
        await channel.send(a_mail(), go)
        await channel.close()
    assert asked == [b"me"]


async def test_a_server_whose_certificate_proves_nothing_gets_no_mail(office: PostOffice, tmp_path: Path) -> None:
    context = self_signed(tmp_path)

    def server() -> SMTP:
        return SMTP(office, tls_context=context)

    listening = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    async with listening:
        channel = a_channel(listening.sockets[0].getsockname()[1], query="?starttls=always")
        with pytest.raises(DeliveryFailed) as failed:
            await channel.send(a_mail(), go)
    assert failed.value.cause is Cause.CONNECTION
    assert office.received == []


async def test_a_server_without_starttls_gets_no_mail_where_it_is_required(office: PostOffice) -> None:
    with pytest.raises(DeliveryFailed):
        await a_channel(office.port, query="?starttls=always").send(a_mail(), go)
    assert office.received == []


def self_signed(folder: Path) -> ssl.SSLContext:
    """Return a server's TLS with a certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    return context
