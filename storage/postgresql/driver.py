"""Connections as storage wants them, and the driver's errors in storage's words."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.types.numeric import Int8Dumper

from storage.errors import (
    ConnectionLost,
    DatabaseUnavailable,
    IntegrityProblem,
    StatementFailed,
    StorageError,
    TransactionConflict,
)

Connection = psycopg.Connection[tuple[Any, ...]]

#: How long a statement waits for a lock before it gives up.
LOCK_TIMEOUT = "20s"

#: Serialization failure and deadlock: the whole transaction may be tried again
#: (https://www.postgresql.org/docs/current/mvcc-serialization-failure-handling.html).
_CONFLICTS = frozenset({"40001", "40P01"})

#: Classes of codes that are about the server and not about the statement
#: (https://www.postgresql.org/docs/current/errcodes-appendix.html); 55 has the lock timeout.
_UNAVAILABLE = frozenset({"08", "53", "55", "57", "58", "XX"})

_INTEGRITY = "23"


class NumericLoader(Loader):
    """Reads `numeric`, the type of sums and averages, as SQLite gives them: int or float."""

    def load(self, data: Buffer) -> int | float:
        """Return the number."""
        text = bytes(data)
        return int(text) if text.lstrip(b"-").isdigit() else float(text)


def configure(connection: Connection) -> None:
    """Prepare a new connection: results as SQLite gives them, patience for locks, durable commits.

    It writes only in a transaction that says so.
    """
    # psycopg picks the smallest type that holds a value, and int2 + int2 overflows where int8 does not.
    connection.adapters.register_dumper(int, Int8Dumper)
    connection.adapters.register_loader("numeric", NumericLoader)
    connection.execute("SELECT set_config('lock_timeout', %s, false)", (LOCK_TIMEOUT,))
    connection.execute("SELECT set_config('synchronous_commit', 'on', false)")
    connection.execute("SELECT set_config('default_transaction_read_only', 'on', false)")


def translated(name: str, error: Exception, connection: Connection | None = None) -> StorageError:
    """Return the driver's `error`, met in the statement `name`, as one of storage's."""
    detail = f"{name}: {error}"
    if connection is not None and connection.closed:
        return ConnectionLost(detail)
    code = getattr(error, "sqlstate", None) or ""
    if code in _CONFLICTS:
        return TransactionConflict(detail)
    if code[:2] == _INTEGRITY:
        return IntegrityProblem(detail)
    if code[:2] in _UNAVAILABLE or (not code and isinstance(error, psycopg.OperationalError)):
        return DatabaseUnavailable(detail)
    return StatementFailed(detail)
