"""Mail of a restored backup: a service that serves it sends nothing until it is told."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage import open_database
from tests.journeys.services import beside, eventually, serving
from tests.notifier.post_office import PostOffice, open_post_office
from tests.notifier.stage import Stage


@pytest.fixture
async def backup(migrated_sqlite_url: str, tmp_path: Path) -> Path:
    """A backup in which one warning waits."""
    database = open_database(migrated_sqlite_url)
    stage = Stage(database, now=datetime.now(UTC))
    await stage.set_up()
    await stage.holds("carol", "i-1")
    await stage.publish()
    await database.backup(tmp_path / "backup.db")
    await database.close()
    return tmp_path / "backup.db"


async def test_mail_of_a_restored_backup_waits_until_it_is_told_to_go(backup: Path, tmp_path: Path) -> None:
    async with open_post_office() as office:
        await asyncio.to_thread(_story, str(backup), f"sqlite:///{tmp_path}/restored.db", office)
    assert [mail["To"] for mail in office.mails()] == ["Carol <carol@example.com>"]


def _story(backup: str, restored: str, office: PostOffice) -> None:
    beside(restored, "restore", backup)
    smtp = f"smtp://127.0.0.1:{office.port}"
    with serving(restored, smtp=smtp, mail_from="Notes Ltd <warnings@notes.example>") as (service, client):
        assert "restored from a backup" in service.logged("mail_is_held")["reason"]
        eventually(client.is_ready)
        assert office.connections == 0
        beside(restored, "restore", "--resume-mail")
        eventually(lambda: bool(office.received))
        service.terminate()
        assert service.ended() == 0
