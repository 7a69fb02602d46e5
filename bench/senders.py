"""Senders of mails, in a process on the first core: ours, and those that programs usually have."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from itertools import cycle, islice
from multiprocessing.connection import Connection
from typing import Literal

import aiosmtplib
import uvloop

from bench.feeding import feed
from bench.figures import Measured
from bench.load import HOST
from bench.machine import pin
from commands.serving.collecting import collect_seldom
from notifier.channels.terms import Terms
from notifier.mails.build import Draft, Envelope, Mail, Sender, finished
from notifier.mails.dkim import Signer
from notifier.mails.dkim_keys import DkimKey, KeyKind, make_key
from notifier.mails.facts import Line, MailFacts, Option
from notifier.mails.listing import head_of, said_of_one
from notifier.mails.press import Press
from notifier.mails.render import Renderer
from notifier.mails.stencils import Own
from notifier.states import NoticeKind
from risk import Exposure, Severity

Way = Literal["ours", "signed", "send_message", "sendmail", "signing"]

#: Sends one mail, as the worker of this number.
Send = Callable[[int], Awaitable[None]]

#: Mails in hand for each connection, as the outbox has them, and those that are made at once when half have left.
_IN_HAND, _AT_ONCE = 32, 16
_ROWS = 500
_FROM = Sender("Notes Ltd", "warnings@notes.example")
_DATE = datetime(2026, 11, 21, 12, tzinfo=UTC)
#: As many as to make a mail of ten kilobytes.
_SUMMARY = "The upgrade drops what it cannot convert, and says so only in its log. "


@dataclass(frozen=True, slots=True)
class Order:
    """What to send."""

    way: Way
    port: int
    connections: int
    seconds: float
    #: Mails that one connection carries.
    mails: int = 1_000_000


def serve_senders(pipe: Connection) -> None:
    """Carry out orders that come over the pipe, until it closes; says first how many bytes a mail has."""
    pin(0)
    bench = _Bench()
    # As a process that serves; the other senders gain by it too.
    collect_seldom()
    pipe.send(len(bench.press.mail(*bench.rows[0]).content))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        while True:
            try:
                order = pipe.recv()
            except EOFError:
                return
            pipe.send(runner.run(bench.carry_out(order)))


class _Bench:
    """The rows, prepared, and what sends them."""

    def __init__(self) -> None:
        self.rows = [row(number) for number in range(_ROWS)]
        self.press = Press()
        self._key = DkimKey("bench", "notes.example", make_key(KeyKind.RSA))
        self._plain = _Ours(self.press, self.rows)
        self._signed = _Ours(Press(Signer((self._key,))), self.rows)
        self._rendered = Renderer().render(self.rows[0][0])
        self._finished = [self.press.mail(*row) for row in self.rows]

    async def carry_out(self, order: Order) -> Measured:
        """Send for as long as the order says."""
        if order.way == "signing":
            return self._sign(order)
        if order.way in {"ours", "signed"}:
            return await self._ours(order)
        async with self._theirs(order) as (send, workers):
            cpu, started = time.process_time(), time.perf_counter()
            sent = await _for_seconds(send, workers, order.seconds)
            return Measured(sent, time.perf_counter() - started, time.process_time() - cpu)

    async def _ours(self, order: Order) -> Measured:
        ours = self._signed if order.way == "signed" else self._plain
        cpu, started = time.process_time(), time.perf_counter()
        mails = ours.made(order.connections * _AT_ONCE, started + order.seconds)
        terms = Terms(mails=order.mails)
        sent = await feed(mails, order.port, order.connections, order.connections * _IN_HAND, terms)
        return Measured(sent, time.perf_counter() - started, time.process_time() - cpu)

    @asynccontextmanager
    async def _theirs(self, order: Order) -> AsyncIterator[tuple[Send, int]]:
        clients = [
            aiosmtplib.SMTP(hostname=HOST, port=order.port, start_tls=False, local_hostname="bench.example")
            for _ in range(order.connections)
        ]
        await asyncio.gather(*(client.connect() for client in clients))
        rows, finished = cycle(self.rows), cycle(self._finished)

        async def build_and_send(worker: int) -> None:
            await clients[worker].send_message(self._built(*next(rows)))

        async def send(worker: int) -> None:
            mail = next(finished)
            await clients[worker].sendmail(mail.sender, mail.recipient, mail.content)

        yield (send if order.way == "sendmail" else build_and_send), order.connections
        await asyncio.gather(*(client.quit() for client in clients))

    def _sign(self, order: Order) -> Measured:
        header = b"x" * 900
        cpu, started, signed = time.process_time(), time.perf_counter(), 0
        while time.perf_counter() - started < order.seconds:
            self._key.sign(header)
            signed += 1
        return Measured(signed, time.perf_counter() - started, time.process_time() - cpu)

    def _built(self, facts: MailFacts, envelope: Envelope) -> EmailMessage:
        """Return the same mail as a program builds it that puts a name into two texts."""
        message = EmailMessage()
        message["Message-ID"] = envelope.message_id
        message["Date"] = envelope.date
        message["From"] = f"{envelope.sender.name} <{envelope.sender.address}>"
        message["To"] = f"{facts.customer} <{envelope.recipient}>"
        message["Subject"] = self._rendered.subject
        message["Auto-Submitted"] = "auto-generated"
        message["List-Unsubscribe"] = f"<{facts.unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        name = facts.customer or ""
        message.set_content(self._rendered.text.replace("Customer 0", name))
        message.add_alternative(self._rendered.html.replace("Customer 0", name), subtype="html")
        return message


class _Ours:
    """Our mails, made as the delivery makes them: what is one recipient's own is put into what all of them share."""

    def __init__(self, press: Press, rows: Sequence[tuple[MailFacts, Envelope]]) -> None:
        facts, envelope = rows[0]
        self._press = press
        self._said = said_of_one(facts)
        self._stencil = press.master(facts, envelope.sender, envelope.product).stencil(self._said)
        self._rows = [(_own(facts), envelope) for facts, envelope in rows]
        [first] = finished([self._draft(*self._rows[0])])
        if first.whole() != press.mail(facts, envelope):
            raise RuntimeError("a mail is another than its facts make")

    def made(self, at_once: int, until: float) -> Iterator[Mail]:
        """Yield mails until it is time: some are written, then signed, then sent. None is made that is not sent."""
        rows = cycle(self._rows)
        while time.perf_counter() < until:
            yield from finished([self._draft(*row) for row in islice(rows, at_once)])

    def _draft(self, own: Own, envelope: Envelope) -> Draft:
        draft = self._press.filled(self._stencil, own, self._said, envelope) if self._stencil else None
        if draft is None:
            raise RuntimeError("a mail of the benchmark is no ordinary one")
        return draft


