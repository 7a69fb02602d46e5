"""Processes that publish, sweep and deliver as the service does; and one that only sends what is written already."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from enum import Enum, auto
from itertools import cycle, islice
from multiprocessing.connection import Connection

import uvloop

from bench.database import sql
from bench.feeding import feed
from bench.figures import Measured
from bench.load import HOST
from bench.mails import row
from commands.serving.collecting import collect_seldom
from feeds.types import Reason
from notifier import publishing
from notifier.channels.terms import Terms
from notifier.delivery.settings import DeliverySettings
from notifier.delivery.worker import Postman
from notifier.mails.press import Press
from notifier.publications import Rulebook
from notifier.publishing import By
from notifier.sweeper import Sweeper
from storage import Database, SystemClock, Tx, open_database

#: Connections to the mail server, and mails in hand for each in the bare sending, as the outbox has them.
CONNECTIONS, IN_HAND = 16, 32
#: Different mails that the bare sending repeats.
_MAILS = 500


class Act(Enum):
    """What a publisher may be asked."""

    #: Answered with the time, by `time.perf_counter`, at which it was begun.
    PUBLISH = auto()
    #: Signed by the first of two people; answered once that is stored.
    SIGN_WITHDRAWAL = auto()
    #: By the second; answered as PUBLISH is.
    WITHDRAW = auto()
    #: Answered with how many mails are written down as sent, None while any wait or are under way.
    SENT = auto()
    #: Answered with the CPU seconds of the process.
    CPU = auto()
    #: End the loops, close the database, and wait for the next one.
    CLOSE = auto()


@dataclass(frozen=True, slots=True)
class Open:
    """Which database to sweep and deliver for; answered once that has begun."""

    url: str
    #: Of the mail server.
    port: int
    defect: str


def serve_publisher(pipe: Connection) -> None:
    """Sweep and deliver what one database after the other owes, as told over the pipe, until it closes."""
    collect_seldom()
    pipe.send(None)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        while True:
            try:
                order = pipe.recv()
                runner.run(_serve(pipe, order))
            except EOFError:
                return
            pipe.send(None)


async def _serve(pipe: Connection, order: Open) -> None:
    database, clock, rulebook = open_database(order.url), SystemClock(), Rulebook()
    postman = Postman(database, clock, delivery(order.port), rulebook)
    loops = [asyncio.create_task(each) for each in (Sweeper(database, clock, rulebook).run(), postman.run())]
    publisher = _Publisher(database, order.defect)
    pipe.send(None)
    try:
        while (act := await asyncio.to_thread(pipe.recv)) is not Act.CLOSE:
            pipe.send(await publisher.do(act))
    finally:
        for loop in loops:
            loop.cancel()
        await asyncio.wait(loops)
        await database.close()


def delivery(port: int) -> DeliverySettings:
    """Return how a vendor delivers through the mail server at a port."""
    return DeliverySettings(
        smtp=f"smtp://{HOST}:{port}?starttls=never",
        mail_from="Notes Ltd <warnings@notes.example>",
        public_url="https://warn.notes.example",
        secret="the secret of the benchmarks, which is none",  # noqa: S106 - it says so
        connections=CONNECTIONS,
    )


@dataclass(frozen=True, slots=True)
class _Publisher:
    """Carries out acts."""

    database: Database
    defect: str

    async def do(self, act: Act) -> object:
        started = time.perf_counter()
        if act is Act.CPU:
            return time.process_time()
        if act is Act.SENT:
            return await self.database.read(_sent)
        if act is Act.PUBLISH:
            await self.database.call(publishing.publish, self.defect, _by("ada"))
        else:
            person = "ada" if act is Act.SIGN_WITHDRAWAL else "omar"
            await self.database.call(publishing.withdraw, self.defect, Reason("It was the rig."), _by(person))
        return started


def _by(person: str) -> By:
    return By(person, SystemClock().now())


def _sent(tx: Tx) -> int | None:
    """Count what was sent, None where something is left to do."""
    if tx.value(sql.unsettled) is not None:
        return None
    return int(tx.value(sql.count_sent))


@dataclass(frozen=True, slots=True)
class Bare:
    """So many mails to send that are written already."""

    port: int
    mails: int


def serve_bare(pipe: Connection) -> None:
    """Send mails that are whole already, as the pipe says, until it closes; says first how many bytes one has."""
    press = Press()
    finished = [press.mail(*row(number)) for number in range(_MAILS)]
    pipe.send(len(finished[0].content))

    async def send_all(order: Bare) -> Measured:
        mails = islice(cycle(finished), order.mails)
        terms = Terms(mails=order.mails)
        cpu, started = time.process_time(), time.perf_counter()
        sent = await feed(mails, order.port, CONNECTIONS, CONNECTIONS * IN_HAND, terms)
        return Measured(sent, time.perf_counter() - started, time.process_time() - cpu)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        while True:
            try:
                order = pipe.recv()
            except EOFError:
                return
            pipe.send(runner.run(send_all(order)))
