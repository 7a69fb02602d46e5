"""Letting mail leave again after the database was put back."""

from __future__ import annotations

from datetime import datetime

from commands import epoch, keeping
from commands.settings import Settings
from notifier.delivery.releasing import doubt_before
from notifier.mails.build import Sender
from storage import Clock, Database, Tx


async def released(database: Database, settings: Settings, since: datetime | None, clock: Clock) -> tuple[int, int]:
    """Let mail leave; return how many deliveries were in doubt, and how many wait."""
    await epoch.adopt(settings.database, database, clock)
    return await database.call(_release, settings, since, clock.now())


def _release(tx: Tx, settings: Settings, since: datetime | None, now: datetime) -> tuple[int, int]:
    doubted = 0
    if since is not None:
        domain = Sender.parse(settings.mail_from).domain
        doubted = doubt_before(tx, since, now, repeated=settings.repeat_in_doubt, domain=domain)
    return doubted, keeping.resume_mail(tx)
