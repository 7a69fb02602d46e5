"""What a store may rely on, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from enum import StrEnum
from typing import NamedTuple

import pytest
from msgspec import Struct, ValidationError

from storage import ColumnType, Database, IntegrityProblem, Row, Statement, StatementFailed, StorageError, Tx
from storage.sql import for_postgresql


def statement(text: str) -> Statement:
    return Statement("a_statement", text, for_postgresql(text))


ADD = statement(
    "INSERT INTO things (name, owner, size, weight, picture) VALUES (:name, :owner, :size, :weight, :picture)"
)
NAMES = statement("SELECT name FROM things ORDER BY name")
BY_NAME = statement("SELECT number, name, owner, size, weight, picture FROM things WHERE name = :name")


def add(tx: Tx, /, name: str, **columns: object) -> int:
    return tx.run(ADD, **{"owner": None, "size": None, "weight": None, "picture": None, "name": name, **columns})


def in_a_savepoint(tx: Tx, *added: str) -> None:
    with tx.savepoint():
        for name in added:
            add(tx, name)


def names(tx: Tx) -> list[str]:
    return [row["name"] for row in tx.all(NAMES)]


async def test_what_was_written_is_read_as_it_was(store: Database) -> None:
    await store.call(add, "é€𝄞", size=2**53 - 1, weight=0.1, picture=b"\x00\xff")
    row = await store.read(lambda tx: tx.one(BY_NAME, name="é€𝄞"))
    assert row == {"number": 1, "name": "é€𝄞", "owner": None, "size": 2**53 - 1, "weight": 0.1, "picture": b"\x00\xff"}


async def test_no_row_is_none_and_no_value_is_none(store: Database) -> None:
    assert await store.read(lambda tx: tx.one(BY_NAME, name="a")) is None
    assert await store.read(lambda tx: tx.value(BY_NAME, name="a")) is None


async def test_one_of_many_rows_is_refused(store: Database) -> None:
    await store.call(add, "a")
    await store.call(add, "b")
    with pytest.raises(StatementFailed, match="a_statement gave 2 rows"):
        await store.read(lambda tx: tx.one(NAMES))


async def test_a_change_tells_how_many_rows_it_touched(store: Database) -> None:
    def work(tx: Tx) -> tuple[int, int]:
        inserted = tx.many(statement("INSERT INTO owners (id) VALUES (:id)"), ({"id": id_} for id_ in "abc"))
        return inserted, tx.run(statement("DELETE FROM owners WHERE id > :id"), id="a")

    assert await store.call(work) == (3, 2)


async def test_a_change_for_no_row_touches_none(store: Database) -> None:
    assert await store.call(Tx.many, statement("INSERT INTO owners (id) VALUES (:id)"), []) == 0
    assert await store.call(Tx.bulk_insert, "owners", ["id"], []) == 0


ADD_OWNERS = Statement(
    "add_owners",
    "INSERT INTO owners (id) VALUES (:id)",
    for_postgresql("INSERT INTO owners (id) SELECT id FROM json_to_recordset(CAST(:rows AS JSON)) AS r (id TEXT)"),
)


async def test_rows_given_at_once_are_all_written(store: Database) -> None:
    assert await store.call(Tx.at_once, ADD_OWNERS, [{"id": 'é "\\'}, {"id": "b"}]) == 2
    assert await store.read(Tx.tuples, statement("SELECT id FROM owners ORDER BY id")) == [("b",), ('é "\\',)]


async def test_no_rows_given_at_once_ask_nothing_of_the_database(store: Database) -> None:
    assert await store.call(Tx.at_once, statement("no SQL at all"), []) == 0


async def test_a_row_that_is_there_already_fails_all_that_are_given_at_once(store: Database) -> None:
    await store.call(Tx.at_once, ADD_OWNERS, [{"id": "a"}])
    with pytest.raises(IntegrityProblem, match="add_owners"):
        await store.call(Tx.at_once, ADD_OWNERS, [{"id": "b"}, {"id": "a"}])
    assert await store.read(Tx.tuples, statement("SELECT id FROM owners")) == [("a",)]


async def test_a_change_gives_back_rows_where_it_says_returning(store: Database) -> None:
    insert = statement("INSERT INTO owners (id) VALUES (:id) ON CONFLICT (id) DO NOTHING RETURNING id")
    assert await store.call(Tx.all, insert, id="a") == [{"id": "a"}]
    assert await store.call(Tx.all, insert, id="a") == []
    assert await store.call(Tx.run, statement("DELETE FROM owners RETURNING id")) == 1


async def test_built_sql_takes_the_same_parameters(store: Database) -> None:
    def work(tx: Tx) -> list[Row]:
        tx.run_built("INSERT INTO owners (id) VALUES (:a), (:b)", {"a": "50%", "b": "x:y"})
        return tx.built(
            "SELECT id FROM owners WHERE id = :a AND id <> '%:b' AND 7 % 4 = :three", {"a": "50%", "three": 3}
        )

    assert await store.call(work) == [{"id": "50%"}]


async def test_a_parameter_may_be_a_member_of_an_enum_of_texts(store: Database) -> None:
    class Colour(StrEnum):
        RED = "red"

    await store.call(add, Colour.RED)
    assert await store.read(names) == ["red"]


async def test_sums_and_averages_are_plain_numbers(store: Database) -> None:
    def work(tx: Tx) -> Row | None:
        add(tx, "a", size=-3)
        add(tx, "b", size=2**52)
        return tx.one(
            statement("SELECT SUM(size) AS s, AVG(size) AS a, COUNT(*) AS n FROM things WHERE size < :top"), top=0
        )

    row = await store.call(work)
    assert row == {"s": -3, "a": -3.0, "n": 1}
    assert {name: type(value) for name, value in row.items()} == {"s": int, "a": float, "n": int}


async def test_a_small_number_does_not_overflow(store: Database) -> None:
    rows = await store.read(Tx.built, "SELECT :a + :a AS two", {"a": 32_767})
    assert rows == [{"two": 65_534}]


async def test_text_sorts_by_its_bytes(store: Database) -> None:
    words = ["a", "B", "b", "ä", "A", "a b", "ab", "-a", "﷽", "𝄞", "_"]

    def work(tx: Tx) -> list[str]:
        for word in words:
            add(tx, word)
        return names(tx)

    assert await store.call(work) == sorted(words, key=str.encode)


async def test_a_second_row_under_a_unique_key_is_an_integrity_problem(store: Database) -> None:
    await store.call(add, "a")
    with pytest.raises(IntegrityProblem, match="a_statement"):
        await store.call(add, "a")


async def test_an_owner_who_is_not_there_is_an_integrity_problem(store: Database) -> None:
    with pytest.raises(IntegrityProblem):
        await store.call(add, "a", owner="nobody")


@pytest.mark.parametrize("name", [None, "\ud800"])
async def test_a_value_that_does_not_fit_is_refused(store: Database, name: object) -> None:
    with pytest.raises(StorageError):
        await store.call(Tx.run, statement("INSERT INTO things (name, size) VALUES (:name, :name)"), name=name)
    assert await store.read(names) == []


async def test_a_number_beyond_64_bits_is_refused(store: Database) -> None:
    with pytest.raises(StatementFailed):
        await store.call(add, "a", size=2**63)


async def test_a_statement_that_is_wrong_is_named(store: Database) -> None:
    with pytest.raises(StatementFailed, match="a_statement"):
        await store.call(Tx.run, statement("DELETE FROM nothing"))


async def test_a_parameter_that_is_missing_fails_the_statement(store: Database) -> None:
    with pytest.raises(StatementFailed):
        await store.call(Tx.run, ADD, name="a")


async def test_nothing_is_kept_of_a_work_that_raises(store: Database) -> None:
    def work(tx: Tx) -> None:
        add(tx, "a")
        raise LookupError

    with pytest.raises(LookupError):
        await store.call(work)
    assert await store.read(names) == []


async def test_an_error_that_is_caught_and_passed_over_still_fails_the_transaction(store: Database) -> None:
    def work(tx: Tx) -> None:
        add(tx, "a")
        with pytest.raises(IntegrityProblem):
            add(tx, "a")

    with pytest.raises(IntegrityProblem):
        await store.call(work)
    assert await store.read(names) == []


async def test_nothing_runs_after_an_error(store: Database) -> None:
    def work(tx: Tx) -> None:
        with pytest.raises(StatementFailed):
            tx.run(statement("DELETE FROM nothing"))
        add(tx, "a")

    with pytest.raises(StatementFailed, match="after an error"):
        await store.call(work)


async def test_rows_that_break_off_fail_the_transaction(store: Database) -> None:
    def rows() -> Iterator[tuple[str]]:
        yield ("a",)
        raise LookupError

    def work(tx: Tx) -> None:
        with pytest.raises(LookupError):
            tx.bulk_insert("owners", ["id"], rows())

    with pytest.raises(StatementFailed, match="broken off"):
        await store.call(work)
    assert await store.read(Tx.built, "SELECT id FROM owners", {}) == []


async def test_a_savepoint_undoes_only_itself(store: Database) -> None:
    def work(tx: Tx) -> None:
        add(tx, "a")
        with pytest.raises(IntegrityProblem):
            in_a_savepoint(tx, "b", "a")
        in_a_savepoint(tx, "c")

    await store.call(work)
    assert await store.read(names) == ["a", "c"]


async def test_savepoints_nest(store: Database) -> None:
    def work(tx: Tx) -> None:
        with tx.savepoint():
            add(tx, "a")
            with pytest.raises(IntegrityProblem):
                in_a_savepoint(tx, "b", "a")
            in_a_savepoint(tx, "c")

    await store.call(work)
    assert await store.read(names) == ["a", "c"]


async def test_a_savepoint_does_not_hold_an_error_that_was_passed_over_inside(store: Database) -> None:
    def pass_over(tx: Tx) -> None:
        with tx.savepoint():
            add(tx, "a")
            with pytest.raises(IntegrityProblem):
                add(tx, "a")

    def work(tx: Tx) -> None:
        with pytest.raises(IntegrityProblem):
            pass_over(tx)
        add(tx, "b")

    await store.call(work)
    assert await store.read(names) == ["b"]


async def test_callbacks_run_once_the_transaction_holds(store: Database) -> None:
    seen: list[str] = []

    def undone(tx: Tx) -> None:
        with tx.savepoint():
            tx.after_commit(lambda: seen.append("undone"))
            raise LookupError

    def work(tx: Tx) -> None:
        tx.after_commit(lambda: seen.append("held"))
        with pytest.raises(LookupError):
            undone(tx)
        assert not seen

    await store.call(work)
    assert seen == ["held"]


async def test_callbacks_do_not_run_for_a_work_that_raises(store: Database) -> None:
    seen: list[str] = []

    def work(tx: Tx) -> None:
        tx.after_commit(lambda: seen.append("held"))
        raise LookupError

    with pytest.raises(LookupError):
        await store.call(work)
    await store.call(add, "a")
    assert not seen


async def test_rows_are_appended_in_bulk(store: Database) -> None:
    rows = ((f"n{number}", number, number / 2 or None) for number in range(10_000))
    assert await store.call(Tx.bulk_insert, "things", ["name", "size", "weight"], rows) == 10_000
    row = await store.read(lambda tx: tx.one(BY_NAME, name="n0"))
    assert row is not None
    assert (row["size"], row["weight"]) == (0, None)


async def test_rows_in_bulk_keep_to_the_schema(store: Database) -> None:
    with pytest.raises(IntegrityProblem):
        await store.call(Tx.bulk_insert, "owners", ["id"], [("a",), ("a",)])
    with pytest.raises(StorageError, match="is no name"):
        await store.call(Tx.bulk_insert, "owners (id) VALUES (1); --", ["id"], [])


async def test_a_generated_table_has_typed_columns_and_grows(store: Database) -> None:
    first = {"install": ColumnType.TEXT, "f_1": ColumnType.INTEGER, "f_2": ColumnType.BOOLEAN}

    def work(tx: Tx) -> Row | None:
        for _ in range(2):
            tx.ensure_table("footprint_1", first, ["install"])
            tx.add_columns("footprint_1", {"f_2": ColumnType.BOOLEAN, "f_3": ColumnType.REAL})
            tx.ensure_index("footprint_1_f_1", "footprint_1", ["f_1", "install"])
        tx.run_built("INSERT INTO footprint_1 (install, f_2) VALUES (:install, :yes)", {"install": "a", "yes": True})
        tx.run_built("UPDATE footprint_1 SET f_3 = :three WHERE f_2 = :yes AND f_2", {"three": 3, "yes": True})
        return tx.built("SELECT install, f_1, f_2, f_3 FROM footprint_1", {})[0]

    assert await store.call(work) == {"install": "a", "f_1": None, "f_2": True, "f_3": 3.0}


async def test_a_generated_table_refuses_the_wrong_type_and_a_second_row(store: Database) -> None:
    def insert(tx: Tx, install: str, value: object) -> None:
        tx.ensure_table("footprint_1", {"install": ColumnType.TEXT, "f_1": ColumnType.INTEGER}, ["install"])
        tx.run_built("INSERT INTO footprint_1 (install, f_1) VALUES (:a, :b)", {"a": install, "b": value})

    await store.call(insert, "a", 1)
    with pytest.raises(StorageError):
        await store.call(insert, "b", "many")
    with pytest.raises(IntegrityProblem):
        await store.call(insert, "a", 1)


async def test_a_generated_table_bears_no_text_of_a_user(store: Database) -> None:
    for columns in (
        {"id": ColumnType.TEXT, 'x" INTEGER); --': ColumnType.TEXT},
        {"id": ColumnType.TEXT, "Ä": ColumnType.TEXT},
    ):
        with pytest.raises(StorageError, match="is no name"):
            await store.call(Tx.ensure_table, "footprint_1", columns, ["id"])


async def test_a_table_of_many_columns_grows_in_one_go(store: Database) -> None:
    columns = {f"f_{number}": ColumnType.REAL for number in range(600)}

    def work(tx: Tx) -> int:
        tx.ensure_table("footprint_1", {"install": ColumnType.TEXT}, ["install"])
        tx.add_columns("footprint_1", columns)
        tx.run_built("INSERT INTO footprint_1 (install) VALUES ('a')", {})
        return len(tx.built("SELECT * FROM footprint_1", {})[0])

    assert await store.call(work) == 601


async def test_rows_come_as_plain_tuples_where_asked(store: Database) -> None:
    def work(tx: Tx) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
        added = tx.many_built("INSERT INTO owners (id) VALUES (:id)", [{"id": "a"}, {"id": "b"}])
        assert added == 2
        named = tx.tuples(statement("SELECT id FROM owners WHERE id > :id"), id="a")
        return named, tx.built_tuples("SELECT id FROM owners WHERE id < :id", {"id": "b"})

    assert await store.call(work) == ([("b",)], [("a",)])


class Kept(NamedTuple):
    id: str
    number: int | None
    share: float | None


class Noted(Struct, frozen=True, array_like=True):
    id: str
    number: int | None


KEPT = [
    Kept("a", 2**53 - 1, 0.1),
    Kept('b "quoted" \\ \n', None, 1e300),
    Kept("ü 𝄞 \u2028", -5, None),
    Kept("[1, 2]", 0, -0.5),
]


def _keep(tx: Tx) -> None:
    columns = {"id": ColumnType.TEXT, "number": ColumnType.INTEGER, "share": ColumnType.REAL}
    tx.ensure_table("kept", columns, ["id"])
    tx.bulk_insert("kept", tuple(columns), KEPT)


async def test_records_come_as_they_were_stored_and_in_the_order_asked_for(store: Database) -> None:
    def work(tx: Tx) -> list[Kept]:
        _keep(tx)
        return tx.records(statement("SELECT id, number, share FROM kept ORDER BY id DESC LIMIT :most"), Kept, most=3)

    found = await store.call(work)
    assert found == sorted(KEPT, reverse=True)[:3]
    assert [type(row) for row in found] == [Kept] * 3


async def test_records_may_be_structs_and_are_none_where_there_are_none(store: Database) -> None:
    def work(tx: Tx) -> tuple[list[Noted], list[Noted]]:
        _keep(tx)
        asked = statement("WITH kin AS (SELECT id, number FROM kept) SELECT id, number FROM kin WHERE id = :id")
        return tx.records(asked, Noted, id="a"), tx.records(asked, Noted, id="nobody")

    assert await store.call(work) == ([Noted("a", 2**53 - 1)], [])


async def test_a_record_that_does_not_fit_its_type_ends_the_transaction(store: Database) -> None:
    def work(tx: Tx) -> None:
        _keep(tx)
        with suppress(ValidationError):
            tx.records(statement("SELECT number, id FROM kept WHERE id = :id"), Noted, id="a")

    with pytest.raises(StorageError, match="broken off"):
        await store.call(work)


@pytest.mark.parametrize("width", [1, 100, 101, 600])
async def test_built_records_may_be_wide(store: Database, width: int) -> None:
    columns = ", ".join(f"{number} AS c_{number}" for number in range(width))
    found = await store.read(lambda tx: tx.built_records(f"SELECT {columns}", {}, width))
    assert found == [tuple(range(width))]
