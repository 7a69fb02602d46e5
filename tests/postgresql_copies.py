"""Copies of a database with the whole schema, emptied after each test and used again.

To make a copy, the server writes ten megabytes into five hundred files, and removes them afterwards: many times the
work of the test itself. To empty one, it empties the tables that were written to.
"""

from __future__ import annotations

from typing import Any, LiteralString

import psycopg
from psycopg import sql

from tests.postgresql_server import Server

Connection = psycopg.Connection[tuple[Any, ...]]

#: The lowest object id that is not PostgreSQL's own (FirstNormalObjectId in its access/transam.h).
OURS = 16384

#: All that a test could change of a database beside the rows of its tables. A test that does gets a copy for itself.
SHAPE: LiteralString = """
SELECT md5(concat_ws(' ',
    (SELECT string_agg(concat_ws(':', oid, relname, relkind, relowner, relnatts, relchecks, relrowsecurity, reloptions),
        ',' ORDER BY oid) FROM pg_class WHERE oid >= %(ours)s),
    (SELECT string_agg(concat_ws(':', attrelid, attnum, attname, atttypid, attcollation, attnotnull, attidentity,
        attisdropped, attstattarget), ',' ORDER BY attrelid, attnum) FROM pg_attribute WHERE attrelid >= %(ours)s),
    (SELECT string_agg(concat_ws(':', oid, adrelid, adnum, pg_get_expr(adbin, adrelid)), ',' ORDER BY oid)
        FROM pg_attrdef),
    (SELECT string_agg(concat_ws(':', indexrelid, indisunique, indisvalid), ',' ORDER BY indexrelid)
        FROM pg_index WHERE indexrelid >= %(ours)s),
    (SELECT string_agg(concat_ws(':', oid, conname, contype, condeferrable, convalidated), ',' ORDER BY oid)
        FROM pg_constraint WHERE oid >= %(ours)s),
    (SELECT string_agg(concat_ws(':', oid, tgname, tgenabled), ',' ORDER BY oid) FROM pg_trigger),
    (SELECT string_agg(oid::text, ',' ORDER BY oid) FROM pg_proc WHERE oid >= %(ours)s),
    (SELECT string_agg(oid::text, ',' ORDER BY oid) FROM pg_type WHERE oid >= %(ours)s),
    (SELECT string_agg(nspname, ',' ORDER BY oid) FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_t%%'),
    (SELECT string_agg(extname, ',' ORDER BY oid) FROM pg_extension),
    (SELECT count(*) FROM pg_rewrite WHERE oid >= %(ours)s),
    (SELECT count(*) FROM pg_statistic WHERE starelid >= %(ours)s),
    (SELECT count(*) FROM pg_largeobject_metadata),
    (SELECT count(*) FROM pg_db_role_setting)))
"""

LEAVE: LiteralString = """
SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""

TABLES: LiteralString = """
SELECT oid::regclass::text, oid > %(newest)s, pg_relation_size(oid) > 0 FROM pg_class
WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
"""

RESTART: LiteralString = """
SELECT setval(seqrelid, seqstart, false) FROM pg_sequence WHERE pg_sequence_last_value(seqrelid) IS NOT NULL
"""


class Copies:
    """The databases that nobody uses now, and how to make more of them."""

    def __init__(self, server: Server, template: str) -> None:
        self._server = server
        self._template = template
        self._spare: list[str] = []
        #: By database, one that stays open: a new one would have to read the whole catalogue for each test.
        self._connections: dict[str, Connection] = {}
        with psycopg.connect(server.url(template)) as connection:
            self._newest = int(_one(connection, "SELECT max(oid) FROM pg_class"))
            self._shape = _shape(connection)
            self._rows = {
                table: _read(connection, table) for table, _, filled in _tables(connection, self._newest) if filled
            }

    def take(self) -> str:
        """Return the name of a database that is as the template is."""
        return self._spare.pop() if self._spare else self._server.create(self._template)

    def give_back(self, name: str) -> None:
        """Keep a database for the next test, or drop it where more was changed than rows."""
        if self._emptied(name):
            self._spare.append(name)
        else:
            self._connections.pop(name).close()
            self._server.drop(name)

    def close(self) -> None:
        """Let go of the databases."""
        while self._connections:
            self._connections.popitem()[1].close()

    def _emptied(self, name: str) -> bool:
        connection = self._connections.get(name) or psycopg.connect(self._server.url(name))
        self._connections[name] = connection
        try:
            with connection.transaction():
                connection.execute(LEAVE)
                self._empty(connection)
                return _shape(connection) == self._shape
        except psycopg.Error:
            return False

    def _empty(self, connection: Connection) -> None:
        """Drop the tables that the template has not, and have the same rows in the others."""
        tables = _tables(connection, self._newest)
        _each(connection, "DROP TABLE {} CASCADE", [table for table, is_new, _ in tables if is_new])
        _each(connection, "TRUNCATE {} CASCADE", [table for table, is_new, filled in tables if filled and not is_new])
        connection.execute(RESTART)
        connection.execute("SET LOCAL session_replication_role = replica")
        for table, rows in self._rows.items():
            with connection.cursor().copy(_about("COPY {} FROM STDIN", [table])) as copy:
                copy.write(rows)


def _one(connection: Connection, query: LiteralString) -> Any:
    row = connection.execute(query, {"ours": OURS}).fetchone()
    assert row is not None
    return row[0]


def _shape(connection: Connection) -> str:
    return str(_one(connection, SHAPE))


def _tables(connection: Connection, newest: int) -> list[tuple[str, bool, bool]]:
    """Return the tables, whether each is newer than the template, and whether it has any page."""
    return [(name, new, filled) for name, new, filled in connection.execute(TABLES, {"newest": newest})]


def _read(connection: Connection, table: str) -> bytes:
    with connection.cursor().copy(_about("COPY {} TO STDOUT", [table])) as copy:
        return b"".join(bytes(part) for part in copy)


def _each(connection: Connection, statement: LiteralString, tables: list[str]) -> None:
    if tables:
        connection.execute(_about(statement, tables))


def _about(statement: LiteralString, tables: list[str]) -> sql.Composed:
    return sql.SQL(statement).format(sql.SQL(", ").join(map(sql.Identifier, tables)))
