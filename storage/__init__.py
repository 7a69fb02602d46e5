"""Named SQL in a transaction, on SQLite or PostgreSQL. Knows no table's meaning."""

from __future__ import annotations

from .changes import Watcher
from .database import Database, open_database
from .errors import (
    DatabaseUnavailable,
    IntegrityProblem,
    OutcomeUnknown,
    SchemaTooNew,
    StatementFailed,
    StorageError,
    TransactionConflict,
)
from .ids import new_id
from .migrations import Migration, load_migrations
from .queries import Statement, Statements
from .sql import ColumnType
from .times import Clock, SystemClock, instant, parse_instant
from .transaction import Row, Tx

__all__ = [
    "Clock",
    "ColumnType",
    "Database",
    "DatabaseUnavailable",
    "IntegrityProblem",
    "Migration",
    "OutcomeUnknown",
    "Row",
    "SchemaTooNew",
    "Statement",
    "StatementFailed",
    "Statements",
    "StorageError",
    "SystemClock",
    "TransactionConflict",
    "Tx",
    "Watcher",
    "instant",
    "load_migrations",
    "new_id",
    "open_database",
    "parse_instant",
]
