"""Everything that a database holds, as text: to see what is nowhere any more."""

from __future__ import annotations

from collections.abc import Iterable

from storage import Tx

_TABLES = {
    "sqlite": "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    "postgresql": "SELECT table_name AS name FROM information_schema.tables"
    " WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE' ORDER BY table_name",
}


def tables(tx: Tx) -> list[str]:
    """Return the names of all tables, those of footprints too."""
    return [row["name"] for row in tx.built(_TABLES[tx.dialect], {})]


def found(tx: Tx, texts: Iterable[str]) -> dict[str, list[str]]:
    """Return by table which of the texts are anywhere in it, however they are spelt."""
    wanted = {text.casefold() for text in texts}
    hits: dict[str, list[str]] = {}
    for table in tables(tx):
        content = str(tx.built(f'SELECT * FROM "{table}"', {})).casefold()  # noqa: S608 - the database's own name
        held = sorted(text for text in wanted if text in content)
        if held:
            hits[table] = held
    return hits
