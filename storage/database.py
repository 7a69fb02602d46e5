"""A database as the packages above see it, and how to open one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from .changes import Watcher
from .errors import StorageError
from .migrations import Migration
from .queries import Dialect, Statement
from .sqlite.database import SqliteDatabase
from .transaction import Tx

P = ParamSpec("P")
T = TypeVar("T")

#: Connections of a process that write to PostgreSQL, beside those that read.
_WRITERS = 4

#: MiB; SQLite's own two make an audience read its pages many times.
PAGE_CACHE = 64

_SQLITE = "sqlite:///"
_POSTGRESQL = ("postgresql://", "postgres://")


class Database(Protocol):
    """Runs works, plain functions that take a `Tx` first, in transactions on threads of its own.

    A work is free of effects outside the database: it may be run again, and its transaction may fail after it.
    """

    @property
    def dialect(self) -> Dialect:
        """Return which database this is."""
        ...

    @property
    def url(self) -> str:
        """Return the address it was opened by; it may hold a password."""
        ...

    async def call(self, work: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` in a transaction and return its result once that is durable.

        Raises what `work` raises, with nothing stored; OutcomeUnknown where a connection broke in the commit.
        A caller that is cancelled does not stop the work.
        """
        ...

    async def read(self, work: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` in a transaction that sees one snapshot and cannot write."""
        ...

    async def value(self, statement: Statement, /, **parameters: object) -> Any:  # noqa: ANN401 - a column has any type
        """Return what `Tx.value` does, of what has committed.

        For what is asked often: to begin and end a transaction costs as much as a short statement.
        """
        ...

    async def migrate(self, migrations: Sequence[Migration]) -> None:
        """Bring the schema up to date, however many processes do so at once.

        Raises SchemaTooNew where a newer program has been here.
        """
        ...

    def watch(self) -> Watcher:
        """Return an endless `async for`: a turn after each commit, in any process, that said `tx.notify()`.

        Within about 100 ms. A turn may come without cause.
        """
        ...

    async def backup(self, path: Path) -> None:
        """Write a copy of one snapshot to `path`; StorageError where it exists or the server has a tool."""
        ...

    async def compact(self) -> None:
        """Write the whole database anew, so that no copy of a deleted row is left anywhere in it.

        SQLite overwrites what is deleted, but a tree that was rebalanced may keep a copy (of about one row in 500).
        Raises StorageError where the server has a tool.
        """
        ...

    async def size(self) -> int:
        """Return how many bytes the database takes, without its log."""
        ...

    async def facts(self) -> dict[str, str | int]:
        """Return what `doctor` tells: driver, library, durability, schema, integrity."""
        ...

    async def close(self) -> None:
        """Refuse new work, finish what was asked for, end the watchers and close."""
        ...


def open_database(url: str, *, readers: int = 4, page_cache: int = PAGE_CACHE) -> Database:
    """Open `sqlite:///relative/path`, `sqlite:////absolute/path` or `postgresql://…`.

    `readers` is how many reads may run at once, `page_cache` how many MiB of a file's pages each connection keeps (a
    server keeps its own). Raises StorageError for any other address,
    DatabaseUnavailable where a file cannot be opened.
    """
    if url.startswith(_SQLITE) and len(url) > len(_SQLITE):
        return SqliteDatabase(url, Path(url.removeprefix(_SQLITE)), readers=readers, page_cache=page_cache)
    if url.startswith(_POSTGRESQL):
        return _open_postgresql(url, readers)
    raise StorageError(
        "A database is sqlite:///relative/path, sqlite:////absolute/path or postgresql://user@host/name."
    )


def _open_postgresql(url: str, readers: int) -> Database:
    try:
        from .postgresql.database import PostgresqlDatabase  # noqa: PLC0415 - psycopg is an optional extra
    except ImportError as error:
        raise StorageError("PostgreSQL needs an extra: pip install 'forewarn[postgresql]'") from error
    return PostgresqlDatabase(url, connections=readers + _WRITERS)
