"""A transaction on SQLite, in a connection of sqlite-utils."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from types import GenericAlias
from typing import Any, TypeVar, cast

import msgspec
from sqlite_utils import Database as SqliteUtils
from sqlite_utils.db import Table

from storage.errors import StorageError
from storage.sql import ColumnType
from storage.transaction import Row, Tx

from .driver import DRIVER_ERRORS, translated

R = TypeVar("R")

#: Columns that one call of a function takes in every build of SQLite (https://sqlite.org/limits.html).
_WIDEST = 100


class SqliteTx(Tx):
    """A transaction, or one step of a group commit; whoever made it begins and commits."""

    __slots__ = ("_connection", "_database")

    dialect = "sqlite"
    driver_errors = DRIVER_ERRORS

    def __init__(self, database: SqliteUtils) -> None:
        super().__init__()
        self._database = database
        self._connection = database.conn

    def _wording(self, text: str) -> str:
        return text

    def _fetch(self, text: str, parameters: Mapping[str, object]) -> list[Row]:
        cursor = self._connection.execute(text, parameters)
        if cursor.description is None:
            return []
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def _fetch_tuples(self, text: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
        return self._connection.execute(text, parameters).fetchall()

    def _fetch_records(self, text: str, parameters: Mapping[str, object], width: int, kind: type[R]) -> list[R]:
        if width > _WIDEST:
            return list(msgspec.convert(self._fetch_tuples(text, parameters), _list_of(kind)))
        [[piece]] = self._connection.execute(_in_one_piece(text, width), parameters).fetchall()
        return list(_decoder(kind).decode(piece))  # type: ignore[arg-type]  # a type can be hashed

    def _affect(self, text: str, parameters: Mapping[str, object]) -> int:
        cursor = self._connection.execute(text, parameters)
        if cursor.description is not None:
            # A change with RETURNING is carried out as its rows are fetched, and is not counted before.
            return len(cursor.fetchall())
        return cursor.rowcount

    def _affect_many(self, text: str, rows: Iterable[Mapping[str, object]]) -> int:
        return max(0, self._connection.executemany(text, rows).rowcount)

    def _affect_at_once(self, text: str, rows: Sequence[Mapping[str, object]]) -> int:
        return self._affect_many(text, rows)

    def _append(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
        places = ", ".join("?" * len(columns))
        text = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 - names are checked
        return max(0, self._connection.executemany(text, rows).rowcount)

    def _create_table(
        self, table: str, columns: Mapping[str, ColumnType], primary_key: tuple[str, ...], *, clustered: bool
    ) -> None:
        text = self._database.create_table_sql(
            table,
            {name: kind.sqlite for name, kind in columns.items()},
            pk=primary_key[0] if len(primary_key) == 1 else primary_key,
            not_null=primary_key,
            strict=True,
            if_not_exists=True,
        )
        # sqlite-utils knows no such tables: https://sqlite.org/withoutrowid.html.
        self._connection.execute(text.rstrip().rstrip(";") + (", WITHOUT ROWID" if clustered else ""))

    def _extend_table(self, table: str, columns: Mapping[str, ColumnType]) -> None:
        present = self._table(table).columns_dict
        for name, kind in columns.items():
            if name not in present:
                self._table(table).add_column(name, kind.sqlite)

    def _table(self, name: str) -> Table:
        return cast("Table", self._database[name])

    def _define(self, statement: str) -> None:
        self._connection.execute(statement)

    def _control(self, statement: str) -> None:
        self._connection.execute(statement)

    def _is_open(self) -> bool:
        return self._connection.in_transaction

    def _translated(self, name: str, error: Exception) -> StorageError:
        return translated(name, error)


@lru_cache(maxsize=256)
def _in_one_piece(text: str, width: int) -> str:
    """Return the statement that makes one JSON text of the rows of another, in their order."""
    columns = ", ".join(f"c{number}" for number in range(width))
    return f"WITH found ({columns}) AS ({text}) SELECT json_group_array(json_array({columns})) FROM found"  # noqa: S608 - of ours


@lru_cache(maxsize=256)
def _decoder(kind: type[Any]) -> msgspec.json.Decoder[list[Any]]:
    return msgspec.json.Decoder(_list_of(kind))


def _list_of(kind: type[R]) -> type[list[R]]:
    return cast("type[list[R]]", GenericAlias(list, (kind,)))
