"""The step that lays the footprints of a running service by version."""

from __future__ import annotations

from installs_registry import footprints, products
from installs_registry.rebuilding import footprints_by_version
from risk import Value
from storage import ColumnType, Database, Tx
from tests.installs_registry.builders import a_check_in, a_product

FOOTPRINT = {"notebooks": 12, "encrypted": True, "plugins": ["a"], "engine": "1.2.3"}


def _lay_by_install(tx: Tx) -> None:
    """Bring the footprints into the shape of the first schema: by install, and none where nothing was known."""
    rows = tx.built("SELECT * FROM footprint_1", {})
    columns = {name: ColumnType.TEXT for name in rows[0] if name not in footprints.KEY}
    known = products.find(tx, "notes")
    for fact, number in known.fact_numbers.items():
        columns[f"f_{number}"] = footprints.COLUMN_TYPES[known.facts[fact].type]
    tx.define(["DROP TABLE footprint_1"])
    tx.ensure_table("footprint_1", {"install_no": ColumnType.INTEGER} | columns, ["install_no"])
    kept = [row for row in rows if any(row[name] is not None for name in columns)]
    names = ["install_no", *columns]
    tx.bulk_insert("footprint_1", names, [[row[name] for name in names] for row in kept])


def _read(tx: Tx) -> list[dict[str, Value]]:
    known = products.find(tx, "notes")
    rows = tx.built("SELECT no, version_no FROM installs ORDER BY no", {})
    return [footprints.read(tx, known, row["no"], row["version_no"]) for row in rows]


async def test_every_footprint_is_found_under_its_version_and_every_install_has_one(database: Database) -> None:
    await database.call(a_product)
    await database.call(a_check_in, "i-1", footprint=FOOTPRINT)
    await database.call(a_check_in, "i-2", version="5.0")
    before = await database.read(_read)
    await database.call(_lay_by_install)
    await database.call(footprints_by_version().apply)
    assert await database.read(_read) == before
    assert await database.read(lambda tx: tx.built("SELECT count(*) AS installs FROM footprint_1", {})) == [
        {"installs": 2}
    ]
    await database.call(a_check_in, "i-2", version="6.0", footprint={"notebooks": 3})
    assert (await database.read(_read))[1] == {"notebooks": 3}
