"""A database that was put back is noticed, and its mail is held."""

from __future__ import annotations

import errno
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from commands import epoch
from commands.keeping import MailHold, hold_mail, mail_hold
from storage import Database, Tx
from tests.commands.conftest import Forewarn
from tests.commands.vendors import a_vendor, on
from tests.conftest import FakeClock
from tests.notifier.stage import Stage


def started(url: str) -> MailHold | None:
    """Start on a database as the service does; return why its mail is held."""

    async def start(database: Database) -> MailHold | None:
        await epoch.check(url, database, FakeClock(datetime(2026, 1, 1, tzinfo=UTC)))
        return await database.read(mail_hold)

    return on(url, start)


def test_a_database_that_was_only_stopped_sends_on(database_url: str) -> None:
    assert [started(database_url) for _ in range(3)] == [None] * 3


def test_a_file_that_was_put_back_holds_its_mail(migrated_sqlite_url: str, tmp_path: Path) -> None:
    file = Path(migrated_sqlite_url.removeprefix("sqlite:///"))
    started(migrated_sqlite_url)
    shutil.copy(file, tmp_path / "yesterday.db")
    started(migrated_sqlite_url)
    shutil.copy(tmp_path / "yesterday.db", file)
    assert started(migrated_sqlite_url) is not None
    assert started(migrated_sqlite_url) is not None


def test_a_backup_that_is_put_back_by_hand_without_a_start_between_is_noticed(
    line: Forewarn, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    file = Path(migrated_sqlite_url.removeprefix("sqlite:///"))
    started(migrated_sqlite_url)
    assert line("backup", str(tmp_path / "copy.db"), "--database", migrated_sqlite_url).code == 0
    shutil.copy(tmp_path / "copy.db", file)
    assert started(migrated_sqlite_url) is not None


def test_a_file_that_is_taken_elsewhere_holds_its_mail(migrated_sqlite_url: str, tmp_path: Path) -> None:
    started(migrated_sqlite_url)
    moved = tmp_path / "elsewhere.db"
    shutil.copy(migrated_sqlite_url.removeprefix("sqlite:///"), moved)
    assert started(f"sqlite:///{moved}") is not None


def test_a_start_that_is_cut_off_while_it_moves_the_mark_holds_nothing(
    migrated_sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    started(migrated_sqlite_url)

    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(epoch, "_keep", cut_off)
        with pytest.raises(KeyboardInterrupt):
            started(migrated_sqlite_url)
    assert started(migrated_sqlite_url) is None


def test_a_mark_that_cannot_be_written_leaves_the_one_before_whole(
    migrated_sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    started(migrated_sqlite_url)
    file = Path(f"{migrated_sqlite_url.removeprefix('sqlite:///')}.epoch")
    before = file.read_bytes()

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(OSError, match="no space"):
            started(migrated_sqlite_url)
    assert file.read_bytes() == before
    assert started(migrated_sqlite_url) is None
    assert len(file.read_bytes()) == len(before)


def test_a_postgresql_database_whose_tables_were_made_anew_holds_its_mail(migrated_postgresql_url: str) -> None:
    started(migrated_postgresql_url)

    def made_anew(tx: Tx) -> None:
        tx.run_built("ALTER TABLE kept RENAME TO kept_before", {})
        tx.run_built("CREATE TABLE kept (LIKE kept_before INCLUDING ALL)", {})
        tx.run_built("INSERT INTO kept SELECT * FROM kept_before", {})
        tx.run_built("DROP TABLE kept_before", {})

    async def restore(database: Database) -> None:
        await database.call(made_anew)

    async def look_again(database: Database) -> MailHold | None:
        await epoch.move(migrated_postgresql_url, database, FakeClock(datetime(2026, 1, 1, tzinfo=UTC)))
        return await database.read(mail_hold)

    assert on(migrated_postgresql_url, look_again) is None
    on(migrated_postgresql_url, restore)
    assert on(migrated_postgresql_url, look_again) is not None
    assert started(migrated_postgresql_url) is not None


def test_what_is_released_since_the_backup_sends_on_and_says_what_is_in_doubt(
    line: Forewarn, database_url: str
) -> None:
    async def one_warned(stage: Stage) -> None:
        await stage.holds("carol", "i-1")
        await stage.publish(severity="outage")

    a_vendor(database_url, one_warned)
    started(database_url)

    async def hold(database: Database) -> None:
        await database.call(hold_mail, "a test", datetime(2026, 1, 1, tzinfo=UTC))

    on(database_url, hold)
    assert line("mail", "release", "--database", database_url).code == 1
    ran = line("mail", "release", "--since", "2100-01-01T00:00:00Z", "--database", database_url)
    assert ran.code == 0, ran.err
    assert "1 delivery may have been sent after the backup was made, 0 waiting to be sent" in ran.err
    assert started(database_url) is None


def test_what_came_back_is_read_from_a_maildir_and_from_an_mbox(
    line: Forewarn, database_url: str, tmp_path: Path
) -> None:
    bounce = (
        b"From: MAILER-DAEMON@mx.example\nTo: bounces@notes.example\nSubject: failure notice\n\nno such user here\n"
    )
    (tmp_path / "box" / "new").mkdir(parents=True)
    (tmp_path / "box" / "new" / "1").write_bytes(bounce)
    (tmp_path / "mbox").write_bytes(b"From x Sat Jan  1 00:00:00 2026\n" + bounce + b"\n")
    for source in ("box", "mbox", "box/new/1"):
        ran = line("mail", "bounces", str(tmp_path / source), "--database", database_url)
        assert (ran.code, ran.out.strip()) == (0, "1 not_ours"), ran.err


def test_without_any_the_lanes_and_the_addresses_left_alone_are_told(line: Forewarn, database_url: str) -> None:
    assert "all lanes are open" in line("mail", "lanes", "--database", database_url).err
    assert line("mail", "suppressions", "--database", database_url).out == ""
    assert line("mail", "suppressions", "--lift", "a@b.example", "--database", database_url).code == 1
