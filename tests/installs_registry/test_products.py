"""Declaring products."""

from __future__ import annotations

import asyncio

import pytest

from installs_registry import products
from installs_registry.types import ProductDeclaration
from storage import Database
from storage.outcomes import Fault, Invalid, NotFound
from tests.installs_registry.builders import (
    FACTS,
    LATER,
    NOW,
    a_check_in,
    a_declaration,
    a_product,
    a_release,
    facts_of_type,
)


async def test_a_declared_product_is_found_with_its_facts(database: Database) -> None:
    await database.call(a_product)
    known = await database.read(products.find, "notes")
    assert (known.id, known.name, known.scheme.name) == ("notes", "Notes", "intdot")
    assert {name: fact.type for name, fact in known.facts.items()} == {
        name: fact["type"] for name, fact in FACTS.items()
    }
    assert known.facts["size_gb"].unit == "GB"
    assert known.vocabulary.scheme_of("engine").name == "semver"


async def test_declaring_the_same_again_changes_nothing(database: Database) -> None:
    assert await database.call(products.declare, "notes", a_declaration(), NOW)
    before = await database.read(products.view, "notes")
    assert not await database.call(products.declare, "notes", a_declaration(), LATER)
    assert await database.read(products.view, "notes") == before


async def test_a_fact_that_is_left_out_is_retired_and_comes_back_with_its_column(database: Database) -> None:
    first = await database.call(a_product)
    fewer = {name: fact for name, fact in FACTS.items() if name != "notebooks"}
    assert await database.call(products.declare, "notes", a_declaration(fewer), NOW)
    retired = await database.read(products.find, "notes")
    assert "notebooks" not in retired.facts
    assert set(retired.retired) == {"notebooks"}
    assert "notebooks" not in (await database.read(products.view, "notes")).facts
    assert await database.call(products.declare, "notes", a_declaration(), NOW)
    back = await database.read(products.find, "notes")
    assert back.fact_numbers == first.fact_numbers
    assert not back.retired


async def test_a_fact_keeps_its_type_and_scheme_also_when_retired(database: Database) -> None:
    await database.call(a_product)
    await database.call(products.declare, "notes", a_declaration({}), NOW)
    other = {"notebooks": {"type": "string"}, "engine": {"type": "version", "scheme": "deb"}}
    with pytest.raises(Invalid) as refused:
        await database.call(products.declare, "notes", a_declaration(other), NOW)
    assert [fault.at for fault in refused.value.faults] == ["/facts/notebooks/type", "/facts/engine/scheme"]


async def test_the_unit_and_the_description_of_a_fact_may_change(database: Database) -> None:
    await database.call(a_product)
    described = {**FACTS, "notebooks": {"type": "integer", "unit": "pieces", "description": "how\nmany"}}
    assert await database.call(products.declare, "notes", a_declaration(described), NOW)
    fact = (await database.read(products.find, "notes")).facts["notebooks"]
    assert (fact.unit, fact.description) == ("pieces", "how\nmany")


async def test_the_version_scheme_changes_only_while_there_are_no_versions(database: Database) -> None:
    await database.call(a_product)
    await database.call(products.declare, "notes", a_declaration(scheme="semver"), NOW)
    await database.call(a_release, "4.1.0")
    with pytest.raises(Invalid) as refused:
        await database.call(products.declare, "notes", a_declaration(scheme="deb"), NOW)
    assert refused.value.faults[0].at == "/version_scheme"
    assert (await database.read(products.find, "notes")).scheme.name == "semver"


#: Facts that are refused, and where.
WRONG = [
    ({"true": {"type": "integer"}}, "/facts/true"),
    ({"engine": {"type": "version"}}, "/facts/engine"),
    ({"notebooks": {"type": "integer", "scheme": "semver"}}, "/facts/notebooks"),
    ({"notebooks": {"type": "integer", "unit": "a\nb"}}, "/facts/notebooks/unit"),
    ({"notebooks": {"type": "integer", "description": "a\0b"}}, "/facts/notebooks/description"),
]


async def test_a_fact_that_no_condition_could_read_is_refused_at_its_place(database: Database) -> None:
    for facts, at in WRONG:
        with pytest.raises(Invalid) as refused:
            await database.call(products.declare, "notes", a_declaration(facts), NOW)
        assert [fault.at for fault in refused.value.faults] == [at]
    with pytest.raises(NotFound):
        await database.read(products.find, "notes")


