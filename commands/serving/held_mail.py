"""What a serving process does while mail is held, and what its log says of it."""

from __future__ import annotations

import structlog

from commands.keeping import mail_hold
from notifier.sweeper import woken
from storage import Database

#: Seconds after which a hold is looked at without having been woken.
_PATIENCE = 1.0


async def mail_released(database: Database) -> None:
    """Wait until no hold keeps mail from leaving; at once where there is none."""
    watcher = database.watch()
    hold = await database.read(mail_hold)
    if hold is not None:
        structlog.get_logger("forewarn.mail").warning("mail_is_held", reason=hold.reason, since=hold.since)
    while hold is not None and await woken(watcher, _PATIENCE):
        hold = await database.read(mail_hold)


def tell_put_back() -> None:
    """Log that the database was found to be a copy of an earlier state."""
    structlog.get_logger("forewarn.mail").warning("database_was_put_back")
