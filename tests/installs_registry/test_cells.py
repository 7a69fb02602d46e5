"""CSV cells become values by the type of the fact."""

from __future__ import annotations

import msgspec
import pytest

from installs_registry.cells import from_text
from installs_registry.reports import Arrival
from installs_registry.types import InstallLine
from risk import Fact, FactType, Value
from storage import Database, Tx
from storage.outcomes import Invalid
from tests.installs_registry.builders import a_product, taken


def a_fact(type_: str) -> Fact:
    return Fact("fact", FactType(type_), "semver" if type_ == "version" else None)


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        ("integer", " 12 ", 12),
        ("integer", "-0", 0),
        ("number", "1.5e3", 1500.0),
        ("number", ".5", 0.5),
        ("number", "2", 2.0),
        ("boolean", "TRUE", True),
        ("boolean", "0", False),
        ("string", " v2 ", " v2 "),
        ("strings", "b; a;a;", ("a", "b")),
        ("strings", '["b;c", "a"]', ("a", "b;c")),
        ("version", "1.2.3", "1.2.3"),
    ],
)
def test_a_cell_is_read_by_the_type_of_its_fact(type_: str, text: str, value: Value) -> None:
    read = from_text(a_fact(type_), text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        ("integer", "12.5"),
        ("integer", "1_000"),
        ("integer", "١٢"),
        ("integer", "9" * 17),
        ("integer", "9" * 5_000),
        ("number", "nan"),
        ("number", "1e999"),
        ("number", "inf"),
        ("number", "0x10"),
        ("boolean", "yes"),
        ("string", "\0"),
        ("strings", '["a", 1]'),
        ("strings", "["),
        ("strings", "[" * 100_000),
        ("version", "one"),
    ],
)
def test_a_cell_that_does_not_fit_its_fact_is_refused_with_a_sentence(type_: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        from_text(a_fact(type_), text)


def take(tx: Tx, **fields: object) -> dict[str, Value]:
    line = msgspec.convert({"install": "i-1", "product": "notes", "version": "4.1", **fields}, InstallLine)
    return dict(taken(tx, Arrival(line.install, line, None, vendor=True)).after.facts)


async def test_a_line_of_a_csv_file_is_taken_with_its_cells(database: Database) -> None:
    await database.call(a_product)
    facts = await database.call(lambda tx: take(tx, cells={"notebooks": "12", "plugins": "b;a"}))
    assert facts == {"notebooks": 12, "plugins": ("a", "b"), "install.first_version": "4.1"}


async def test_a_cell_that_does_not_fit_is_told_at_the_fact(database: Database) -> None:
    await database.call(a_product)
    with pytest.raises(Invalid) as refused:
        await database.call(lambda tx: take(tx, cells={"notebooks": "many", "nothing": "1"}))
    assert [fault.at for fault in refused.value.faults] == ["/footprint/notebooks", "/footprint/nothing"]


async def test_a_fact_stands_in_the_footprint_or_in_the_cells(database: Database) -> None:
    await database.call(a_product)
    with pytest.raises(Invalid) as refused:
        await database.call(lambda tx: take(tx, cells={"notebooks": "1"}, footprint={"notebooks": 2}))
    assert refused.value.faults[0].at == "/cells/notebooks"
