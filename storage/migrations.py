"""Schema changes: numbered scripts, applied once, all that are missing in one transaction."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise

from .errors import SchemaTooNew, StorageError
from .queries import Statements
from .sql import statements
from .transaction import Tx

_FILE = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema."""

    #: Its place in the order; one series for all packages.
    number: int
    name: str
    #: SQL in the shared subset, or a function where SQL does not do.
    script: str | Callable[[Tx], object]

    def apply(self, tx: Tx) -> None:
        """Take the step."""
        if isinstance(self.script, str):
            tx.define(statements(self.script))
        else:
            self.script(tx)


def load_migrations(*packages: str) -> tuple[Migration, ...]:
    """Return what `<package>/migrations/NNNN_name.sql` of all `packages` hold, by number.

    Raises StorageError where two have the same number.
    """
    found = sorted((m for package in packages for m in _of_package(package)), key=lambda m: m.number)
    for before, after in pairwise(found):
        if before.number == after.number:
            raise StorageError(f"migrations {before.name} and {after.name} have the same number {after.number}")
    return tuple(found)


def _of_package(package: str) -> list[Migration]:
    folder = files(package).joinpath("migrations")
    if not folder.is_dir():
        return []
    matches = ((_FILE.fullmatch(entry.name), entry) for entry in folder.iterdir())
    return [Migration(int(match[1]), match[2], entry.read_text("utf-8")) for match, entry in matches if match]


def apply_migrations(tx: Tx, migrations: Sequence[Migration]) -> int:
    """Bring the schema up to the last of `migrations`; return its number, 0 for none.

    Raises SchemaTooNew where the database has been there before and went further.
    """
    sql = Statements(__package__)
    tx.all(sql.one_starter_at_a_time)
    tx.run(sql.ensure_schema_migrations)
    current = schema_version(tx)
    known = max((migration.number for migration in migrations), default=0)
    if current > known:
        raise SchemaTooNew(current, known)
    for migration in migrations:
        if migration.number > current:
            migration.apply(tx)
            tx.run(sql.add_schema_migration, number=migration.number, name=migration.name)
    return known


def schema_version(tx: Tx) -> int:
    """Return the number of the last migration applied, 0 for none."""
    sql = Statements(__package__)
    if not tx.value(sql.count_schema_tables):
        return 0
    return int(tx.value(sql.find_schema_version))
