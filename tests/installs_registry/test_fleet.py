"""The installs of a product as columns: what is recorded of changes, and what a column can tell apart."""

from __future__ import annotations

import numpy as np
import pytest

from installs_registry import products
from installs_registry.fleet import changes
from installs_registry.fleet.changes import fleet_changes
from installs_registry.fleet.column import Cell, Column, TooVaried
from installs_registry.fleet.fleet import Fleet, OutOfOrder
from installs_registry.fleet.reading import TooFarBehind, follow, read
from storage import Database, Tx
from tests.installs_registry.builders import a_check_in, a_product

NAMES = ("notebooks", "plugins", "platform.os")


@pytest.fixture
async def sqlite(database: Database) -> Database:
    if database.dialect == "postgresql":
        pytest.skip("PostgreSQL keeps no log and holds no fleets")
    await database.call(a_product)
    return database


def _read(tx: Tx) -> Fleet:
    return read(tx, products.find(tx, "notes"), NAMES)


def _follow(tx: Tx, fleet: Fleet, most: int = 100) -> bool:
    return follow(tx, products.find(tx, "notes"), fleet, most)


def _cells(fleet: Fleet, name: str) -> list[object]:
    column = fleet.columns[name]
    return [column.cells[code] for code in column.codes[: fleet.taken]]


def _entries(tx: Tx) -> int:
    return int(tx.built("SELECT count(*) AS entries FROM fleet_changes", {})[0]["entries"])


async def test_it_is_read_whole_and_follows_what_changes(sqlite: Database) -> None:
    await sqlite.call(a_check_in, "i-1", footprint={"notebooks": 12})
    fleet = await sqlite.read(_read)
    await sqlite.call(a_check_in, "i-2", footprint={"plugins": ["b", "a"]}, platform={"os": "windows"})
    await sqlite.call(a_check_in, "i-1", footprint={"notebooks": None})
    assert await sqlite.read(_follow, fleet) is True
    assert (fleet.taken, fleet.installs) == (2, 2)
    assert _cells(fleet, "notebooks") == [None, None]
    assert _cells(fleet, "plugins") == [None, '["a","b"]']
    assert _cells(fleet, "platform.os") == [None, "windows"]


async def test_a_check_in_that_says_nothing_new_is_not_recorded(sqlite: Database) -> None:
    await sqlite.call(a_check_in, "i-1", footprint={"notebooks": 12})
    before = await sqlite.read(_entries)
    await sqlite.call(a_check_in, "i-1", footprint={"notebooks": 12})
    assert await sqlite.read(_entries) == before


async def test_what_was_undone_is_not_followed(sqlite: Database) -> None:
    fleet = await sqlite.read(_read)

    def broken(tx: Tx) -> None:
        a_check_in(tx, "i-1")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await sqlite.call(broken)
    assert await sqlite.read(_follow, fleet) is True
    assert fleet.installs == 0


async def test_the_installs_of_another_product_are_not_in_it(sqlite: Database) -> None:
    await sqlite.call(a_product, "mail")
    fleet = await sqlite.read(_read)
    await sqlite.call(a_check_in, "m-1", product="mail")
    await sqlite.call(a_check_in, "i-1")
    assert await sqlite.read(_follow, fleet) is True
    assert (fleet.installs, (await sqlite.read(_read)).installs) == (1, 1)


async def test_more_than_may_be_taken_up_leaves_it_where_it_was(sqlite: Database) -> None:
    fleet = await sqlite.read(_read)
    position = fleet.position
    await sqlite.call(a_check_in, "i-1", footprint={"notebooks": 12})
    with pytest.raises(TooFarBehind):
        await sqlite.read(_follow, fleet, 0)
    assert fleet.position == position


async def test_what_was_cleared_from_the_log_cannot_be_followed(sqlite: Database) -> None:
    fleet = await sqlite.read(_read)

    def clear(tx: Tx) -> None:
        a_check_in(tx, "i-1")
        a_check_in(tx, "i-2")
        tx.run_built("DELETE FROM fleet_changes WHERE no < (SELECT max(no) FROM fleet_changes)", {})

    await sqlite.call(clear)
    with pytest.raises(TooFarBehind):
        await sqlite.read(_follow, fleet)


async def test_the_log_clears_itself(sqlite: Database) -> None:
    def fill(tx: Tx) -> None:
        last = changes.KEPT + 2 * changes.CLEARED_EVERY
        tx.run_built("INSERT INTO fleet_changes (no) VALUES (:no)", {"no": last - 1})
        tx.run_built("INSERT INTO fleet_changes (no) VALUES (:no)", {"no": 3})
        tx.run_built("INSERT INTO fleet_changes (no) VALUES (:no)", {"no": last})

    await sqlite.call(fill)
    rows = await sqlite.read(lambda tx: tx.built("SELECT min(no) AS first FROM fleet_changes", {}))
    assert rows[0]["first"] > changes.CLEARED_EVERY


async def test_a_database_of_before_records_the_footprints_that_it_has(sqlite: Database) -> None:
    def as_before(tx: Tx) -> None:
        made = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        tx.define([f"DROP TRIGGER {row['name']}" for row in tx.built(made, {})])
        tx.define(["DROP TABLE fleet_changes"])

    await sqlite.call(a_check_in, "i-1")
    await sqlite.call(as_before)
    await sqlite.call(fleet_changes().apply)
    fleet = await sqlite.read(_read)
    await sqlite.call(a_check_in, "i-1", footprint={"notebooks": 12})
    assert await sqlite.read(_follow, fleet) is True
    assert _cells(fleet, "notebooks") == [12]


def test_a_column_tells_so_many_cells_apart_and_no_more() -> None:
    column = Column(most=3)
    column.reserve(4)
    column.put(np.arange(3), ["a", None, "b"])
    assert column.cells == [None, "a", "b"]
    with pytest.raises(TooVaried):
        column.put(np.array([3]), ["c"])


async def test_a_fact_that_is_too_varied_has_no_column(sqlite: Database) -> None:
    def fleet(tx: Tx) -> Fleet:
        made = Fleet(products.find(tx, "notes"), NAMES)
        made.columns["notebooks"] = Column(most=2)
        return made

    narrow = await sqlite.read(fleet)
    alike: list[list[Cell]] = [[1, 1], [-1, -2], [0, 0]]
    narrow.put([[1, 2], *alike, [7, 7], [None, None], ["macos", None]], NAMES)
    narrow.put([[3, 4], *alike, [8, 9], [None, None], ["macos", None]], NAMES)
    assert "notebooks" not in narrow.columns
    assert "notebooks" in narrow.names
    assert _cells(narrow, "platform.os") == ["macos", None, "macos", None]


async def test_a_new_install_with_a_number_from_between_is_refused(sqlite: Database) -> None:
    for install in ("i-1", "i-2", "i-3"):
        await sqlite.call(a_check_in, install)
    fleet = await sqlite.read(_read)
    nobody: list[list[Cell]] = [[0], [1], [-1], [0], [None], [None], [None]]
    with pytest.raises(OutOfOrder):
        fleet.put(nobody, NAMES)
