"""The one thread of a process that writes: many works to a commit, acknowledged after it.

A commit waits for the disk; whatever arrives meanwhile shares the next one. A bad work takes nothing of the others
along: all are done again, each in a savepoint of its own. None has one at first: inside of a savepoint, the end of each
statement takes the longer the more pages were changed before (SQLite walks its journal in memory to cut it), and an
import's rows took eight times as long.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop, Future
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from storage.changes import Changes
from storage.errors import DatabaseUnavailable
from storage.transaction import Tx

from .connections import BUSY_TIMEOUT
from .driver import Connection, sqlite3
from .transaction import SqliteTx

#: Works that share a commit at most.
BATCH = 256

#: Milliseconds that cutting the log waits for readers, and seconds until it is tried again where they were in the way.
SCRUB_PATIENCE = 500
SCRUB_AGAIN = 1.0


class TransactionGone(Exception):
    """SQLite rolled the whole transaction back by itself: a full disk or an input-output error does that."""


@dataclass(slots=True)
class Job:
    """One work on its way through the writer; it holds its outcome until the commit."""

    work: Callable[[Tx], Any]
    future: Future[Any]
    tx: SqliteTx
    result: Any = None
    error: BaseException | None = None

    def settle(self) -> None:
        """Hand the outcome over, on the event loop that waits for it."""
        if self.error is None:
            for callback in self.tx.callbacks:
                self.future.get_loop().call_soon(callback)
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


class Writer:
    """Owns the writing connection; `submit` and `close` are called from one thread."""

    def __init__(self, connection: Connection, changes: Changes) -> None:
        self._connection = connection
        self._changes = changes
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._closing = False
        #: Something was deleted for good, and the log may still have it.
        self._scrub_owed = False
        self._thread = Thread(target=self._serve, name="sqlite-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[Tx], Any], future: Future[Any]) -> None:
        """Queue `work`; `future` gets its outcome once it is durable."""
        if self._closing:
            raise DatabaseUnavailable("the database is closed")
        self._queue.put(Job(work, future, SqliteTx(self._connection)))

    def stop(self) -> None:
        """Refuse new work."""
        if not self._closing:
            self._closing = True
            self._queue.put(None)

    def finish(self) -> None:
        """Wait until what was queued is done, then close the connection."""
        self._thread.join()
        self._connection.close()

    def _serve(self) -> None:
        while batch := self._take():
            self._commit(batch)
            if any(job.tx.scrubs and job.error is None for job in batch):
                self._scrub()
            self._settle(batch)

    def _take(self) -> list[Job]:
        """Wait for work and return what there is of it; nothing once all is done."""
        batch: list[Job] = []
        job = self._next()
        with suppress(Empty):
            while job is not None:
                batch.append(job)
                if len(batch) == BATCH:
                    return batch
                job = self._queue.get_nowait()
        if job is None and batch:
            # The end was seen behind the last works: leave it for the next turn.
            self._queue.put(None)
        return batch

    def _next(self) -> Job | None:
        while self._scrub_owed:
            try:
                return self._queue.get(timeout=SCRUB_AGAIN)
            except Empty:
                self._scrub()
        return self._queue.get()

    def _scrub(self) -> None:
        """Write the whole log back and cut it to nothing; it stays owed where a reader still needs it."""
        self._scrub_owed = True
        with suppress(sqlite3.Error):
            self._connection.execute(f"PRAGMA busy_timeout = {SCRUB_PATIENCE}")
            is_busy = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            self._scrub_owed = bool(is_busy)
        self._connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT}")

    def _commit(self, batch: list[Job]) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            if not self._run_together(batch):
                self._connection.execute("ROLLBACK")
                if len(batch) == 1:
                    return
                self._connection.execute("BEGIN IMMEDIATE")
                for job in batch:
                    self._run_apart(job)
            self._connection.execute("COMMIT")
        except (sqlite3.Error, TransactionGone) as error:
            with suppress(sqlite3.Error):
                self._connection.rollback()
            for job in batch:
                job.error = DatabaseUnavailable(f"the commit failed: {error}")
                job.error.__cause__ = error

    def _run_together(self, batch: list[Job]) -> bool:
        """Carry works out; False where one failed, and then nothing of any may be stored."""
        return all(self._run(job) for job in batch)

    def _run_apart(self, job: Job) -> None:
        """Carry a work out anew; where it fails, nothing of it alone is stored."""
        job.tx, job.result, job.error = SqliteTx(self._connection), None, None
        self._connection.execute("SAVEPOINT work")
        if not self._run(job):
            self._connection.execute("ROLLBACK TO SAVEPOINT work")
        self._connection.execute("RELEASE SAVEPOINT work")

    def _run(self, job: Job) -> bool:
        """Carry a work out; say whether it did not fail."""
        try:
            job.result = job.tx.carry_out(job.work)
        except BaseException as error:
            if not self._connection.in_transaction:
                raise TransactionGone(str(error)) from error
            job.error = error
            return False
        return True

    def _settle(self, batch: list[Job]) -> None:
        jobs_of: defaultdict[AbstractEventLoop, list[Job]] = defaultdict(list)
        for job in batch:
            jobs_of[job.future.get_loop()].append(job)
        for loop, jobs in jobs_of.items():
            # A loop that was closed has nobody left who waits.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(_settle_all, jobs)
        if any(job.tx.wakes and job.error is None for job in batch):
            self._changes.announce()


def _settle_all(jobs: list[Job]) -> None:
    for job in jobs:
        job.settle()
