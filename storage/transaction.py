"""One open transaction, the first parameter of every function of a store."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, ParamSpec, TypeVar

from .errors import StatementFailed, StorageError
from .queries import Dialect, Statement
from .sql import ColumnType, checked_name

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")

#: A row by column name. Text, integers, floats and bytes are the same on both databases; a truth value is
#: 1 or 0 on SQLite, True or False on PostgreSQL.
Row = dict[str, Any]


class Tx(ABC):
    """A transaction: it holds as a whole or not at all, and is used by one thread.

    Parameters are str, int, float, bool, bytes or None; an instant is passed as text (`times.instant`), and a
    flag in an INTEGER column as `int(flag)`. An error of the database ends the transaction, also where the
    function that met it goes on, unless it happened inside `savepoint()`.
    """

    __slots__ = ("_failure", "callbacks", "scrubs", "wakes")

    dialect: ClassVar[Dialect]

    #: What the driver raises, to be translated into the errors of `storage.errors`.
    driver_errors: ClassVar[tuple[type[Exception], ...]]

    def __init__(self) -> None:
        self.callbacks: list[Callable[[], object]] = []
        self.wakes = False
        self.scrubs = False
        self._failure: StorageError | None = None

    def begin(self, statement: str) -> None:
        """Begin the transaction as `statement` says; whoever made this object ends it."""
        self._guarded("begin", self._control, statement)

    def all(self, statement: Statement, /, **parameters: object) -> list[Row]:
        """Return all rows."""
        return self._guarded(statement.name, self._fetch, statement.text(self.dialect), parameters)

    def tuples(self, statement: Statement, /, **parameters: object) -> list[tuple[Any, ...]]:
        """Return all rows as plain tuples, in the order of the statement's columns: for what comes by the thousand."""
        return self._guarded(statement.name, self._fetch_tuples, statement.text(self.dialect), parameters)

    def records(self, statement: Statement, kind: type[R], /, **parameters: object) -> list[R]:
        """Return all rows as `kind`: for batches, of some thousands at most.

        It is a NamedTuple, or a Struct like an array, with a field for each column; their types are seen to. SQLite
        hands all over in one piece, as JSON, so no column may hold bytes: going from row to row gives the interpreter's
        lock away, and waits for it, as often.
        """
        width = len(getattr(kind, "_fields", ()) or getattr(kind, "__struct_fields__", ()))
        text = statement.text(self.dialect)
        return self._guarded(statement.name, self._fetch_records, text, parameters, width, kind)

    def one(self, statement: Statement, /, **parameters: object) -> Row | None:
        """Return the only row, None where there is none; raises StatementFailed where there are more."""
        rows = self._guarded(statement.name, self._fetch, statement.text(self.dialect), parameters)
        if len(rows) > 1:
            raise StatementFailed(f"{statement.name} gave {len(rows)} rows where one at most was expected")
        return rows[0] if rows else None

    def value(self, statement: Statement, /, **parameters: object) -> Any:  # noqa: ANN401 - a column has any type
        """Return the first column of the only row, None where there is none."""
        row = self.one(statement, **parameters)
        return None if row is None else next(iter(row.values()))

    def run(self, statement: Statement, /, **parameters: object) -> int:
        """Carry out a change; return how many rows it touched."""
        return self._guarded(statement.name, self._affect, statement.text(self.dialect), parameters)

    def many(self, statement: Statement, rows: Iterable[Mapping[str, object]]) -> int:
        """Carry out a change for each of `rows`; return how many rows were touched in all."""
        return self._guarded(statement.name, self._affect_many, statement.text(self.dialect), rows)

    def at_once(self, statement: Statement, rows: Sequence[Mapping[str, object]]) -> int:
        """Carry out a change for rows that have nothing to do with one another; return how many were touched in all.

        SQLite is given its wording for each row, PostgreSQL its own once, with all rows in `:rows`: a JSON list of
        objects, of which `json_to_recordset` makes a table. So the server is waited for once, however many there are.
        """
        return self._guarded(statement.name, self._affect_at_once, statement.text(self.dialect), rows) if rows else 0

    def built(self, text: str, parameters: Mapping[str, object]) -> list[Row]:
        """Return the rows of SQL from one of the two generators: conditions and footprint columns."""
        return self._guarded("a built statement", self._fetch, self._wording(text), parameters)

    def built_tuples(self, text: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
        """Return the rows of built SQL as plain tuples."""
        return self._guarded("a built statement", self._fetch_tuples, self._wording(text), parameters)

    def built_records(self, text: str, parameters: Mapping[str, object], width: int) -> list[tuple[Any, ...]]:
        """Return the rows of built SQL, of so many columns, as plain tuples, handed over as `records` does."""
        return self._guarded("a built statement", self._fetch_records, self._wording(text), parameters, width, tuple)

    def run_built(self, text: str, parameters: Mapping[str, object]) -> int:
        """Carry out a change in SQL from a generator; return how many rows it touched."""
        return self._guarded("a built statement", self._affect, self._wording(text), parameters)

    def many_built(self, text: str, rows: Iterable[Mapping[str, object]]) -> int:
        """Carry out built SQL for each of `rows`; return how many rows were touched in all."""
        return self._guarded("a built statement", self._affect_many, self._wording(text), rows)

    def built_at_once(self, text: str, rows: Sequence[Mapping[str, object]]) -> int:
        """Carry out built SQL, worded for this database as `at_once` wants it; return how many rows were touched."""
        return self._guarded("a built statement", self._affect_at_once, self._wording(text), rows) if rows else 0

    def bulk_insert(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
        """Append many rows, streamed; return how many. Raises IntegrityProblem where one is there already."""
        names = [checked_name(column) for column in columns]
        return self._guarded(f"bulk_insert into {table}", self._append, checked_name(table), names, rows)

    def ensure_table(
        self, table: str, columns: Mapping[str, ColumnType], primary_key: Sequence[str], *, clustered: bool = False
    ) -> None:
        """Make the table unless it is there, as it is. The columns of its primary key are never null.

        In a `clustered` one the rows lie in the order of the key, on a database that can keep them so (SQLite).
        """
        for name in (table, *columns, *primary_key):
            checked_name(name)
        self._guarded(
            f"ensure_table {table}", self._create_table, table, columns, tuple(primary_key), clustered=clustered
        )

    def add_columns(self, table: str, columns: Mapping[str, ColumnType]) -> None:
        """Add those of `columns` that the table lacks; they are null in the rows that are there."""
        for name in (table, *columns):
            checked_name(name)
        self._guarded(f"add_columns to {table}", self._extend_table, table, columns)

    def ensure_index(self, index: str, table: str, columns: Sequence[str]) -> None:
        """Make an index by that name unless it is there."""
        names = ", ".join(checked_name(column) for column in columns)
        text = f"CREATE INDEX IF NOT EXISTS {checked_name(index)} ON {checked_name(table)} ({names})"
        self._guarded(f"ensure_index {index}", self._define, text)

    def define(self, script: Iterable[str]) -> None:
        """Carry out the statements of a migration, written in the schema's shared subset."""
        for statement in script:
            self._guarded("a migration", self._define, statement)

    def after_commit(self, callback: Callable[[], object]) -> None:
        """Have `callback` called on the caller's event loop once the transaction holds; it must not raise."""
        self.callbacks.append(callback)

    def notify(self) -> None:
        """Wake the watchers in every process once the transaction holds.

        Not for check-ins: on PostgreSQL, transactions that notify commit one after another.
        """
        self.wakes = True

    def scrub(self) -> None:
        """Leave nothing of what this transaction deletes in the database's log, once it holds.

        On SQLite, deleted content is overwritten in the file anyway, and the write-ahead log is written back and cut
        to nothing; a reader in the way delays that. On PostgreSQL old row versions are the server's to vacuum.
        """
        self.scrubs = True

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what is done inside, and only that, when it raises."""
        self._guarded("a savepoint", self._control, "SAVEPOINT step")
        callbacks = len(self.callbacks)
        try:
            yield
            self.refuse_failed()
        except BaseException:
            del self.callbacks[callbacks:]
            self._undo_step()
            raise
        self._guarded("a savepoint", self._control, "RELEASE SAVEPOINT step")

    def carry_out(self, work: Callable[[Tx], T]) -> T:
        """Return what `work` returns; raises the error that it met, also where it went on after it."""
        try:
            result = work(self)
        except StopIteration as error:
            # It would end the coroutine that waits for the work, and a future refuses it.
            raise RuntimeError("the work raised StopIteration") from error
        self.refuse_failed()
        return result

    def refuse_failed(self) -> None:
        """Raise the error that ended the transaction, if one did and somebody caught it and went on."""
        if self._failure is not None:
            raise self._failure

    def _undo_step(self) -> None:
        if not self._is_open():
            return
        self._control("ROLLBACK TO SAVEPOINT step")
        self._control("RELEASE SAVEPOINT step")
        self._failure = None

    def _guarded(self, name: str, action: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if self._failure is not None:
            raise StatementFailed(f"{name} came after an error that has ended the transaction") from self._failure
        try:
            return action(*args, **kwargs)
        except self.driver_errors as error:
            self._failure = self._translated(name, error)
            raise self._failure from error
        except BaseException as error:
            # A row that could not be made, say: part of what was asked for may be done.
            self._failure = StatementFailed(f"{name} was broken off: {error!r}")
            raise

    @abstractmethod
    def _wording(self, text: str) -> str:
        """Return built SQL in the parameter style of the driver."""

    @abstractmethod
    def _fetch(self, text: str, parameters: Mapping[str, object]) -> list[Row]: ...

    @abstractmethod
    def _fetch_tuples(self, text: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]: ...

    @abstractmethod
    def _fetch_records(self, text: str, parameters: Mapping[str, object], width: int, kind: type[R]) -> list[R]: ...

    @abstractmethod
    def _affect(self, text: str, parameters: Mapping[str, object]) -> int: ...

    @abstractmethod
    def _affect_many(self, text: str, rows: Iterable[Mapping[str, object]]) -> int: ...

    @abstractmethod
    def _affect_at_once(self, text: str, rows: Sequence[Mapping[str, object]]) -> int: ...

    @abstractmethod
    def _append(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int: ...

    @abstractmethod
    def _create_table(
        self, table: str, columns: Mapping[str, ColumnType], primary_key: tuple[str, ...], *, clustered: bool
    ) -> None: ...

    @abstractmethod
    def _extend_table(self, table: str, columns: Mapping[str, ColumnType]) -> None: ...

    @abstractmethod
    def _define(self, statement: str) -> None: ...

    @abstractmethod
    def _control(self, statement: str) -> None:
        """Carry out a statement about the transaction itself."""

    @abstractmethod
    def _is_open(self) -> bool:
        """Return whether the driver still has the transaction: some errors end it."""

    @abstractmethod
    def _translated(self, name: str, error: Exception) -> StorageError: ...
