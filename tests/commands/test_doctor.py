"""`forewarn doctor`: well on a fresh database of each kind, not well where something was touched."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from commands.doctor import _fact
from feeds import audit
from notifier.delivery import lane_store
from notifier.delivery.breaker import Rest
from notifier.delivery.lane import Standing
from storage import Database, SystemClock, Tx, open_database
from tests.commands.conftest import Forewarn


def by_name(findings: list[dict[str, Any]]) -> Mapping[str, dict[str, Any]]:
    return {finding["what"]: finding for finding in findings}


def on(url: str, work: Any, *args: Any) -> Any:
    async def done() -> Any:
        database: Database = open_database(url)
        try:
            return await database.call(work, *args)
        finally:
            await database.close()

    return asyncio.run(done())


#: The server that the tests start does not wait for the disk, and doctor is right to say so.
OF_THE_TESTS = {"fsync", "full_page_writes"}


def test_a_fresh_database_is_well(forewarn: Forewarn) -> None:
    findings = by_name(forewarn("doctor", "--json").answer)
    assert findings["audit"]["good"] is True
    assert findings["mail"]["found"] == "leaves"
    assert findings["schema"]["found"] != "0"
    assert {name for name, finding in findings.items() if finding["good"] is False} <= OF_THE_TESTS


def test_a_database_that_is_well_exits_with_0_and_a_table_for_people(line: Forewarn, sqlite_url: str) -> None:
    looked = line("doctor", "--database", sqlite_url)
    assert looked.code == 0
    assert "audit" in looked.out
    assert "WRONG" not in looked.out


def test_lanes_that_rest_are_told_with_why_until_when_and_at_what_pace(forewarn: Forewarn, database_url: str) -> None:
    assert not [name for name in by_name(forewarn("doctor", "--json").answer) if name.startswith("lane ")]
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    rest = Rest("550 5.7.1 blocked using zen.spamhaus.org", noon, noon + timedelta(minutes=10), timedelta(minutes=10))
    on(database_url, lane_store.tell, [Standing("google", rest, 0.5), Standing("yahoo", None, 3.0)], noon)
    told = (
        "slowed down to 0.5 mails a second; paused since 2026-01-01 12:00, next try 2026-01-01 12:10 UTC"
        " after 10 minutes: 550 5.7.1 blocked using zen.spamhaus.org"
    )
    findings = by_name(forewarn("doctor", "--json").answer)
    assert findings["lane google"]["found"] == told
    assert findings["lane yahoo"]["found"] == "slowed down to 3 mails a second"
    lines = forewarn("mail", "lanes").out.splitlines()
    assert lines == [f"google  {told}", "yahoo  slowed down to 3 mails a second"]


def test_an_audit_row_that_was_changed_is_found_and_named(forewarn: Forewarn, database_url: str) -> None:
    on(database_url, two_rows)
    assert by_name(forewarn("doctor", "--json").answer)["audit"]["good"] is True
    on(database_url, lambda tx: tx.run_built("UPDATE audit SET person = 'Eve' WHERE no = 1", {}))
    looked = forewarn("doctor", "--json")
    assert looked.code == 1
    assert by_name(looked.answer)["audit"]["found"].startswith("row 1: ")
    assert "WRONG" in forewarn("doctor").out


def two_rows(tx: Tx) -> None:
    for act in ("filed", "published"):
        audit.record(tx, "Anna", act, "NOTES-1", {}, SystemClock().now())


@pytest.mark.parametrize(
    ("facts", "name", "good"),
    [
        ({"synchronous": "normal"}, "synchronous", False),
        ({"journal_mode": "delete"}, "journal_mode", False),
        ({"fsync": "off"}, "fsync", False),
        ({"synchronous_commit": "off"}, "synchronous_commit", False),
        ({"synchronous_commit": "remote_apply"}, "synchronous_commit", True),
        ({"library": "3.51.2", "library_oldest": "3.51.3"}, "library", False),
        ({"library": "3.53.4", "library_oldest": "3.51.3"}, "library", True),
        ({"integrity": "row 3 missing", "library_oldest": "3.51.3"}, "integrity", False),
    ],
)
def test_what_could_lose_an_acknowledged_row_is_not_well(facts: dict[str, str | int], name: str, *, good: bool) -> None:
    assert _fact(name, facts).good is good


def test_the_audit_alone_is_verified_and_its_first_broken_row_named(forewarn: Forewarn, database_url: str) -> None:
    on(database_url, two_rows)
    assert by_name(forewarn("doctor", "--audit", "--json").answer) == {
        "audit": {"what": "audit", "found": "whole", "good": True}
    }
    on(database_url, lambda tx: tx.run_built("UPDATE audit SET act = 'nothing' WHERE no = 2", {}))
    looked = forewarn("doctor", "--audit")
    assert looked.code == 1
    assert "row 2: Row 2 was changed after it was written." in " ".join(looked.out.split())


def test_an_exported_head_shows_later_whether_the_chain_is_still_the_same(
    forewarn: Forewarn, database_url: str, tmp_path: Path
) -> None:
    on(database_url, two_rows)
    file = str(tmp_path / "head.json")
    assert forewarn("doctor", "--audit", "--export-head", file).code == 0
    on(database_url, two_rows)
    checked = forewarn("doctor", "--check-head", file, "--json")
    assert checked.code == 0
    assert by_name(checked.answer)["head"]["found"].startswith("the same up to row 2, as signed at ")
    on(database_url, lambda tx: tx.run_built("DELETE FROM audit WHERE no > 1", {}))
    on(
        database_url,
        lambda tx: tx.run_built("UPDATE audit_head SET no = 1, hash = (SELECT hash FROM audit WHERE no = 1)", {}),
    )
    assert by_name(forewarn("doctor", "--json").answer)["audit"]["good"] is True
    checked = forewarn("doctor", "--check-head", file, "--json")
    assert checked.code == 1
    assert by_name(checked.answer)["head"]["found"].startswith("row 2: The chain ends at row 1")


def test_a_head_is_not_written_over_and_a_file_that_is_none_is_refused(forewarn: Forewarn, tmp_path: Path) -> None:
    file = tmp_path / "head.json"
    file.write_text("{}", encoding="utf-8")
    written = forewarn("doctor", "--export-head", str(file))
    assert (written.code, file.read_text(encoding="utf-8")) == (1, "{}")
    assert forewarn("doctor", "--check-head", str(file)).err.startswith("forewarn: This is no signed head")
    assert forewarn("doctor", "--check-head", str(tmp_path / "nothing")).code == 1
