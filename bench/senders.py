"""Senders of mails, in a process on the first core: ours, and those that programs usually have."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from itertools import cycle
from multiprocessing.connection import Connection
from typing import Literal

import aiosmtplib
import uvloop

from bench.feeding import feed
from bench.figures import Measured
from bench.load import HOST
from bench.machine import pin
from bench.mails import Made, row
from commands.serving.collecting import collect_seldom
from notifier.channels.terms import Terms
from notifier.mails.build import Envelope
from notifier.mails.dkim import Signer
from notifier.mails.dkim_keys import DkimKey, KeyKind, make_key
from notifier.mails.facts import MailFacts
from notifier.mails.press import Press
from notifier.mails.render import Renderer

Way = Literal["ours", "signed", "send_message", "sendmail", "signing"]

#: Sends one mail, as the worker of this number.
Send = Callable[[int], Awaitable[None]]

#: Mails in hand for each connection, as the outbox has them, and those that are made at once when half have left.
_IN_HAND, _AT_ONCE = 32, 16
_ROWS = 500


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
        self._plain = Made(self.press, self.rows)
        self._signed = Made(Press(Signer((self._key,))), self.rows)
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
        mails = ours.mails(order.connections * _AT_ONCE, until=started + order.seconds)
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
