"""Installs as the tables have them, many at a time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from installs_registry.footprint_rows import Layout
from risk import Value
from storage import Statements, Tx

sql = Statements(__package__)


class Installed(msgspec.Struct, frozen=True):
    """One install as it is stored."""

    id: str
    no: int
    product_no: int
    version_no: int
    version: str
    #: The version at its first check-in.
    first_version: str
    customer_no: int | None
    #: The customer's id, None where nobody is known.
    customer: str | None
    #: Whom a notice goes to: the customer's number, or minus the install's own.
    recipient: int
    os: str | None
    os_version: str | None
    os_version_key: str | None
    arch: str | None
    acquired_through: str | None
    token_hash: str | None
    first_seen_at: str
    last_seen_at: str
    #: The known values of the declared facts.
    values: Mapping[str, Value]

    @property
    def facts(self) -> dict[str, Value]:
        """Return what a condition may ask for: the declared facts, platform.… and install.first_version."""
        facts = dict(self.values)
        for name, value in (("os", self.os), ("os_version", self.os_version), ("arch", self.arch)):
            if value is not None:
                facts[f"platform.{name}"] = value
        facts["install.first_version"] = self.first_version
        return facts


#: Columns in front of the footprint's: all fields of Installed but the values.
_WIDTH = len(Installed.__struct_fields__) - 1

# Filled with the columns and the tables of the footprint, under our own names.
_PRESENT = """
    SELECT i.id, i.no, i.product_no, i.version_no, v.text, v1.text, i.customer_no, c.id, i.recipient,
        i.os, i.os_version, i.os_version_key, i.arch, i.acquired_through, i.token_hash, i.first_seen_at,
        i.last_seen_at{columns}
    FROM installs i JOIN versions v ON v.no = i.version_no JOIN versions v1 ON v1.no = i.first_version_no
    LEFT JOIN customers c ON c.no = i.customer_no {tables}
    WHERE {wanted}"""
# PostgreSQL takes a function's rows for many and would read the whole table; an array it looks up by the index.
_OF_IDS = {
    "sqlite": "i.id IN (SELECT value FROM json_each(:ids))",
    "postgresql": "i.id = ANY(ARRAY(SELECT value FROM json_array_elements_text(CAST(:ids AS JSON))))",
}


def held(tx: Tx, layout: Layout, ids: Collection[str]) -> dict[str, Installed]:
    """Return the installs of these ids that there are, held until the transaction ends.

    They are held in the order of their numbers, as a sweep holds them: two that do so never wait for each other.
    """
    if not ids:
        return {}
    listed = as_json(ids)
    if tx.dialect == "postgresql":
        tx.tuples(sql.lock_installs_of, ids=listed)
    text = _PRESENT.format(columns=layout.columns, tables=layout.tables, wanted=_OF_IDS[tx.dialect])
    return {row[0]: _installed(layout, row) for row in tx.built_tuples(text, {"ids": listed})}


def _installed(layout: Layout, row: tuple[Any, ...]) -> Installed:
    return Installed(*(*row[:_WIDTH], layout.values(row[_WIDTH:])))


def as_json(values: Collection[object]) -> str:
    """Return a list of texts or numbers as a statement takes it: one parameter, however many there are."""
    return msgspec.json.encode(list(values)).decode()
