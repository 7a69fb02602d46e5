"""Schema step 7: footprint tables by version, where the service made them by install before."""

from __future__ import annotations

from collections import defaultdict

from installs_registry.footprints import COLUMN_TYPES, KEY, footprint_table
from risk import FactType
from storage import ColumnType, Migration, Tx


def footprints_by_version() -> Migration:
    """Return the step; a script cannot take it, for the tables hang on what products declare."""
    return Migration(7, "footprints_by_version", _rebuild)


def _rebuild(tx: Tx) -> None:
    for table, (product_no, part, columns) in _made(tx).items():
        old = f"old_{table}"
        tx.define([f"ALTER TABLE {table} RENAME TO {old}"])
        tx.ensure_table(table, dict.fromkeys(KEY, ColumnType.INTEGER) | columns, KEY, clustered=True)
        names = "".join(f", f.{name}" for name in columns)
        tx.run_built(
            f"INSERT INTO {table} ({', '.join((*KEY, *columns))}) "  # noqa: S608 - our own names
            f"SELECT i.version_no, i.no{names} FROM installs i "
            f"{'LEFT' if part == 1 else 'INNER'} JOIN {old} f ON f.install_no = i.no "
            "WHERE i.product_no = :product_no ORDER BY 1, 2",
            {"product_no": product_no},
        )
        tx.define([f"DROP TABLE {old}"])


def _made(tx: Tx) -> dict[str, tuple[int, int, dict[str, ColumnType]]]:
    """Return the product, the part and the columns of every table there is, in the words of the first schema."""
    parts: dict[tuple[int, int], dict[str, ColumnType]] = defaultdict(dict)
    for row in tx.built("SELECT no FROM products", {}):
        parts[row["no"], 1] = {}
    for row in tx.built("SELECT product_no, part, no, type FROM facts ORDER BY no", {}):
        columns = parts[row["product_no"], row["part"]]
        columns[f"f_{row['no']}"] = COLUMN_TYPES[FactType(row["type"])]
        if row["type"] == FactType.VERSION:
            columns[f"f_{row['no']}_key"] = ColumnType.TEXT
    return {footprint_table(no, part): (no, part, columns) for (no, part), columns in parts.items()}
