"""A database in one SQLite file."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from storage.changes import Changes, Watcher
from storage.errors import DatabaseUnavailable, StorageError
from storage.migrations import Migration, apply_migrations
from storage.queries import Dialect, Statement
from storage.transaction import Tx

from .connections import open_reader, open_writer
from .driver import Connection, sqlite3, translated
from .facts import facts
from .poller import Poller
from .readers import Readers
from .transaction import SqliteTx
from .writer import Writer

P = ParamSpec("P")
T = TypeVar("T")


class SqliteDatabase:
    """Implements `storage.database.Database`."""

    def __init__(self, url: str, path: Path, *, readers: int, page_cache: int) -> None:
        self.dialect: Dialect = "sqlite"
        self.url = url
        self._path = path
        self._page_cache = page_cache
        self._changes = Changes()
        self._writer = Writer(open_writer(path, page_cache), self._changes)
        self._readers = Readers(lambda: open_reader(path, page_cache), readers)
        self._poller: Poller | None = None
        self._closed = False

    async def call(self, work: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` in a transaction and return its result once that is durable."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._writer.submit(lambda tx: work(tx, *args, **kwargs), future)
        return await future

    async def read(self, work: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` in a transaction that sees one snapshot and cannot write."""
        return await self._readers.run(lambda reader: _read(reader, lambda tx: work(tx, *args, **kwargs)))

    async def value(self, statement: Statement, /, **parameters: object) -> Any:  # noqa: ANN401 - a column has any type
        """Return the first column of the only row; a statement alone is a transaction of its own."""
        return await self._readers.run(lambda reader: SqliteTx(reader).value(statement, **parameters))

    async def migrate(self, migrations: Sequence[Migration]) -> None:
        """Bring the schema up to date."""
        await self.call(apply_migrations, migrations)

    def watch(self) -> Watcher:
        """Return a watcher of the commits from now on."""
        if self._closed:
            raise _closed()
        if self._poller is None:
            self._poller = Poller(self._path, self._changes)
        return self._changes.watch()

    async def backup(self, path: Path) -> None:
        """Write a copy of one snapshot to `path`, which must not exist; then it is on the disk."""
        await self._readers.run(partial(_copy, path=path))

    async def compact(self) -> None:
        """Write the file anew; writers in all processes wait meanwhile."""
        await self._readers.run(lambda _: _rewrite(self._path, self._page_cache))

    async def size(self) -> int:
        """Return how many bytes the file has."""
        return self._path.stat().st_size

    async def facts(self) -> dict[str, str | int]:
        """Return what an operator wants to know; reads the whole file."""
        return await self._readers.run(facts)

    async def close(self) -> None:
        """Refuse new work, finish what was asked for, close the file."""
        if self._closed:
            return
        self._closed = True
        self._writer.stop()
        self._readers.stop()
        self._changes.end()
        await asyncio.to_thread(self._finish)

    def _finish(self) -> None:
        if self._poller is not None:
            self._poller.stop()
        self._readers.finish()
        # Last, so that the connection that can write is the one that checkpoints and removes the log.
        self._writer.finish()


def _closed() -> DatabaseUnavailable:
    return DatabaseUnavailable("the database is closed")


def _read(reader: Connection, work: Callable[[Tx], T]) -> T:
    tx = SqliteTx(reader)
    tx.begin("BEGIN DEFERRED")
    try:
        return tx.carry_out(work)
    finally:
        with suppress(sqlite3.Error):
            reader.rollback()


def _copy(reader: Connection, *, path: Path) -> None:
    """Copy through a file beside `path`, so that a broken copy never bears the name."""
    if path.exists():
        raise StorageError(f"{path} exists already")
    partial_copy = path.with_name(f"{path.name}.partial")
    partial_copy.unlink(missing_ok=True)
    try:
        reader.execute("VACUUM INTO ?", (str(partial_copy),))
    except sqlite3.Error as error:
        partial_copy.unlink(missing_ok=True)
        raise translated("backup", error) from error
    # VACUUM INTO leaves syncing to its caller (https://sqlite.org/lang_vacuum.html).
    _sync(partial_copy)
    partial_copy.rename(path)
    _sync(path.parent)


def _rewrite(path: Path, page_cache: int) -> None:
    connection = open_writer(path, page_cache)
    try:
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise translated("compact", error) from error
    finally:
        connection.close()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
