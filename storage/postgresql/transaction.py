"""A transaction on PostgreSQL, in a connection of psycopg."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import GenericAlias
from typing import Any, TypeVar

import msgspec
import psycopg
from psycopg.pq import TransactionStatus

from storage.errors import StorageError
from storage.sql import ColumnType, for_postgresql, schema_for_postgresql
from storage.transaction import Row, Tx

from .driver import Connection, translated

R = TypeVar("R")

#: The one channel that processes wake each other through.
CHANNEL = "forewarn_changes"


class PostgresqlTx(Tx):
    """A transaction; whoever made it begins and commits."""

    __slots__ = ("_connection", "_cursor")

    dialect = "postgresql"
    driver_errors = (psycopg.Error, OverflowError, UnicodeEncodeError)

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._connection = connection
        self._cursor = connection.cursor()

    def notify(self) -> None:
        """Wake the watchers in every process once the transaction holds; not for check-ins."""
        super().notify()
        self._guarded("notify", self._control, f"NOTIFY {CHANNEL}")

    def _wording(self, text: str) -> str:
        return for_postgresql(text)

    def _fetch(self, text: str, parameters: Mapping[str, object]) -> list[Row]:
        cursor = self._cursor.execute(text.encode(), parameters)
        if cursor.description is None:
            return []
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _fetch_tuples(self, text: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
        return self._cursor.execute(text.encode(), parameters).fetchall()

    def _fetch_records(
        self,
        text: str,
        parameters: Mapping[str, object],
        width: int,  # noqa: ARG002 - the server says it
        kind: type[R],
    ) -> list[R]:
        return list(msgspec.convert(self._fetch_tuples(text, parameters), GenericAlias(list, (kind,))))

    def _affect(self, text: str, parameters: Mapping[str, object]) -> int:
        return self._cursor.execute(text.encode(), parameters).rowcount

    def _affect_many(self, text: str, rows: Iterable[Mapping[str, object]]) -> int:
        with self._connection.cursor() as cursor:
            cursor.executemany(text.encode(), rows)
            return max(0, cursor.rowcount)

    def _affect_at_once(self, text: str, rows: Sequence[Mapping[str, object]]) -> int:
        return self._affect(text, {"rows": msgspec.json.encode(rows).decode()})

    def _append(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
        count = 0
        text = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
        with self._connection.cursor() as cursor, cursor.copy(text.encode()) as copy:
            for row in rows:
                copy.write_row(row)
                count += 1
        return count

    def _create_table(
        self,
        table: str,
        columns: Mapping[str, ColumnType],
        primary_key: tuple[str, ...],
        *,
        clustered: bool,  # noqa: ARG002 - the rows of a heap lie as they come
    ) -> None:
        lines = [f"{name} {kind.postgresql}" for name, kind in columns.items()]
        lines.append(f"PRIMARY KEY ({', '.join(primary_key)})")
        self._control(f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(lines)})")

    def _extend_table(self, table: str, columns: Mapping[str, ColumnType]) -> None:
        lines = [f"ADD COLUMN IF NOT EXISTS {name} {kind.postgresql}" for name, kind in columns.items()]
        if lines:
            self._control(f"ALTER TABLE {table} {', '.join(lines)}")

    def _define(self, statement: str) -> None:
        self._control(schema_for_postgresql(statement))

    def _control(self, statement: str) -> None:
        self._cursor.execute(statement.encode())

    def _is_open(self) -> bool:
        status = self._connection.info.transaction_status
        return status in {TransactionStatus.INTRANS, TransactionStatus.INERROR}

    def _translated(self, name: str, error: Exception) -> StorageError:
        return translated(name, error, self._connection)
