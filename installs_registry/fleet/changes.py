"""Schema step 22: a log of the installs and customers that changed, so that what is held in memory can follow.

Triggers write it, in the transaction of the change itself, whoever makes it: no statement can forget it, and what a
transaction reads of the log is what it sees of the tables. It holds our own numbers and nothing else. SQLite alone has
it: one transaction commits after another there, so the log's own numbers rise in the order of the commits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from storage import Migration, Tx

#: Entries that are kept at least; who is further behind reads everything again.
KEPT: Final = 2**18
#: Entries between two clearings.
CLEARED_EVERY: Final = 2**10

_LOG: Final = """CREATE TABLE fleet_changes (
    no INTEGER PRIMARY KEY,
    install_no INTEGER,
    customer_no INTEGER
) STRICT"""

#: What an audience depends on.
_OF_INSTALL: Final = (
    "product_no",
    "version_no",
    "first_version_no",
    "recipient",
    "os",
    "os_version",
    "os_version_key",
    "arch",
    "token_hash",
)
_OF_CUSTOMER: Final = ("email", "webhook", "mail_refused_at")


def fleet_changes() -> Migration:
    """Return the step; a script cannot take it, for the tables of footprints hang on what products declare."""
    return Migration(22, "fleet_changes", _make)


def record_footprints(tx: Tx, table: str, part: int) -> None:
    """Have each change of a table of footprints recorded."""
    if tx.dialect == "sqlite":
        # A row of the first part comes with its install, which is recorded: once is enough, as imports insert many.
        made = () if part == 1 else ("INSERT",)
        tx.define(_each_row(table, "install_no", (*made, "DELETE", "UPDATE")))


def _make(tx: Tx) -> None:
    if tx.dialect != "sqlite":
        return
    tx.define([_LOG, _CLEARING])
    tx.define(_rows_made(_OF_INSTALL, "installs", "install_no"))
    tx.define(_rows_made(_OF_CUSTOMER, "customers", "customer_no"))
    tx.define(_each_row("preferences", "customer_no", ("INSERT", "DELETE", "UPDATE")))
    made = "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'footprint_[0-9]*'"
    for row in tx.built(made, {}):
        record_footprints(tx, row["name"], int([*row["name"].split("_"), "1"][2]))


_CLEARING: Final = f"""CREATE TRIGGER fleet_changes_cleared AFTER INSERT ON fleet_changes
WHEN new.no % {CLEARED_EVERY} = 0 BEGIN
    DELETE FROM fleet_changes WHERE no <= new.no - {KEPT};
END"""  # noqa: S608 - our own numbers


def _rows_made(columns: tuple[str, ...], table: str, numbered: str) -> Iterator[str]:
    """Yield the triggers on a table whose rows have a number of their own, of which these columns matter."""
    differs = " OR ".join(f"old.{column} IS NOT new.{column}" for column in columns)
    yield _trigger(table, "INSERT", numbered, "new.no")
    yield _trigger(table, "DELETE", numbered, "old.no")
    yield _trigger(table, f"UPDATE OF {', '.join(columns)}", numbered, "new.no", f"WHEN {differs}")


def _each_row(table: str, column: str, events: Iterable[str]) -> Iterator[str]:
    """Yield the triggers on a table of which every column matters, by the number of whom its rows are of."""
    for event in events:
        yield _trigger(table, event, column, f"{'old' if event == 'DELETE' else 'new'}.{column}")


def _trigger(table: str, event: str, numbered: str, number: str, when: str = "") -> str:
    name = f"{table}_{event.partition(' ')[0].lower()}_recorded"
    return (
        f"CREATE TRIGGER IF NOT EXISTS {name} AFTER {event} ON {table} {when} "  # noqa: S608 - our own names
        f"BEGIN INSERT INTO fleet_changes ({numbered}) VALUES ({number}); END"
    )
