"""A database on a PostgreSQL server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from random import SystemRandom
from typing import Any, Concatenate, ParamSpec, TypeVar

import psycopg
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from storage.changes import Changes, Watcher
from storage.errors import (
    ConnectionLost,
    DatabaseUnavailable,
    OutcomeUnknown,
    StorageError,
    TransactionConflict,
)
from storage.migrations import Migration, apply_migrations
from storage.queries import Dialect, Statement
from storage.threads import Threads
from storage.transaction import Tx

from .driver import Connection, configure, translated
from .facts import facts
from .listener import Listener
from .transaction import CHANNEL, PostgresqlTx

P = ParamSpec("P")
T = TypeVar("T")

WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

#: Times that a transaction is tried when others are in its way.
ATTEMPTS = 8

#: Seconds before the second attempt at most; doubled for each further one.
FIRST_PAUSE = 0.02

#: Seconds to wait for a free connection.
POOL_TIMEOUT = 10.0


class PostgresqlDatabase:
    """Implements `storage.database.Database`."""

    def __init__(self, url: str, *, connections: int, sleep: Callable[[float], None] = time.sleep) -> None:
        self.dialect: Dialect = "postgresql"
        self.url = url
        self._sleep = sleep
        self._changes = Changes()
        self._listener: Listener | None = None
        self._threads = Threads("postgresql", connections)
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            url,
            kwargs={"autocommit": True},
            min_size=1,
            max_size=connections,
            configure=configure,
            timeout=POOL_TIMEOUT,
            open=True,
        )
        self._closed = False

    async def call(self, work: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` in a transaction and return its result once that is durable; `work` may run again."""
        loop = self._loop()

        def write() -> T:
            result, tx = self._attempt(WRITE, lambda tx: work(tx, *args, **kwargs))
            for callback in tx.callbacks:
                loop.call_soon_threadsafe(callback)
            return result

        return await self._threads.run(write)

    async def read(self, work: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` in a transaction that sees one snapshot and cannot write; `work` may run again."""
        self._loop()
        result, _ = await self._threads.run(lambda: self._attempt(READ, lambda tx: work(tx, *args, **kwargs)))
        return result

    async def value(self, statement: Statement, /, **parameters: object) -> Any:  # noqa: ANN401 - a column has any type
        """Return the first column of the only row; a statement alone is a transaction of its own."""
        self._loop()
        value, _ = await self._threads.run(lambda: self._attempt(None, lambda tx: tx.value(statement, **parameters)))
        return value

    async def migrate(self, migrations: Sequence[Migration]) -> None:
        """Bring the schema up to date."""
        await self.call(apply_migrations, migrations)

    def watch(self) -> Watcher:
        """Return a watcher of the commits from now on."""
        self._loop()
        if self._listener is None:
            self._listener = Listener(self.url, self._changes)
        return self._changes.watch()

    async def backup(self, path: Path) -> None:
        """Raise StorageError: the server brings the tool."""
        raise StorageError(f"a PostgreSQL database is backed up by its own tool: pg_dump --format=custom --file={path}")

    async def compact(self) -> None:
        """Raise StorageError: the server brings the tool."""
        raise StorageError("a PostgreSQL database is rewritten by its own tool: VACUUM FULL")

    async def size(self) -> int:
        """Return how many bytes the database takes on the server."""
        return int(
            await self.read(lambda tx: tx.built("SELECT pg_database_size(current_database()) AS size", {})[0]["size"])
        )

    async def facts(self) -> dict[str, str | int]:
        """Return what an operator wants to know."""
        self._loop()
        return await self._threads.run(self._facts)

    async def close(self) -> None:
        """Refuse new work, finish what was asked for, close the connections."""
        if self._closed:
            return
        self._closed = True
        self._changes.end()
        self._threads.stop()
        await asyncio.to_thread(self._finish)

    def _finish(self) -> None:
        self._threads.finish()
        if self._listener is not None:
            self._listener.stop()
            # It hears this and ends now; without a server it ends within its pause.
            with suppress(StorageError, psycopg.Error), self._connection() as connection:
                connection.execute(f"NOTIFY {CHANNEL}".encode())
            self._listener.join()
        self._pool.close()

    def _loop(self) -> asyncio.AbstractEventLoop:
        if self._closed:
            raise DatabaseUnavailable("the database is closed")
        return asyncio.get_running_loop()

    def _facts(self) -> dict[str, str | int]:
        with self._connection() as connection:
            return facts(connection)

    def _attempt(self, begin: str | None, work: Callable[[Tx], T]) -> tuple[T, Tx]:
        """Run `work` until no other transaction and no broken connection is in its way.

        A connection that breaks before the commit is asked for has stored nothing: writes are repeated too.
        """
        pause = FIRST_PAUSE
        for _ in range(ATTEMPTS - 1):
            try:
                return self._once(begin, work)
            except TransactionConflict:
                pass
            except ConnectionLost:
                # The others that wait in the pool broke with it.
                self._pool.check()
            self._sleep(SystemRandom().uniform(0, pause))
            pause *= 2
        return self._once(begin, work)

    def _once(self, begin: str | None, work: Callable[[Tx], T]) -> tuple[T, Tx]:
        with self._connection() as connection:
            tx = PostgresqlTx(connection)
            try:
                if begin is not None:
                    tx.begin(begin)
                result = tx.carry_out(work)
            except BaseException:
                with suppress(psycopg.Error):
                    connection.rollback()
                raise
            _commit(connection)
            return result, tx

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        try:
            connection = self._pool.getconn()
        except (PoolTimeout, PoolClosed) as error:
            raise DatabaseUnavailable(f"no connection to the database: {error}") from error
        try:
            yield connection
        finally:
            self._pool.putconn(connection)


def _commit(connection: Connection) -> None:
    try:
        connection.commit()
    except psycopg.Error as error:
        if connection.closed:
            raise OutcomeUnknown(f"the connection broke during the commit: {error}") from error
        raise translated("commit", error) from error
