"""What can go wrong with a database, the same for both, so that nobody above names a driver."""

from __future__ import annotations


class StorageError(Exception):
    """The database could not do what was asked; nothing of the transaction was stored."""


class StatementFailed(StorageError):
    """A statement is wrong, or its parameters do not fit it."""


class IntegrityProblem(StorageError):
    """A unique key, a foreign key or a check of the schema forbids this row."""


class TransactionConflict(StorageError):
    """Another transaction was in the way, time and again; the same call may succeed later."""


class DatabaseUnavailable(StorageError):
    """The database cannot be reached or written at the moment, or is closed."""


class ConnectionLost(DatabaseUnavailable):
    """The connection broke before the commit was asked for: the transaction did not happen."""


class OutcomeUnknown(DatabaseUnavailable):
    """The connection broke during the commit: the transaction may have happened, or not."""


class SchemaTooNew(StorageError):
    """A newer version of this program has changed the database's schema."""

    def __init__(self, found: int, known: int) -> None:
        super().__init__(
            f"The database has schema {found}, this program knows {known} at most. "
            "Start the newer version of the program, or restore a backup made by this one."
        )
        self.found = found
        self.known = known
