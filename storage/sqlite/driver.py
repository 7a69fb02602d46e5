"""The driver, the one that sqlite-utils takes too, and its errors in storage's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storage.errors import DatabaseUnavailable, IntegrityProblem, StatementFailed, StorageError

if TYPE_CHECKING:
    # pysqlite3 is the standard library's module built against a newer SQLite, and has no types of its own.
    import sqlite3
    from sqlite3 import Connection
else:
    import pysqlite3 as sqlite3
    from pysqlite3 import Connection

__all__ = ["DRIVER_ERRORS", "OLDEST", "Connection", "sqlite3", "translated"]

#: The first release in which two connections cannot corrupt a WAL file (https://sqlite.org/wal.html#walresetbug).
OLDEST = (3, 51, 3)

#: What the driver raises: its own errors, and plain ones for values that SQLite cannot hold.
DRIVER_ERRORS = (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeEncodeError)

#: Primary result codes (https://sqlite.org/rescode.html).
_CONSTRAINT = 19
_UNAVAILABLE = frozenset({5, 6, 7, 10, 11, 13, 14, 26})


def translated(name: str, error: Exception) -> StorageError:
    """Return the driver's `error`, met in the statement `name`, as one of storage's."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    detail = f"{name}: {error}"
    if code == _CONSTRAINT:
        return IntegrityProblem(detail)
    if code in _UNAVAILABLE:
        return DatabaseUnavailable(detail)
    return StatementFailed(detail)
