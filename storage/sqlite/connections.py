"""Opening a file: the one writing connection, and read-only ones."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from storage.errors import DatabaseUnavailable, StorageError

from .driver import OLDEST, Connection, sqlite3

#: Milliseconds for which a writer waits for one in another process.
BUSY_TIMEOUT = 20_000

#: Bytes to which the write-ahead log is cut after a checkpoint.
LOG_LIMIT = 64 * 2**20

#: Compiled statements kept for each connection.
_CACHED_STATEMENTS = 512


def open_writer(path: Path, page_cache: int) -> Connection:
    """Open the connection that writes, making the file where there is none; it keeps so many MiB of pages.

    Raises StorageError for an SQLite that can corrupt the file, DatabaseUnavailable where the file cannot be
    opened.
    """
    if sqlite3.sqlite_version_info < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise StorageError(
            f"SQLite {sqlite3.sqlite_version} can corrupt the database; {oldest} is the oldest that does not"
        )
    connection = _open(path, "rwc", page_cache)
    try:
        _set_pragmas(connection)
    except sqlite3.Error as error:
        connection.close()
        raise DatabaseUnavailable(f"{path} cannot be opened: {error}") from error
    return connection


def open_reader(path: Path, page_cache: int) -> Connection:
    """Open a connection that cannot write; the file must have a writer, which keeps the log in place."""
    return _open(path, "ro", page_cache)


def _open(path: Path, mode: str, page_cache: int) -> Connection:
    try:
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode={mode}",
            uri=True,
            timeout=BUSY_TIMEOUT / 1000,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_CACHED_STATEMENTS,
        )
        connection.execute(f"PRAGMA cache_size = -{page_cache * 2**10}")
    except sqlite3.Error as error:
        raise DatabaseUnavailable(f"{path} cannot be opened: {error}") from error
    return connection


def _set_pragmas(connection: Connection) -> None:
    """Set what durability and integrity hang on: in power-loss trials only synchronous=FULL lost no row."""
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise StorageError(f"SQLite keeps the journal mode {mode!r} where a write-ahead log is needed")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    # A row that is replaced counts as deleted, for those who note what changes.
    connection.execute("PRAGMA recursive_triggers = ON")
    connection.execute("PRAGMA mmap_size = 0")
    # What is deleted is overwritten with zeros, at 3 % more time: who was erased must not be found in free pages.
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute(f"PRAGMA journal_size_limit = {LOG_LIMIT}")
