"""The footprint tables: one typed column per declared fact, under names of our own.

The rows lie by version, then by install: the key is (version_no, install_no). So the installs of the versions that a
defect concerns are read in one go, whatever its condition asks of them. Every install has a row in the first part,
also where nothing is known of it, and in a further one once it has a value there. Whoever changes
installs.version_no moves the rows along.

This is the one place that makes tables while the service runs. Its SQL is built from our own numbers only,
never from a text that a user gave.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import risk
from installs_registry.fleet.changes import record_footprints
from installs_registry.known import KnownProduct
from risk import Fact, FactType, Value
from storage import ColumnType, Tx
from storage.queries import Dialect

#: The key of every part, in this order.
KEY = ("version_no", "install_no")
#: Columns of one part. PostgreSQL keeps up to 24 bytes of each text inside a row of at most 8,160.
_PART_WIDTH = 250

COLUMN_TYPES = {
    FactType.INTEGER: ColumnType.INTEGER,
    FactType.NUMBER: ColumnType.REAL,
    FactType.BOOLEAN: ColumnType.BOOLEAN,
    FactType.STRING: ColumnType.TEXT,
    FactType.STRINGS: ColumnType.TEXT,
    FactType.VERSION: ColumnType.TEXT,
}


@dataclass(frozen=True, slots=True)
class Column:
    """Where a name's value stands."""

    #: SQL expression of the value; qualified (`i.f_12`), as a set's test opens a scope of its own
    sql: str
    #: SQL expression of the sort key, for names whose type is version
    key: str | None = None


#: What is known of every install, under the aliases i = installs and v1 = the version it began with.
_BUILT_IN = {
    "platform.os": Column("i.os"),
    "platform.os_version": Column("i.os_version", "i.os_version_key"),
    "platform.arch": Column("i.arch"),
    "install.first_version": Column("v1.text", "v1.sort_key"),
}


def footprint_table(product_no: int, part: int = 1) -> str:
    """Return the name of the table that holds one part of the footprints of a product."""
    return f"footprint_{product_no}" if part == 1 else f"footprint_{product_no}_{part}"


def joins(product: KnownProduct, names: Iterable[str] | None = None) -> str:
    """Return the SQL that joins the footprints to installs i, with the aliases that `columns` uses.

    `names` are the facts that are asked for; None: all of them.
    """
    parts = parts_of(product) if names is None else sorted({product.parts[name] for name in names})
    return " ".join(
        f"LEFT JOIN {footprint_table(product.no, part)} {_alias(part)}"
        f" ON {_alias(part)}.version_no = i.version_no AND {_alias(part)}.install_no = i.no"
        for part in parts
    )


def by_version(product: KnownProduct, names: Iterable[str]) -> str:
    """Return the tables that hold these names, the first part f before all others: its rows lie by version.

    The aliases are those of `columns`; installs i and versions v1 are there only where a name asks for them.
    """
    names = frozenset(names)
    needed = sorted({product.parts[name] for name in names & product.facts.keys()} - {1})
    further = [
        f"LEFT JOIN {footprint_table(product.no, part)} {_alias(part)}"
        f" ON {_alias(part)}.version_no = f.version_no AND {_alias(part)}.install_no = f.install_no"
        for part in needed
    ]
    if names & _BUILT_IN.keys():
        # CROSS JOIN: SQLite would else begin with installs, which lie in no order that helps.
        further.append("CROSS JOIN installs i CROSS JOIN versions v1")
    return " ".join([f"{footprint_table(product.no)} f", *further])


def columns(product: KnownProduct) -> Mapping[str, Column]:
    """Return where the value of each name is, for SQL over installs i, `joins` and versions v1 (the first).

    An install without a row has NULLs; so has a retired fact in every row, for its value may be out of date.
    """
    declared = {name: _column(product, fact) for name, fact in product.facts.items()}
    retired = {name: _no_column(fact) for name, fact in product.retired.items()}
    return {**_BUILT_IN, **declared, **retired}


def parts_for(types: Sequence[str], used: Iterable[tuple[int, str]]) -> list[int]:
    """Return a part for each new fact of these types; `used` has the part and the type of each fact kept."""
    filled: dict[int, int] = {1: 0}
    for part, kept in used:
        filled[part] = filled.get(part, 0) + _width(kept)
    found = []
    for new in types:
        last = max(filled)
        part = last if filled[last] + _width(new) <= _PART_WIDTH else last + 1
        filled[part] = filled.get(part, 0) + _width(new)
        found.append(part)
    return found


def ensure(tx: Tx, product: KnownProduct) -> None:
    """Make the tables and columns that the product's facts need, where they are not there yet."""
    for part in parts_of(product):
        wanted = dict.fromkeys(KEY, ColumnType.INTEGER)
        for fact in (*product.facts.values(), *product.retired.values()):
            if product.parts[fact.name] == part:
                wanted |= _column_types(product, fact)
        tx.ensure_table(footprint_table(product.no, part), wanted, KEY, clustered=True)
        tx.add_columns(footprint_table(product.no, part), wanted)
        record_footprints(tx, footprint_table(product.no, part), part)


