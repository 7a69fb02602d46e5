"""The least that a durable outbox could do: what a publication is held against beside the bare sending.

Mails are made from prepared rows and sent, and beside that a thread writes one narrow row for each: owed, claimed,
marked and sent, by ranges of numbers, so many to a commit. Nothing is asked of anybody, nothing is looked at again
before it leaves, and nobody waits for a commit. No outbox that does its work can take less.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import uvloop
from pysqlite3 import dbapi2

from bench.database import PRAGMAS
from bench.feeding import feed
from bench.figures import Measured
from bench.mails import Made, row
from commands.serving.collecting import collect_seldom
from notifier.channels.terms import Terms
from notifier.mails.press import Press

#: Different mails; how many are made, and written down in one commit, at once.
_ROWS, _AT_ONCE = 500, 256

_TABLE = """CREATE TABLE deliveries (no INTEGER PRIMARY KEY, recipient TEXT, address TEXT, state TEXT, fence INTEGER,
    lease_until TEXT, handed_over_at TEXT, sent_at TEXT, message_id TEXT, reply TEXT) STRICT"""
_OWE = """WITH RECURSIVE numbers (no) AS (SELECT :low UNION ALL SELECT no + 1 FROM numbers WHERE no + 1 < :high)
    INSERT INTO deliveries (no, recipient, address, state, fence, message_id)
    SELECT no, printf('%032d', no), 'customer-' || no || '@example.com', 'PENDING', 0,
        '<' || printf('%032d', no) || '@notes.example>' FROM numbers"""
_NOW = "2026-01-01T12:00:00.000000Z"
_CLAIM, _MARK, _SETTLE = (
    f"UPDATE deliveries SET {what} WHERE no >= :low AND no < :high"  # noqa: S608 - of ours
    for what in (
        f"state = 'SENDING', fence = fence + 1, lease_until = '{_NOW}'",
        f"handed_over_at = '{_NOW}'",
        f"state = 'SENT', sent_at = '{_NOW}', reply = '250 2.0.0 taken'",
    )
)


@dataclass(frozen=True, slots=True)
class Least:
    """So many mails to make, to send and to write down."""

    port: int
    mails: int
    connections: int
    #: For each connection.
    in_hand: int


def serve_least(pipe: Connection) -> None:
    """Do the least as the pipe says, until it closes; says first that it is ready."""
    collect_seldom()
    made = Made(Press(), [row(number) for number in range(_ROWS)])
    pipe.send(None)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        while True:
            try:
                order = pipe.recv()
            except EOFError:
                return
            with TemporaryDirectory() as folder:
                pipe.send(runner.run(_send_all(made, order, Path(folder) / "least.db")))


async def _send_all(made: Made, order: Least, path: Path) -> Measured:
    writer = Thread(target=_write_down, args=(path, order.mails))
    cpu, started = time.process_time(), time.perf_counter()
    writer.start()
    mails = islice(made.mails(_AT_ONCE), order.mails)
    terms = Terms(mails=order.mails)
    sent = await feed(mails, order.port, order.connections, order.connections * order.in_hand, terms)
    await asyncio.to_thread(writer.join)
    return Measured(sent, time.perf_counter() - started, time.process_time() - cpu)


def _write_down(path: Path, mails: int) -> None:
    connection = dbapi2.connect(path, isolation_level=None)
    for pragma in ("PRAGMA journal_mode = WAL", *PRAGMAS):
        connection.execute(pragma)
    connection.execute(_TABLE)
    for statement in (_OWE, _CLAIM, _MARK, _SETTLE):
        for low, high in _ranges(mails):
            connection.execute(statement, {"low": low, "high": high})
    connection.close()


def _ranges(mails: int) -> Iterator[tuple[int, int]]:
    for low in range(0, mails, _AT_ONCE):
        yield low, min(mails, low + _AT_ONCE)
