"""A few facts of many installs, and nothing else of them."""

from __future__ import annotations

from collections.abc import Collection, Hashable

from installs_registry.footprint_rows import Layout
from installs_registry.installed import as_json
from storage import Statements, Tx

sql = Statements(__package__)

#: The cells of a layout's facts.
Cells = tuple[Hashable, ...]

# Filled with the columns and the tables of the footprint, under our own names.
_CELLS = """
    SELECT i.no{columns} FROM installs i JOIN versions v1 ON v1.no = i.first_version_no {tables} WHERE {wanted}"""
# PostgreSQL takes a function's rows for many and would read the whole table; an array it looks up by the index.
_OF_NUMBERS = {
    "sqlite": "i.no IN (SELECT value FROM json_each(:numbers))",
    "postgresql": """i.no = ANY(ARRAY(
        SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(:numbers AS JSON))))""",
}


def cells_of(tx: Tx, layout: Layout, numbers: Collection[int]) -> dict[int, Cells]:
    """Return the cells of these installs, by number; what is not there, or has none, is left out."""
    if not layout.readers or not numbers:
        return {}
    text = _CELLS.format(columns=layout.columns, tables=layout.tables, wanted=_OF_NUMBERS[tx.dialect])
    rows = tx.built_records(text, {"numbers": as_json(numbers)}, 1 + len(layout.readers))
    return {row[0]: row[1:] for row in rows}


def version_texts(tx: Tx, numbers: Collection[int]) -> dict[int, str]:
    """Return the versions with these numbers of ours, as they are written."""
    return dict(tx.tuples(sql.version_texts, numbers=as_json(numbers)))
