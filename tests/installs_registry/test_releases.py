"""Registering releases and keeping every version that was seen."""

from __future__ import annotations

import asyncio
from functools import partial

import msgspec
import pytest

from installs_registry import products, releases
from installs_registry.types import ReleaseView
from storage import Database, Tx
from storage.outcomes import Conflict, Invalid, NotFound
from tests.installs_registry.builders import NOW, a_check_in, a_declaration, a_product, a_release


def order_of(tx: Tx, product: str = "notes") -> list[str]:
    return [release.version for release in releases.of_product(tx, products.find(tx, product).no)]


def put_first(tx: Tx, *versions: str) -> None:
    """Register the releases of a list product, oldest first."""
    before = None
    for version in versions:
        a_release(tx, version, after=before)
        before = version


def view_of(tx: Tx, version: str) -> ReleaseView:
    return releases.view(tx, products.find(tx, "notes"), version)


async def test_releases_stand_in_the_order_of_their_versions(database: Database) -> None:
    await database.call(a_product)
    for version in ("4.10.0", "4.9", "4.2.0"):
        await database.call(a_release, version)
    assert await database.read(order_of) == ["4.2.0", "4.9", "4.10.0"]


async def test_a_release_is_answered_as_it_was_declared(database: Database) -> None:
    await database.call(a_product)
    change = await database.call(
        a_release, "4.1", status="held", url="https://example.com/4.1", offered_at="2026-01-01T02:00:00+02:00"
    )
    assert (change.created, change.changed, change.reranked) == (True, True, False)
    view = await database.read(view_of, "4.1")
    assert msgspec.to_builtins(view) == {
        "product": "notes",
        "version": "4.1",
        "offered_at": "2026-01-01T00:00:00.000000Z",
        "url": "https://example.com/4.1",
        "status": "held",
    }


async def test_registering_the_same_release_again_changes_nothing(database: Database) -> None:
    await database.call(a_product)
    await database.call(a_release, "4.1")
    assert not (await database.call(a_release, "4.1")).changed
    again = await database.call(a_release, "4.1", status="withdrawn")
    assert (again.created, again.changed) == (False, True)


async def test_an_equal_release_under_another_text_is_refused_by_the_name_of_the_first(
    database: Database,
) -> None:
    await database.call(a_product)
    await database.call(a_release, "4.1")
    with pytest.raises(Conflict, match=r"4\.1\.0 is the same version as 4\.1,"):
        await database.call(a_release, "4.1.0")


async def test_a_version_seen_on_an_install_is_no_release_until_it_is_registered(database: Database) -> None:
    product = await database.call(a_product)
    await database.call(a_check_in, version="4.1.0")
    with pytest.raises(NotFound):
        await database.read(view_of, "4.1.0")
    assert await database.read(order_of) == []
    rows = await database.read(releases.version_rows, product.no)
    assert [(row.text, row.status, row.offered_at) for row in rows] == [("4.1.0", None, None)]
    assert (await database.call(a_release, "4.1")).created
    assert (await database.call(a_check_in, "i-2", version="4.1")).changed


#: Releases that are refused, and where.
WRONG: list[tuple[str, dict[str, object], str]] = [
    ("four", {}, "/version"),
    ("4.1\n", {}, "/version"),
    ("\ud800", {}, "/version"),
    ("9" * 200, {}, "/version"),
    ("4.1", {"offered_at": "0001-01-01T00:00:00+23:59"}, "/offered_at"),
    ("4.1", {"offered_at": "9999-12-31T23:59:59-23:59"}, "/offered_at"),
    ("4.1", {"url": "javascript:alert(1)"}, "/url"),
    ("4.1", {"url": "https://example.com/\x00"}, "/url"),
    ("4.1", {"after": "4.0"}, "/after"),
]


async def test_what_is_wrong_with_a_release_is_told_at_its_place(database: Database) -> None:
    await database.call(a_product)
    for version, fields, at in WRONG:
        with pytest.raises(Invalid) as refused:
            await database.call(lambda tx, v=version, f=fields: a_release(tx, v, **f))  # type: ignore[misc]
        assert [fault.at for fault in refused.value.faults] == [at]
    assert await database.read(order_of) == []


async def test_a_release_that_there_is_not_is_not_found(database: Database) -> None:
    product = await database.call(a_product)
    for version in ("", "\0", "\ud800", "nothing", "x" * 999):
        with pytest.raises(NotFound):
            await database.read(view_of, version)
        with pytest.raises(Invalid):
            await database.read(partial(releases.of_product, product_no=product.no, after=version))


