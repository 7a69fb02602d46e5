"""What `doctor` tells about a PostgreSQL database."""

from __future__ import annotations

import psycopg

from storage.migrations import schema_version

from .driver import Connection
from .transaction import PostgresqlTx

_SETTINGS = (
    "server_version",
    "server_encoding",
    "synchronous_commit",
    "fsync",
    "full_page_writes",
    "data_checksums",
)


def facts(connection: Connection) -> dict[str, str | int]:
    """Return the facts of the database that `connection` is in."""
    settings = {name: _setting(connection, name) for name in _SETTINGS}
    return {
        "driver": f"psycopg {psycopg.__version__}",
        "library": str(psycopg.pq.version_pretty(psycopg.pq.version())),
        **settings,
        "schema": schema_version(PostgresqlTx(connection)),
        "integrity": "checked by the server; run pg_amcheck for all of it",
    }


def _setting(connection: Connection, name: str) -> str:
    row = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
    return str(row[0]) if row else ""
