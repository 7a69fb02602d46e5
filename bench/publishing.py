"""From publishing to the last mail accepted, everything durable; two processes beside one; and taking it back."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import fleet
from bench.children import Child, child
from bench.database import NOW, url_of
from bench.figures import Contestant, Figure, Finding, Goal, Measured, Remark, in_turn
from bench.least import Least, serve_least
from bench.plan import Plan
from bench.publishers import CONNECTIONS, IN_HAND, Act, Bare, Open, serve_bare, serve_publisher
from bench.sink import Tally, serve_sink
from commands.options import migrations
from notifier import publishing
from notifier.publishing import By
from storage import Tx, open_database
from tests.postgresql_server import Server, running_server

NAME = "publishing"
#: Times that all of it may take of the bare sending; and two processes of one.
_MOST, _OF_TWO = 1.5, 0.6
#: Seconds from a withdrawal to the last mail that leaves.
_UNTIL_SILENCE = 0.5
#: Seconds there and back on the long way.
_FAR = 0.02
#: Rounds at most: one takes many times what a round of other benchmarks does.
_ROUNDS = 3
#: Mails through the long way, of those that the plan has: it carries some 800 in a second for each process.
_SHARE = 4
#: Seconds without any mail after which nothing more will come, and those that show that none does.
_PATIENCE, _SILENCE = 60.0, 1.0

#: Yields the address of a fresh database in which a defect is filed that concerns everybody.
_Copies = Callable[[], AbstractContextManager[str]]


def run(plan: Plan) -> Iterator[Finding]:
    """Compare mails per second, on SQLite and on PostgreSQL, and tell how long a withdrawal takes."""
    rounds, few = min(plan.rounds, _ROUNDS), max(1, plan.mails // _SHARE)
    with child(serve_sink, _FAR) as sink, child(serve_publisher) as one, child(serve_publisher) as other:
        publishers = (one, other)
        for each in publishers:
            each.greeting()
        near, far = sink.greeting()
        with _sqlite(plan.folder, plan.mails) as (copies, defect):
            office = _Office(sink, near, publishers, defect)
            yield from _beside_bare_sending(office, copies, plan.mails, rounds)
            yield _withdrawal(office, copies, plan.mails, rounds)
        with _postgresql(few) as (copies, defect):
            office = _Office(sink, far, publishers, defect)
            yield from _two_beside_one(office, copies, few, rounds)


@dataclass(frozen=True, slots=True)
class _Office:
    """A mail server, what is published to it, and by whom."""

    sink: Child
    port: int
    #: The processes that may publish to it.
    publishers: Sequence[Child]
    defect: str

    def tally(self) -> Tally:
        tally = self.sink.ask()
        if not isinstance(tally, Tally):
            raise TypeError("the mail server told no tally")
        return tally


def _beside_bare_sending(office: _Office, copies: _Copies, mails: int, rounds: int) -> Iterator[Finding]:
    with child(serve_bare) as bare, child(serve_least) as least:
        size = bare.greeting()
        least.greeting()
        before = office.tally()
        told = f"SQLite, {mails:,} mails, {CONNECTIONS} connections"
        peers = {
            "bare sending of finished mails": _asked(bare, Bare(office.port, mails)),
            "the least that an outbox could do": _asked(least, Least(office.port, mails, CONNECTIONS, IN_HAND)),
        }
        figures = list(in_turn(NAME, told, _published(office, copies, mails, 1), peers, rounds, Goal("time", _MOST)))
        after = office.tally()
    yield from figures
    both = (after.bytes - before.bytes) / max(1, after.mails - before.mails)
    yield Remark(
        NAME, f"A finished mail has {size:,} bytes; what was taken, with its commands, {both:,.0f} in the mean."
    )


def _two_beside_one(office: _Office, copies: _Copies, mails: int, rounds: int) -> Iterator[Figure]:
    told = f"PostgreSQL, {mails:,} mails, {_FAR * 1000:.0f} ms away, two processes"
    one = {"one process": _published(office, copies, mails, 1)}
    return in_turn(NAME, told, _published(office, copies, mails, 2), one, rounds, Goal("time", _OF_TWO))


def _withdrawal(office: _Office, copies: _Copies, mails: int, rounds: int) -> Remark:
    taken = [_withdrawn(office, copies, mails) for _ in range(rounds)]
    seconds, unsent = median(each.seconds for each in taken), median(each.unsent for each in taken)
    told = f"Withdrawn with {unsent:,.0f} unsent: the last warning leaves after {seconds:.2f} s"
    return Remark(NAME, f"{told} (goal: less than {_UNTIL_SILENCE:g}).")


def _asked(sender: Child, order: Bare | Least) -> Contestant:
    def contend() -> Measured:
        measured = sender.ask(order)
        if not isinstance(measured, Measured):
            raise TypeError("a sender measured nothing")
        return measured

    return contend


def _published(office: _Office, copies: _Copies, mails: int, processes: int) -> Contestant:
    """Return a contestant that publishes once, and ends when the mail server has every mail."""

    def contend() -> Measured:
        with copies() as url, _publishers(office, url, processes) as publishers:
            before, cpu = office.tally(), _cpu(publishers)
            started: float = publishers[0].ask(Act.PUBLISH)
            last = _taken(office, before.mails + mails).last
            sent = _settled(publishers[0])
            if sent != mails:
                raise RuntimeError(f"{mails} mails were owed and {sent} are written down as sent")
            return Measured(mails, last - started, _cpu(publishers) - cpu)

    return contend


@dataclass(frozen=True, slots=True)
class _Withdrawn:
    """How a withdrawal went."""

    #: From its beginning to the last warning.
    seconds: float
    #: Warnings that never left.
    unsent: int


def _withdrawn(office: _Office, copies: _Copies, mails: int) -> _Withdrawn:
    with copies() as url, _publishers(office, url, 1) as (publisher,):
        before = office.tally()
        publisher.ask(Act.PUBLISH)
        publisher.ask(Act.SIGN_WITHDRAWAL)
        _taken(office, before.mails + max(1, mails // 100))
        started: float = publisher.ask(Act.WITHDRAW)
        last = _silent(office)
        # The all-clears that follow are what a withdrawal is to bring.
        return _Withdrawn(max(0.0, last.last_opening - started), before.opening + mails - last.opening)


@contextmanager
def _publishers(office: _Office, url: str, processes: int) -> Iterator[list[Child]]:
    opened = list(office.publishers[:processes])
    for each in opened:
        each.ask(Open(url, office.port, office.defect))
    yield opened
    for each in opened:
        each.ask(Act.CLOSE)


def _cpu(publishers: Sequence[Child]) -> float:
    return sum(float(each.ask(Act.CPU)) for each in publishers)


def _taken(office: _Office, mails: int) -> Tally:
    """Wait until the mail server has so many mails; raises RuntimeError when they stop coming."""
    tally, asked = office.tally(), time.perf_counter()
    while tally.mails < mails:
        if time.perf_counter() - max(asked, tally.last) > _PATIENCE:
            raise RuntimeError(f"only {tally.mails} of {mails} mails came")
        time.sleep(0.01)
        tally = office.tally()
    return tally


def _silent(office: _Office) -> Tally:
    """Wait until no mail has come for a while."""
    while time.perf_counter() - (tally := office.tally()).last < _SILENCE:
        time.sleep(0.05)
    return tally


def _settled(publisher: Child) -> int:
    """Wait until all is written down; return how many mails were sent."""
    until = time.monotonic() + _PATIENCE
    while (sent := publisher.ask(Act.SENT)) is None:
        if time.monotonic() > until:
            raise RuntimeError("what became of the mails was not written down")
        time.sleep(0.02)
    return int(sent)


@contextmanager
def _sqlite(folder: Path, mails: int) -> Iterator[tuple[_Copies, str]]:
    path = folder / "publishing.db"
    defect = asyncio.run(_prepare(url_of(path), mails))

    @contextmanager
    def copy() -> Iterator[str]:
        own = path.with_name("publishing-own.db")
        for left in folder.glob(f"{own.name}*"):
            left.unlink()
        shutil.copy(path, own)
        yield url_of(own)

    yield copy, defect


@contextmanager
def _postgresql(mails: int) -> Iterator[tuple[_Copies, str]]:
    with running_server() as server:
        name = server.create()
        defect = asyncio.run(_prepare(server.url(name), mails))
        yield lambda: _database(server, name), defect


@contextmanager
def _database(server: Server, template: str) -> Iterator[str]:
    own = server.create(template)
    try:
        yield server.url(own)
    finally:
        server.drop(own)


async def _prepare(url: str, mails: int) -> str:
    """Let so many customers hold an install each, and file a defect that concerns all; return its id."""
    database = open_database(url)
    try:
        await database.migrate(migrations())
        await database.call(_settle, mails)
        return await database.call(_file)
    finally:
        await database.close()


def _settle(tx: Tx, mails: int) -> None:
    # Nobody is unknown: no number is a multiple of so large a one.
    fleet.settle(tx, mails, per_customer=1, unknown=mails + 1)


def _file(tx: Tx) -> str:
    return publishing.file_defect(tx, fleet.report(everyone=True), By("ada", NOW)).id
