"""A transaction on SQLite."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from types import GenericAlias
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec

from storage.errors import StorageError
from storage.sql import ColumnType
from storage.transaction import Row, Tx

from .driver import DRIVER_ERRORS, Connection, translated

if TYPE_CHECKING:
    from sqlite_utils import Database as SqliteUtils
    from sqlite_utils.db import Table

R = TypeVar("R")

#: Columns that one call of a function takes in every build of SQLite (https://sqlite.org/limits.html).
_WIDEST = 100


class SqliteTx(Tx):
    """A transaction, or one step of a group commit; whoever made it begins and commits."""

    __slots__ = ("_connection",)

    dialect = "sqlite"
    driver_errors = DRIVER_ERRORS

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._connection = connection

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
        text = _tables_of(self._connection).create_table_sql(
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
        extended = cast("Table", _tables_of(self._connection)[table])
        present = extended.columns_dict
        for name, kind in columns.items():
            if name not in present:
                extended.add_column(name, kind.sqlite)

    def _define(self, statement: str) -> None:
        self._connection.execute(statement)

    def _control(self, statement: str) -> None:
        self._connection.execute(statement)

    def _is_open(self) -> bool:
        return self._connection.in_transaction

    def _translated(self, name: str, error: Exception) -> StorageError:
        return translated(name, error)


def _tables_of(connection: Connection) -> SqliteUtils:
    from sqlite_utils import Database  # noqa: PLC0415 - it takes longer to load than most commands to run

    return Database(connection, recursive_triggers=False, execute_plugins=False)


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
