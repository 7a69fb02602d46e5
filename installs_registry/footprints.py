"""The footprint tables: one typed column per declared fact, under names of our own.

This is the one place that makes tables while the service runs. Its SQL is built from our own numbers only,
never from a text that a user gave.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

import risk
from installs_registry.known import KnownProduct
from risk import Column, Fact, FactType, Value
from storage import ColumnType, Tx

#: Columns of one part. PostgreSQL keeps up to 24 bytes of each text inside a row of at most 8,160.
_PART_WIDTH = 250

_COLUMN_TYPES = {
    FactType.INTEGER: ColumnType.INTEGER,
    FactType.NUMBER: ColumnType.REAL,
    FactType.BOOLEAN: ColumnType.BOOLEAN,
    FactType.STRING: ColumnType.TEXT,
    FactType.STRINGS: ColumnType.TEXT,
    FactType.VERSION: ColumnType.TEXT,
}
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


def joins(product: KnownProduct) -> str:
    """Return the SQL that joins the footprints to installs i, with the aliases that `columns` uses."""
    return " ".join(
        f"LEFT JOIN {footprint_table(product.no, part)} {_alias(part)} ON {_alias(part)}.install_no = i.no"
        for part in _parts(product)
    )


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
    for part in _parts(product):
        wanted = {"install_no": ColumnType.INTEGER}
        for fact in (*product.facts.values(), *product.retired.values()):
            if product.parts[fact.name] == part:
                wanted |= _column_types(product, fact)
        tx.ensure_table(footprint_table(product.no, part), wanted, ["install_no"])
        tx.add_columns(footprint_table(product.no, part), wanted)


def write(tx: Tx, product: KnownProduct, install_no: int, values: Mapping[str, Value | None]) -> None:
    """Store these values of declared facts, checked before; None clears one, the others stay as they are."""
    for part in sorted({product.parts[name] for name in values}):
        cells: dict[str, object] = {}
        for name, value in values.items():
            if product.parts[name] == part:
                cells |= _cells(product, product.facts[name], value)
        names = ", ".join(cells)
        places = ", ".join(f":{name}" for name in cells)
        changes = ", ".join(f"{name} = excluded.{name}" for name in cells)
        tx.run_built(
            f"INSERT INTO {footprint_table(product.no, part)} (install_no, {names}) "  # noqa: S608 - our own names
            f"VALUES (:install_no, {places}) ON CONFLICT (install_no) DO UPDATE SET {changes}",
            {"install_no": install_no, **cells},
        )


def read(tx: Tx, product: KnownProduct, install_no: int) -> dict[str, Value]:
    """Return the known values of the declared facts of one install."""
    stored: dict[str, object] = {}
    for part in _parts(product):
        text = f"SELECT * FROM {footprint_table(product.no, part)} WHERE install_no = :no"  # noqa: S608 - our own names
        for row in tx.built(text, {"no": install_no}):
            stored |= row
    cells = {name: stored.get(_physical(product, name)) for name in product.facts}
    return {name: _value(product.facts[name], cell) for name, cell in cells.items() if cell is not None}


def _parts(product: KnownProduct) -> list[int]:
    return sorted({1, *product.parts.values()})


def _alias(part: int) -> str:
    return "f" if part == 1 else f"f{part}"


def _width(type_: str) -> int:
    return 2 if type_ == FactType.VERSION else 1


def _physical(product: KnownProduct, name: str) -> str:
    return f"f_{product.fact_numbers[name]}"


def _column(product: KnownProduct, fact: Fact) -> Column:
    name = f"{_alias(product.parts[fact.name])}.{_physical(product, fact.name)}"
    return Column(name, f"{name}_key" if fact.type is FactType.VERSION else None)


def _no_column(fact: Fact) -> Column:
    type_name, _, _ = _COLUMN_TYPES[fact.type].postgresql.partition(" COLLATE")
    nothing = f"CAST(NULL AS {type_name})"
    return Column(nothing, nothing if fact.type is FactType.VERSION else None)


def _column_types(product: KnownProduct, fact: Fact) -> dict[str, ColumnType]:
    name = _physical(product, fact.name)
    keys = {f"{name}_key": ColumnType.TEXT} if fact.type is FactType.VERSION else {}
    return {name: _COLUMN_TYPES[fact.type]} | keys


def _cells(product: KnownProduct, fact: Fact, value: Value | None) -> dict[str, object]:
    name = _physical(product, fact.name)
    if fact.scheme is not None:
        key = risk.scheme(fact.scheme).sort_key(value) if isinstance(value, str) else None
        return {name: value, f"{name}_key": key}
    if isinstance(value, tuple):
        return {name: json.dumps(value, ensure_ascii=False, separators=(",", ":"))}
    return {name: value}


def _value(fact: Fact, cell: object) -> Value:
    if isinstance(cell, str):
        return tuple(json.loads(cell)) if fact.type is FactType.STRINGS else cell
    if fact.type is FactType.BOOLEAN:
        return bool(cell)
    if isinstance(cell, int | float):
        return cell
    raise TypeError(f"{fact.name} is stored as {cell!r}")
