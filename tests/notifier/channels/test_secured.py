"""Commands ahead of replies over TLS: the connection is taken over as it was secured."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from notifier.channels.email import EmailChannel
from notifier.channels.smtp import MailServer
from notifier.mails.build import Mail
from tests.notifier.channels.eager_server import EagerServer

MAIL = Mail("a@notes.example", "b@example.com", "<1@notes.example>", b"Subject: hi\r\n\r\n" + b"x\r\n" * 50_000)


@pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_mails_arrive_over_tls_on_one_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loop_factory: type[asyncio.AbstractEventLoop]
) -> None:
    context = trusted(tmp_path, monkeypatch)
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        server = runner.run(sent_over_tls(context))
    assert server.messages == [MAIL.content] * 3
    assert server.connections == 1


async def sent_over_tls(context: ssl.SSLContext) -> EagerServer:
    server = EagerServer()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, limit=1 << 24, ssl=context)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        channel = EmailChannel(MailServer.parse(f"smtps://127.0.0.1:{port}"), connections=1)
        assert await asyncio.gather(*(channel.send(MAIL, go) for _ in range(3))) == ["250 taken"] * 3
        await channel.close()
    return server


async def go() -> None:
    """Hold nothing back."""


def trusted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Return a server's TLS with a certificate that this process trusts."""
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
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "trusted.pem").write_bytes(public)
    (folder / "server.pem").write_bytes(secret + public)
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "trusted.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "server.pem")
    return context
