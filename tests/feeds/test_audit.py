from __future__ import annotations

import asyncio

import pytest

from feeds import audit
from storage import Database, Tx
from tests.feeds.builders import NOW


def appended(tx: Tx, rows: int) -> None:
    for number in range(1, rows + 1):
        audit.record(tx, "Ann", "file", f"NOTES-{number}", {"why": "ü", "revision": number}, NOW)


async def test_an_untouched_chain_is_whole(database: Database) -> None:
    def story(tx: Tx) -> None:
        assert audit.verify(tx) is None
        appended(tx, 1_003)
        assert audit.verify(tx) is None

    await database.call(story)


async def test_what_was_decided_about_a_subject_can_be_read(database: Database) -> None:
    def story(tx: Tx) -> None:
        appended(tx, 3)
        [entry] = audit.of(tx, "NOTES-2")
        assert (entry.no, entry.person, entry.act) == (2, "Ann", "file")
        assert entry.detail == {"why": "ü", "revision": 2}

    await database.call(story)


@pytest.mark.parametrize(
    ("tampering", "no"),
    [
        ("UPDATE audit SET person = 'Bob' WHERE no = 2", 2),
        ("UPDATE audit SET detail = '{}' WHERE no = 3", 3),
        ("UPDATE audit SET at = '2025-01-01T00:00:00.000000Z' WHERE no = 1", 1),
        ("UPDATE audit SET hash = previous WHERE no = 2", 2),
        ("UPDATE audit SET previous = '' WHERE no = 4", 4),
        ("DELETE FROM audit WHERE no = 1", 1),
        ("DELETE FROM audit WHERE no = 3", 3),
        ("DELETE FROM audit WHERE no = 5", 5),
        ("DELETE FROM audit", 1),
        ("DELETE FROM audit_head", 5),
        ("UPDATE audit_head SET no = 9", 6),
        (
            "INSERT INTO audit SELECT 6, at, person, act, subject, detail, hash, hash FROM audit WHERE no=5",
            6,
        ),
    ],
)
async def test_tampering_is_found_at_its_first_row(database: Database, tampering: str, no: int) -> None:
    def story(tx: Tx) -> audit.Broken | None:
        appended(tx, 5)
        tx.run_built(tampering, {})
        return audit.verify(tx)

    broken = await database.call(story)
    assert broken is not None
    assert broken.no == no


async def test_two_rows_that_changed_places_are_found(database: Database) -> None:
    def story(tx: Tx) -> audit.Broken | None:
        appended(tx, 5)
        for old, new in ((2, 99), (4, 2), (99, 4)):
            tx.run_built("UPDATE audit SET no = :new WHERE no = :old", {"old": old, "new": new})
        return audit.verify(tx)

    assert await database.call(story) == audit.Broken(2, "Row 2 does not follow the row before it.")


async def test_rows_appended_at_once_make_one_chain(database: Database) -> None:
    await asyncio.gather(*(database.call(appended, 3) for _ in range(8)))
    assert await database.read(audit.verify) is None
    assert len(await database.read(audit.of, "NOTES-1")) == 8


async def test_nothing_is_decided_on_a_chain_without_its_head(database: Database) -> None:
    def story(tx: Tx) -> None:
        tx.run_built("DELETE FROM audit_head", {})
        with pytest.raises(LookupError, match="lost its head"):
            appended(tx, 1)

    await database.call(story)
