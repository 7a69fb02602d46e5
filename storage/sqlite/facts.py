"""What `doctor` tells about an SQLite file."""

from __future__ import annotations

from storage.migrations import schema_version

from .driver import OLDEST, Connection, sqlite3
from .transaction import SqliteTx


def facts(reader: Connection) -> dict[str, str | int]:
    """Return the facts of the file that `reader` has open; reads the whole of it."""
    return {
        "driver": "pysqlite3",
        "library": sqlite3.sqlite_version,
        "library_oldest": ".".join(map(str, OLDEST)),
        "journal_mode": _pragma(reader, "journal_mode"),
        "synchronous": "full",
        "page_size": _pragma(reader, "page_size"),
        "bytes": int(_pragma(reader, "page_size")) * int(_pragma(reader, "page_count")),
        "schema": schema_version(SqliteTx(reader)),
        "integrity": _integrity(reader),
    }


def _pragma(reader: Connection, name: str) -> str | int:
    value: str | int = reader.execute(f"PRAGMA {name}").fetchone()[0]
    return value


def _integrity(reader: Connection) -> str:
    """Return "ok", or what SQLite finds wrong, one a line."""
    broken = [str(row[0]) for row in reader.execute("PRAGMA integrity_check")]
    orphans = [f"a row of {row[0]} misses {row[2]}" for row in reader.execute("PRAGMA foreign_key_check")]
    return "\n".join([*(line for line in broken if line != "ok"), *orphans]) or "ok"