def upsert(dialect: Dialect, product: KnownProduct, part: int, facts: Iterable[Fact]) -> str:
    """Return the SQL that writes these facts into rows of a part, for `Tx.built_at_once`.

    A row is given by the names of its columns, the key's too.
    """
    columns = dict.fromkeys(KEY, ColumnType.INTEGER)
    for fact in facts:
        columns |= _column_types(product, fact)
    names = ", ".join(columns)
    if dialect == "sqlite":
        rows = f"VALUES ({', '.join(f':{name}' for name in columns)})"
    else:
        rows = f"SELECT {names} FROM {_given(columns)}"  # noqa: S608 - our own names
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in KEY)
    return (
        f"INSERT INTO {footprint_table(product.no, part)} ({names}) {rows} "
        f"ON CONFLICT ({', '.join(KEY)}) DO {f'UPDATE SET {changes}' if changes else 'NOTHING'}"
    )


def moving(dialect: Dialect, product: KnownProduct, part: int) -> str:
    """Return the SQL that moves rows of a part, for `Tx.built_at_once`: install_no from version_no to moved_to."""
    table = footprint_table(product.no, part)
    if dialect == "sqlite":
        return (
            f"UPDATE {table} SET version_no = :moved_to "  # noqa: S608 - our own names
            "WHERE version_no = :version_no AND install_no = :install_no"
        )
    given = _given(dict.fromkeys((*KEY, "moved_to"), ColumnType.INTEGER))
    return (
        f"UPDATE {table} f SET version_no = r.moved_to FROM {given} "  # noqa: S608 - our own names
        "WHERE f.version_no = r.version_no AND f.install_no = r.install_no"
    )


def _given(columns: Mapping[str, ColumnType]) -> str:
    """Return the SQL of the rows r that PostgreSQL is given at once."""
    typed = ", ".join(f"{name} {kind.postgresql}" for name, kind in columns.items())
    return f"json_to_recordset(CAST(:rows AS JSON)) AS r ({typed})"


def read(tx: Tx, product: KnownProduct, install_no: int, version_no: int) -> dict[str, Value]:
    """Return the known values of the declared facts of one install, which has this version."""
    stored: dict[str, object] = {}
    for part in parts_of(product):
        text = (
            f"SELECT * FROM {footprint_table(product.no, part)} "  # noqa: S608 - our own names
            "WHERE version_no = :version_no AND install_no = :no"
        )
        for row in tx.built(text, {"version_no": version_no, "no": install_no}):
            stored |= row
    cells = {name: stored.get(physical(product, name)) for name in product.facts}
    return {name: value_of(product.facts[name], cell) for name, cell in cells.items() if cell is not None}


def drop(tx: Tx, product: KnownProduct, install_nos: Sequence[int]) -> None:
    """Delete the footprints of installs of a product, which are still there themselves."""
    rows = [{"install_no": install_no} for install_no in install_nos]
    for part in parts_of(product):
        text = (
            f"DELETE FROM {footprint_table(product.no, part)} "  # noqa: S608 - our own names
            "WHERE (version_no, install_no) = (SELECT version_no, no FROM installs WHERE no = :install_no)"
        )
        tx.many_built(text, rows)


def parts_of(product: KnownProduct) -> list[int]:
    """Return the parts that the footprints of a product have, rising."""
    return sorted({1, *product.parts.values()})


def _alias(part: int) -> str:
    return "f" if part == 1 else f"f{part}"


def _width(type_: str) -> int:
    return 2 if type_ == FactType.VERSION else 1


def physical(product: KnownProduct, name: str) -> str:
    """Return the name of the column that holds a fact, retired ones too."""
    return f"f_{product.fact_numbers[name]}"


def _column(product: KnownProduct, fact: Fact) -> Column:
    name = f"{_alias(product.parts[fact.name])}.{physical(product, fact.name)}"
    return Column(name, f"{name}_key" if fact.type is FactType.VERSION else None)


def _no_column(fact: Fact) -> Column:
    type_name, _, _ = COLUMN_TYPES[fact.type].postgresql.partition(" COLLATE")
    nothing = f"CAST(NULL AS {type_name})"
    return Column(nothing, nothing if fact.type is FactType.VERSION else None)


def _column_types(product: KnownProduct, fact: Fact) -> dict[str, ColumnType]:
    name = physical(product, fact.name)
    keys = {f"{name}_key": ColumnType.TEXT} if fact.type is FactType.VERSION else {}
    return {name: COLUMN_TYPES[fact.type]} | keys


def cells_of(product: KnownProduct, fact: Fact, value: Value | None) -> dict[str, object]:
    """Return what the columns of a fact hold for a value, checked before; None: it is absent."""
    name = physical(product, fact.name)
    if fact.scheme is not None:
        key = risk.scheme(fact.scheme).sort_key(value) if isinstance(value, str) else None
        return {name: value, f"{name}_key": key}
    if isinstance(value, tuple):
        return {name: json.dumps(value, ensure_ascii=False, separators=(",", ":"))}
    return {name: value}


def value_of(fact: Fact, cell: object) -> Value:
    """Return the value that a column holds, which is not NULL; raises TypeError for what no fact can be."""
    if isinstance(cell, str):
        return tuple(json.loads(cell)) if fact.type is FactType.STRINGS else cell
    if fact.type is FactType.BOOLEAN:
        return bool(cell)
    if isinstance(cell, int | float):
        return cell
    raise TypeError(f"{fact.name} is stored as {cell!r}")
