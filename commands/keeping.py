"""What the service keeps for itself in the database: its secret, its first key, whether mail is held back."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from api.keys import Role, create_key, has_admin_key
from storage import Statements, Tx, instant, new_id

sql = Statements(__package__)


@dataclass(frozen=True, slots=True)
class MailHold:
    """No mail leaves, and why."""

    reason: str
    #: A stored instant.
    since: str


def kept_secret(tx: Tx, now: datetime) -> str:
    """Return what the links in mails are signed with; the first to ask makes it."""
    tx.run(sql.keep, name="secret", value=secrets.token_urlsafe(32), now=instant(now))
    return str(tx.value(sql.find_kept, name="secret"))


def first_admin_key(tx: Tx, now: datetime) -> str | None:
    """Return an admin key made for the first start; None at each later one, or where there was one before."""
    mine = new_id(now)
    tx.run(sql.keep, name="first_start", value=mine, now=instant(now))
    if tx.value(sql.find_kept, name="first_start") != mine or has_admin_key(tx):
        return None
    return create_key(tx, Role.ADMIN, "admin", now=now).text


def hold_mail(tx: Tx, reason: str, now: datetime) -> int:
    """Let no mail leave until `resume_mail`; return how many deliveries wait."""
    tx.run(sql.hold_mail, reason=reason, now=instant(now))
    tx.notify()
    return int(tx.value(sql.count_unsent))


def resume_mail(tx: Tx) -> int:
    """Let mail leave again, in every running process; return how many deliveries were waiting."""
    tx.run(sql.resume_mail)
    tx.notify()
    return int(tx.value(sql.count_unsent))


def mail_hold(tx: Tx) -> MailHold | None:
    """Return why no mail leaves, None where it does."""
    row = tx.one(sql.find_hold)
    return None if row is None else MailHold(row["reason"], row["since"])
