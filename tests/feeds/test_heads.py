from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from feeds import audit, heads
from feeds.heads import SignedHead, public_text, signing_key
from storage import Database, Tx
from storage.outcomes import Conflict, Invalid
from tests.feeds.builders import NOW

KEY = signing_key("a secret of the tests, long enough to be one")
OURS = public_text(KEY)


def appended(tx: Tx, rows: int, person: str = "Ann") -> None:
    for number in range(1, rows + 1):
        audit.record(tx, person, "file", f"NOTES-{number}", {"revision": number}, NOW)


def rewrite(tx: Tx, first: int) -> None:
    """Make the chain fit again from a row on, as somebody would who can write to the database."""
    previous = audit.hash_of_row(tx, first - 1) or ""
    rows = tx.built("SELECT * FROM audit WHERE no >= :first ORDER BY no", {"first": first})
    for no, row in enumerate(rows, start=first):
        row |= {"no": no, "previous": previous}
        previous = audit.digest(row)
        was = {"was": row["hash"], "no": no, "previous": row["previous"], "hash": previous, "act": row["act"]}
        tx.run_built("UPDATE audit SET no=:no, previous=:previous, hash=:hash WHERE hash=:was AND act=:act", was)
    last = first - 1 + len(rows)
    tx.run_built("UPDATE audit_head SET no = :no, hash = :hash", {"no": last, "hash": previous})


def edit(tx: Tx) -> int:
    tx.run_built("UPDATE audit SET act = 'object' WHERE no = 3", {})
    return 3


def drop(tx: Tx) -> int:
    tx.run_built("DELETE FROM audit WHERE no = 3", {})
    return 3


def reorder(tx: Tx) -> int:
    for old, new in ((2, 99), (4, 2), (99, 4)):
        tx.run_built("UPDATE audit SET no = :new WHERE no = :old", {"old": old, "new": new})
    return 2


def insert(tx: Tx) -> int:
    for no in (5, 4, 3):
        tx.run_built("UPDATE audit SET no = no + 1 WHERE no = :no", {"no": no})
    tx.run_built(
        "INSERT INTO audit SELECT 3, at, person, 'object', subject, detail, previous, 'new' FROM audit WHERE no=2", {}
    )
    return 3


def truncate(tx: Tx) -> int:
    tx.run_built("DELETE FROM audit WHERE no > 3", {})
    return 4


def fork(tx: Tx) -> int:
    tx.run_built("DELETE FROM audit WHERE no > 3", {})
    rewrite(tx, 1)
    appended(tx, 4, "Bob")
    return 4


TAMPERS = [edit, drop, reorder, insert, truncate, fork]


@pytest.mark.parametrize("tamper", [each for each in TAMPERS if each is not fork])
async def test_a_clumsy_tamper_is_found_at_its_first_row_without_any_head(
    database: Database, tamper: Callable[[Tx], int]
) -> None:
    def story(tx: Tx) -> None:
        appended(tx, 5)
        first = tamper(tx)
        broken = audit.verify(tx)
        assert broken is not None
        assert broken.no == first

    await database.call(story)


@pytest.mark.parametrize("tamper", TAMPERS)
async def test_a_tamper_that_makes_the_whole_chain_fit_again_is_found_by_an_older_head(
    database: Database, tamper: Callable[[Tx], int]
) -> None:
    def story(tx: Tx) -> None:
        appended(tx, 5)
        head = heads.export(tx, KEY, NOW)
        first = tamper(tx)
        rewrite(tx, first if tamper is not fork else 8)
        assert audit.verify(tx) is None
        broken = heads.compare(tx, head, OURS)
        assert broken is not None
        assert broken.no >= first

    await database.call(story)


async def test_a_chain_that_only_grew_still_fits_its_older_heads(database: Database) -> None:
    def story(tx: Tx) -> None:
        empty = heads.export(tx, KEY, NOW)
        appended(tx, 3)
        head = heads.read(msgspec.json.encode(heads.export(tx, KEY, NOW)))
        appended(tx, 3)
        assert (empty.no, head.no) == (0, 3)
        assert heads.compare(tx, empty, OURS) is None
        assert heads.compare(tx, head, OURS) is None

    await database.call(story)


async def test_what_is_broken_after_an_older_head_is_named_too(database: Database) -> None:
    def story(tx: Tx) -> None:
        appended(tx, 3)
        head = heads.export(tx, KEY, NOW)
        appended(tx, 3)
        tx.run_built("UPDATE audit SET act = 'x' WHERE no = 5", {})
        assert heads.compare(tx, head, OURS) == audit.Broken(5, "Row 5 was changed after it was written.")
        with pytest.raises(Conflict, match="not signed"):
            heads.export(tx, KEY, NOW)

    await database.call(story)


@pytest.mark.parametrize("change", [{"no": 2}, {"hash": "0" * 64}, {"at": "2030-01-01T00:00:00.000000Z"}])
async def test_a_head_that_was_changed_is_refused(database: Database, change: dict[str, object]) -> None:
    def story(tx: Tx) -> None:
        appended(tx, 3)
        head = msgspec.structs.replace(heads.export(tx, KEY, NOW), **change)
        with pytest.raises(Conflict, match="does not fit"):
            heads.compare(tx, head, OURS)

    await database.call(story)


async def test_a_head_that_another_has_signed_is_refused(database: Database) -> None:
    def story(tx: Tx) -> None:
        other = signing_key("another secret, which is as long as it must be")
        head = heads.export(tx, other, NOW)
        with pytest.raises(Conflict, match="another key"):
            heads.compare(tx, head, OURS)
        with pytest.raises(Conflict, match="does not fit"):
            heads.compare(tx, msgspec.structs.replace(head, key=OURS), OURS)

    await database.call(story)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"no":-1}', b"\xff", b'{"no":1,"hash":"x","at":"","key":""}'])
def test_what_is_no_head_is_refused_with_a_sentence(content: bytes) -> None:
    with pytest.raises(Invalid, match="no signed head"):
        heads.read(content)


def test_the_key_is_the_same_for_the_same_secret_and_only_for_it() -> None:
    assert public_text(signing_key("one secret")) == public_text(signing_key("one secret"))
    assert public_text(signing_key("one secret")) != public_text(signing_key("another secret"))


def test_a_head_has_a_fixed_form() -> None:
    assert SignedHead.__struct_fields__ == ("format", "no", "hash", "at", "key", "signature")
