from __future__ import annotations

import pytest

from storage import Statements, StorageError
from storage.queries import parse

TWO = """
-- What the file is about; nobody runs this.

-- name: find
-- It's what a reader needs: a semicolon;
SELECT a FROM t WHERE b = :b; -- at the end

-- name: claim (sqlite)
UPDATE t SET a = 1;
-- name: claim (postgresql)
UPDATE t SET a = 1::bigint RETURNING a % 2;
"""


def test_a_statement_is_found_by_its_name() -> None:
    assert parse(TWO, "x.sql")["find"].sqlite.split() == ["SELECT", "a", "FROM", "t", "WHERE", "b", "=", ":b"]


def test_a_shared_statement_has_the_parameters_of_each_driver() -> None:
    assert parse(TWO, "x.sql")["find"].postgresql.split() == ["SELECT", "a", "FROM", "t", "WHERE", "b", "=", "%(b)s"]


def test_a_statement_may_be_worded_for_each_database() -> None:
    claim = parse(TWO, "x.sql")["claim"]
    assert claim.text("sqlite") == "UPDATE t SET a = 1"
    assert claim.text("postgresql") == "UPDATE t SET a = 1::bigint RETURNING a %% 2"


def test_one_database_may_have_its_own_wording_beside_the_shared_one() -> None:
    claim = parse("-- name: a\nSELECT 1;\n-- name: a (postgresql)\nSELECT 2;", "x.sql")["a"]
    assert (claim.sqlite, claim.postgresql) == ("SELECT 1", "SELECT 2")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("SELECT 1; -- name: a\n", "before the first heading"),
        ("-- name: Find It\nSELECT 1;", "names nothing"),
        ("-- name: a (oracle)\nSELECT 1;", "names nothing"),
        ("-- name: a\nSELECT 1;\n-- name: a\nSELECT 2;", "'a' twice"),
        ("-- name: a\n-- nothing\n", "0 statements under 'a'"),
        ("-- name: a\nSELECT 1; SELECT 2;", "2 statements under 'a'"),
        ("-- name: a (sqlite)\nSELECT 1;", "for one database only"),
    ],
)
def test_a_file_that_is_wrong_is_refused_by_name(text: str, problem: str) -> None:
    with pytest.raises(StorageError, match=rf"^x\.sql .*{problem}"):
        parse(text, "x.sql")


def test_nothing_is_read_before_a_statement_is_asked_for() -> None:
    statements = Statements("storage", "no_such_file.sql")
    with pytest.raises(FileNotFoundError):
        _ = statements.anything


def test_a_statement_that_is_not_there_is_named_with_its_file() -> None:
    with pytest.raises(AttributeError, match=r"storage/queries\.sql has no statement 'find_nothing'"):
        _ = Statements("storage").find_nothing


def test_the_statements_of_a_file_are_listed_in_its_order() -> None:
    assert [statement.name for statement in parse(TWO, "x.sql").values()] == ["find", "claim"]
    assert "find_schema_version" in {statement.name for statement in Statements("storage")}
