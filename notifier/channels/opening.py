"""Opening a connection: aiosmtplib connects, greets, secures and signs in; then we speak as the server offers."""

from __future__ import annotations

from dataclasses import replace

from aiosmtplib import SMTP

from notifier.channels.errands import Report
from notifier.channels.failures import Cause, DeliveryFailed
from notifier.channels.pipelined import PipelinedConnection
from notifier.channels.plain import PlainConnection, answered
from notifier.channels.replies import judge_sender
from notifier.channels.smtp import MailServer
from notifier.channels.terms import Terms
from notifier.channels.wire import take_over

Connection = PipelinedConnection | PlainConnection


async def open_connection(
    server: MailServer, terms: Terms, report: Report, *, pipelining: bool = True, local_name: str | None = None
) -> tuple[Connection, str | None]:
    """Return a new connection, and the name that we greeted with; raises DeliveryFailed.

    Finding the name out takes a DNS query, so it is handed back to be given again. Without `pipelining`, the
    server's offer of it is not taken.
    """
    client = SMTP(
        hostname=server.host,
        port=server.port,
        use_tls=server.tls,
        start_tls=server.starttls,
        username=server.user,
        password=server.password,
        local_hostname=server.own_name or local_name,
        timeout=terms.command_timeout,
    )
    await answered(client.connect, judge_sender)
    if client.is_ehlo_or_helo_needed:
        await answered(client.ehlo, judge_sender)
    agreed = replace(terms, announces_size=client.supports_extension("size"))
    if not pipelining or not client.supports_extension("pipelining"):
        return PlainConnection(client, agreed, report), client.local_hostname
    transport = client.transport
    if transport is None or transport.is_closing():
        raise DeliveryFailed(Cause.CONNECTION, "the server closed the connection")
    return PipelinedConnection(take_over(transport), agreed, report), client.local_hostname
