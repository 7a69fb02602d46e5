"""`forewarn backup` and `forewarn restore`: everything comes back, and no mail leaves by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands.keeping import MailHold, mail_hold
from storage import Database
from tests.commands.conftest import Forewarn, Ran
from tests.commands.vendors import a_vendor, on
from tests.notifier.stage import Stage


async def one_warned(stage: Stage) -> None:
    await stage.holds("carol", "i-1")
    await stage.publish()


@pytest.fixture
def url(migrated_sqlite_url: str) -> str:
    a_vendor(migrated_sqlite_url, one_warned)
    return migrated_sqlite_url


def hold_of(url: str) -> MailHold | None:
    async def read(database: Database) -> MailHold | None:
        return await database.read(mail_hold)

    return on(url, read)


def listed(line: Forewarn, url: str) -> Ran:
    return line("defect", "list", "--json", "--database", url)


def test_a_backup_restored_elsewhere_holds_everything(line: Forewarn, url: str, tmp_path: Path) -> None:
    backup, target = tmp_path / "copy.db", f"sqlite:///{tmp_path}/other.db"
    assert line("backup", str(backup), "--database", url).code == 0
    assert line("restore", str(backup), "--database", target).code == 0
    assert listed(line, target).answer == listed(line, url).answer


def test_mail_of_a_restored_backup_is_held_until_told(line: Forewarn, url: str, tmp_path: Path) -> None:
    backup, target = tmp_path / "copy.db", f"sqlite:///{tmp_path}/other.db"
    line("backup", str(backup), "--database", url)
    restored = line("restore", str(backup), "--database", target)
    assert "mail is held, 1 delivery waiting in it" in restored.err
    assert "forewarn mail release --since TIME" in restored.err
    assert hold_of(target) is not None
    assert "; to let it go: forewarn mail release" in line("doctor", "--database", target).out
    assert line("restore", "--resume-mail", "--database", target).code == 0
    assert hold_of(target) is None
    assert hold_of(url) is None


def test_mail_leaves_at_once_where_that_is_asked_for(line: Forewarn, url: str, tmp_path: Path) -> None:
    backup, target = tmp_path / "copy.db", f"sqlite:///{tmp_path}/other.db"
    line("backup", str(backup), "--database", url)
    line("restore", str(backup), "--resume-mail", "--database", target)
    assert hold_of(target) is None


def test_a_backup_replaces_no_file(line: Forewarn, url: str, tmp_path: Path) -> None:
    backup = tmp_path / "copy.db"
    backup.write_text("precious", encoding="utf-8")
    refused = line("backup", str(backup), "--database", url)
    assert refused.code == 1
    assert backup.read_text(encoding="utf-8") == "precious"


def test_a_database_is_replaced_only_by_force_and_kept_beside(line: Forewarn, url: str, tmp_path: Path) -> None:
    backup, fresh = tmp_path / "copy.db", f"sqlite:///{tmp_path}/fresh.db"
    line("backup", str(backup), "--database", url)
    line("keys", "create", "--role", "viewer", "--name", "Ben", "--database", fresh)
    refused = line("restore", str(backup), "--database", fresh)
    assert refused.code == 1
    assert "--force" in refused.err
    assert line("restore", str(backup), "--force", "--database", fresh).code == 0
    assert line("keys", "list", "--json", "--database", fresh).answer == []
    kept = line("keys", "list", "--json", "--database", f"{fresh}.before-restore").answer
    assert [key["person"] for key in kept] == ["Ben"]


@pytest.mark.parametrize("content", [b"", b"Dear customer, " * 1000])
def test_what_is_no_backup_is_refused_and_the_database_stays(
    line: Forewarn, url: str, tmp_path: Path, content: bytes
) -> None:
    backup = tmp_path / "letter.db"
    backup.write_bytes(content)
    before = listed(line, url).answer
    refused = line("restore", str(backup), "--force", "--database", url)
    assert (refused.code, refused.err) == (1, f"forewarn: {backup} is no backup of Forewarn.\n")
    assert listed(line, url).answer == before
    assert not list(tmp_path.glob("*.partial*"))


def test_a_backup_that_is_not_there_is_refused(line: Forewarn, url: str, tmp_path: Path) -> None:
    assert line("restore", str(tmp_path / "none.db"), "--force", "--database", url).code == 1


def test_restore_without_anything_to_do_is_refused(line: Forewarn, url: str) -> None:
    assert line("restore", "--database", url).code == 1


def test_postgresql_is_left_to_its_own_tools(line: Forewarn, postgresql_url: str, tmp_path: Path) -> None:
    file = tmp_path / "copy.db"
    file.write_bytes(b"x")
    backed_up = line("backup", str(tmp_path / "pg.db"), "--database", postgresql_url)
    assert backed_up.code == 1
    assert "pg_dump" in backed_up.err
    restored = line("restore", str(file), "--database", postgresql_url)
    assert restored.code == 1
    assert "pg_restore" in restored.err