async def test_releases_are_listed_in_pages(database: Database) -> None:
    product = await database.call(a_product)
    for version in ("4.1", "4.2", "4.3"):
        await database.call(a_release, version)
    first = await database.read(lambda tx: releases.of_product(tx, product.no, limit=2))
    rest = await database.read(lambda tx: releases.of_product(tx, product.no, after="4.2", limit=2))
    assert [release.version for release in first] == ["4.1", "4.2"]
    assert [release.version for release in rest] == ["4.3"]


async def test_two_processes_may_register_one_version_at_once(database: Database) -> None:
    product = await database.call(a_product)
    numbers = await asyncio.gather(*(database.call(releases.version_no, product, "4.1") for _ in range(8)))
    assert len(set(numbers)) == 1


async def test_the_vendors_own_order_is_the_order_of_a_list_product(database: Database) -> None:
    await database.call(a_product, scheme="list")
    await database.call(put_first, "Jaunty", "Karmic", "Aardvark")
    product = await database.read(products.find, "notes")
    assert await database.read(order_of) == ["Jaunty", "Karmic", "Aardvark"]
    assert product.scheme.sort_key("Karmic") < product.scheme.sort_key("Aardvark")
    assert (await database.read(view_of, "Jaunty")).after is None
    assert (await database.read(view_of, "Aardvark")).after == "Karmic"


async def test_inserting_into_the_order_ranks_what_follows_anew(database: Database) -> None:
    product = await database.call(a_product, scheme="list")
    await database.call(put_first, "a", "b", "c")
    change = await database.call(a_release, "between", after="a")
    assert (change.created, change.reranked) == (True, True)
    assert await database.read(order_of) == ["a", "between", "b", "c"]
    assert (await database.call(a_release, "zero", after=None)).reranked
    assert await database.read(order_of) == ["zero", "a", "between", "b", "c"]
    rows = await database.read(releases.version_rows, product.no)
    known = await database.read(products.find, "notes")
    assert {row.text: row.sort_key for row in rows} == {row.text: known.scheme.sort_key(row.text) for row in rows}


async def test_a_release_can_move_to_another_place(database: Database) -> None:
    await database.call(a_product, scheme="list")
    await database.call(put_first, "a", "b", "c")
    assert (await database.call(a_release, "a", after="c")).reranked
    assert await database.read(order_of) == ["b", "c", "a"]


async def test_a_release_stays_where_it_is_when_its_place_is_left_out(database: Database) -> None:
    await database.call(a_product, scheme="list")
    await database.call(put_first, "a", "b")
    change = await database.call(a_release, "a", status="withdrawn")
    assert (change.changed, change.reranked) == (True, False)
    assert not (await database.call(a_release, "b", after="a")).changed
    assert await database.read(order_of) == ["a", "b"]


async def test_a_place_that_there_is_not_is_refused(database: Database) -> None:
    await database.call(a_product, scheme="list")
    await database.call(a_release, "a", after=None)
    await database.call(a_check_in, version="seen")
    for after in ("b", "nowhere", "seen", "\ud800", "\0"):
        with pytest.raises(Invalid) as refused:
            await database.call(a_release, "b", after=after)
        assert refused.value.faults[0].at == "/after"
    assert await database.read(order_of) == ["a"]


async def test_only_the_first_release_of_a_list_product_may_leave_its_place_out(database: Database) -> None:
    await database.call(a_product, scheme="list")
    await database.call(a_release, "a")
    with pytest.raises(Invalid) as refused:
        await database.call(a_release, "b")
    assert refused.value.faults[0].at == "/after"


async def test_a_version_of_no_declared_place_gets_one_when_it_is_registered(database: Database) -> None:
    product = await database.call(a_product, scheme="list")
    await database.call(a_check_in, version="b")
    rows = await database.read(releases.version_rows, product.no)
    assert rows[0].sort_key is None
    await database.call(put_first, "a", "b")
    assert await database.read(order_of) == ["a", "b"]
    rows = await database.read(releases.version_rows, product.no)
    assert rows[0].sort_key is not None


async def test_the_scheme_of_an_empty_product_may_become_list(database: Database) -> None:
    await database.call(a_product)
    await database.call(products.declare, "notes", a_declaration(scheme="list"), NOW)
    await database.call(put_first, "a", "b")
    assert await database.read(order_of) == ["a", "b"]
