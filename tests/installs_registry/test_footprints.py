"""The generated tables: what is written is what is read, and what SQL sees."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import risk
from installs_registry import footprints, products
from installs_registry.fact_values import check_value
from installs_registry.types import ProductDeclaration
from risk import Value
from storage import Database, Tx
from tests.installs_registry.builders import (
    FACTS,
    NOW,
    a_check_in,
    a_declaration,
    a_product,
    a_release,
    facts_of_type,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
FOOTPRINTS = st.fixed_dictionaries(
    {},
    optional={
        "notebooks": st.none() | st.integers(-(2**53) + 1, 2**53 - 1),
        "size_gb": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "encrypted": st.none() | st.booleans(),
        "storage_format": st.none() | TEXTS,
        "plugins": st.none() | st.lists(TEXTS, max_size=5),
        "engine": st.none() | st.sampled_from(["1.2.3", "1.2.3-rc.1", "0.0.1+build"]),
    },
)


def select(tx: Tx, product: str, name: str) -> list[object]:
    """Return what SQL over the installs sees of one name, by install."""
    known = products.find(tx, product)
    column = footprints.columns(known)[name]
    text = (
        f"SELECT {column.sql} AS value, {column.key or column.sql} AS sort_key "  # noqa: S608 - our own names
        f"FROM installs i JOIN versions v1 ON v1.no = i.first_version_no {footprints.joins(known)} "
        "WHERE i.product_no = :product_no ORDER BY i.id"
    )
    rows = tx.built(text, {"product_no": known.no})
    return [(row["value"], row["sort_key"]) if column.key else row["value"] for row in rows]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(reports=st.lists(FOOTPRINTS, min_size=1, max_size=4))
async def test_what_was_last_reported_of_each_fact_is_what_is_read(
    database: Database, reports: list[dict[str, object]]
) -> None:
    known = await database.call(a_product)
    merged: dict[str, Value] = {}
    checked = await database.call(a_check_in, footprint=dict.fromkeys(FACTS))
    for report in reports:
        await database.call(a_check_in, footprint=report)
        merged |= {name: check_value(known.facts[name], value) for name, value in report.items() if value is not None}
        merged = {name: value for name, value in merged.items() if report.get(name, "") is not None}
    assert await database.read(footprints.read, known, checked.install_no, checked.after.version_no) == merged


async def test_sql_sees_each_value_in_its_column(database: Database) -> None:
    await database.call(a_product)
    footprint = {
        "notebooks": 12,
        "size_gb": 2,
        "encrypted": True,
        "storage_format": "v2",
        "plugins": ["ü", "a"],
        "engine": "1.2.3",
    }
    await database.call(a_check_in, "i-1", footprint=footprint, platform={"os_version": "14.6"})
    await database.call(a_check_in, "i-2", version="5.0")
    seen = {
        name: await database.read(select, "notes", name)
        for name in (*FACTS, "platform.os_version", "install.first_version")
    }
    semver, intdot = risk.scheme("semver").sort_key, risk.scheme("intdot").sort_key
    assert seen == {
        "notebooks": [12, None],
        "size_gb": [2.0, None],
        "encrypted": [1, None],
        "storage_format": ["v2", None],
        "plugins": ['["a","ü"]', None],
        "engine": [("1.2.3", semver("1.2.3")), (None, None)],
        "platform.os_version": [("14.6", intdot("14.6")), (None, None)],
        "install.first_version": [("4.1.0", intdot("4.1.0")), ("5.0", intdot("5.0"))],
    }


async def test_a_retired_fact_is_null_in_sql_though_its_column_holds_a_value(database: Database) -> None:
    await database.call(a_product)
    await database.call(a_check_in, footprint={"notebooks": 12, "encrypted": True, "engine": "1.2.3"})
    await database.call(products.declare, "notes", a_declaration({}), NOW)
    for name in ("notebooks", "encrypted", "storage_format"):
        assert await database.read(select, "notes", name) == [None]
    assert await database.read(select, "notes", "engine") == [(None, None)]
    await database.call(products.declare, "notes", a_declaration(), NOW)
    assert await database.read(select, "notes", "notebooks") == [12]


async def test_facts_beyond_the_first_table_are_joined_in(database: Database) -> None:
    wide = ProductDeclaration(name="Wide", version_scheme="intdot", facts=facts_of_type("integer", 600))
    await database.call(products.declare, "wide", wide, NOW)
    await database.call(a_check_in, "i-1", product="wide", footprint={"fact_0": 1})
    await database.call(a_check_in, "i-2", product="wide", footprint={"fact_599": 2})
    await database.call(a_check_in, "i-3", product="wide")
    assert await database.read(select, "wide", "fact_0") == [1, None, None]
    assert await database.read(select, "wide", "fact_599") == [None, 2, None]


async def test_a_first_version_of_no_declared_place_has_no_sort_key(database: Database) -> None:
    await database.call(a_product, scheme="list")
    await database.call(a_release, "a")
    await database.call(a_check_in, "i-1", version="nightly")
    await database.call(a_check_in, "i-1", version="a")
    assert await database.read(select, "notes", "install.first_version") == [("nightly", None)]


@pytest.mark.parametrize(
    ("types", "used", "parts"),
    [
        (["integer"], [], [1]),
        (["integer"] * 2, [(1, "integer")] * 249, [1, 2]),
        (["version", "integer"], [(1, "integer")] * 249, [2, 2]),
        (["integer"], [(1, "version")] * 125, [2]),
        (["integer"], [(1, "integer")] * 250 + [(2, "string")], [2]),
    ],
)
def test_a_table_is_filled_before_the_next_is_begun(
    types: list[str], used: list[tuple[int, str]], parts: list[int]
) -> None:
    assert footprints.parts_for(types, used) == parts