async def test_all_faults_of_a_declaration_are_told_at_once(database: Database) -> None:
    bad = a_declaration({"in": {"type": "integer"}, "engine": {"type": "version"}}, name="\N{LINE SEPARATOR}")
    with pytest.raises(Invalid) as refused:
        await database.call(products.declare, "no tes", bad, NOW)
    assert [fault.at for fault in refused.value.faults] == ["", "/name", "/facts/in", "/facts/engine"]


async def test_five_hundred_facts_of_the_longest_texts_are_declared_and_stored(database: Database) -> None:
    wide = ProductDeclaration(name="Wide", version_scheme="intdot", facts=facts_of_type("string", 500))
    await database.call(products.declare, "wide", wide, NOW)
    footprint = dict.fromkeys(wide.facts, "x" * 23)
    await database.call(a_check_in, product="wide", footprint=footprint)
    longer = dict.fromkeys(wide.facts, "\N{PILE OF POO}" * 4_000)
    checked = await database.call(a_check_in, product="wide", footprint=longer)
    assert {name: checked.after.facts[name] for name in longer} == longer
    again = await database.call(a_check_in, product="wide", footprint=longer)
    assert not again.changed


async def test_facts_are_added_to_a_product_whose_first_tables_are_full(database: Database) -> None:
    await database.call(
        products.declare,
        "wide",
        ProductDeclaration(name="Wide", version_scheme="intdot", facts=facts_of_type("boolean", 249)),
        NOW,
    )
    more = facts_of_type("boolean", 249) | {
        name + "_v": fact for name, fact in a_declaration({"x": FACTS["engine"]}).facts.items()
    }
    await database.call(
        products.declare, "wide", ProductDeclaration(name="Wide", version_scheme="intdot", facts=more), NOW
    )
    known = await database.read(products.find, "wide")
    assert set(known.parts.values()) == {1, 2}
    checked = await database.call(a_check_in, product="wide", footprint={"fact_248": True, "x_v": "1.2.3"})
    assert checked.after.facts["x_v"] == "1.2.3"
    assert checked.after.facts["fact_248"] is True


async def test_an_id_that_no_product_can_have_is_not_found(database: Database) -> None:
    for product in ("", "a\n", "a b", "../x", "\0", "\ud800", "x" * 65, "é"):
        for work in (products.find, products.view):
            with pytest.raises(NotFound):
                await database.read(work, product)
        with pytest.raises(Invalid):
            await database.call(products.declare, product, a_declaration(), NOW)


async def test_a_product_that_a_body_names_is_a_fault_of_the_body(database: Database) -> None:
    with pytest.raises(Invalid) as refused:
        await database.read(products.named, "nowhere")
    assert refused.value.faults == (Fault("/product", "There is no such product."),)


async def test_products_are_listed_in_pages_by_id(database: Database) -> None:
    for product in ("b", "c", "a", "Z"):
        await database.call(a_product, product, facts={})
    assert await _ids(database, after=None, limit=3) == ["Z", "a", "b"]
    assert await _ids(database, after="b", limit=3) == ["c"]


async def _ids(database: Database, *, after: str | None, limit: int) -> list[str]:
    return [found.product for found in await database.read(products.known_products, after=after, limit=limit)]


async def test_two_processes_may_declare_one_product_at_once(database: Database) -> None:
    changes = await asyncio.gather(*(database.call(products.declare, "notes", a_declaration(), NOW) for _ in range(8)))
    assert sum(changes) == 1
    assert len((await database.read(products.find, "notes")).facts) == len(FACTS)


async def test_a_product_is_found_by_its_number_and_can_be_locked(database: Database) -> None:
    known = await database.call(a_product)
    await database.call(products.lock, known.no, shared=True)
    await database.call(products.lock, known.no, shared=False)
    assert (await database.read(products.find_by_number, known.no)).id == "notes"
    with pytest.raises(NotFound):
        await database.read(products.find_by_number, known.no + 1)


async def test_the_facts_that_a_product_can_ever_have_had_are_limited(database: Database) -> None:
    for round_ in range(5):
        many = {f"r{round_}_{name}": fact for name, fact in facts_of_type("boolean", 1_000).items()}
        declaration = ProductDeclaration(name="Wide", version_scheme="intdot", facts=many)
        await database.call(products.declare, "wide", declaration, NOW)
    await database.call(a_check_in, product="wide", footprint={"r4_fact_999": True})
    with pytest.raises(Invalid) as refused:
        await database.call(products.declare, "wide", a_declaration(), NOW)
    assert [fault.at for fault in refused.value.faults] == ["/facts"]