def _own(facts: MailFacts) -> Own:
    [line] = facts.lines
    return Own(facts.customer or "", head_of(line.install, line.version), facts.url, facts.unsubscribe_url or "")


async def _for_seconds(send: Send, workers: int, seconds: float) -> int:
    """Let so many workers send until the time is over; return how many mails were accepted."""
    until = time.perf_counter() + seconds

    async def work(worker: int) -> int:
        sent = 0
        while time.perf_counter() < until:
            await send(worker)
            sent += 1
        return sent

    return sum(await asyncio.gather(*(work(worker) for worker in range(workers))))


def row(number: int) -> tuple[MailFacts, Envelope]:
    """Return what the mail of this number is made of."""
    notice = f"01JD0000000000000000{number:06}"
    line = Line(install=f"install-{number}", version="4.1.3", exposure=Exposure.AT_RISK, because=("notebooks is 12",))
    facts = MailFacts(
        kind=NoticeKind.WARNING,
        vendor=_FROM.name,
        product="Notes",
        customer=f"Customer {number}",
        defect="NOTES-4411",
        title="Upgrading to 4.2 can erase notes kept in the v2 format",
        summary=_SUMMARY,
        severity=Severity.DATA_LOSS,
        affected="version 4.2.0 and later, before 4.2.2",
        target="4.2.0",
        lines=(line,),
        options=(Option(index=0, kind="wait"), Option(index=1, kind="upgrade_to", version="4.1.4")),
        url=f"https://warn.notes.example/n/{notice}.0123456789012345678901",
        unsubscribe_url=f"https://warn.notes.example/u/{notice}.0123456789012345678901",
    )
    return facts, Envelope(
        sender=_FROM,
        recipient=f"customer-{number}@example.com",
        message_id=f"<{notice}@notes.example>",
        date=_DATE,
        product="notes",
    )
