"""Forgetting one of the vendor's own people: the keys, and the name wherever it stands."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from api.answers import forget_naming
from api.keys import list_keys, revoke_key
from feeds import forgetting
from feeds.people import FORGOTTEN, SERVICE, spelling
from installs_registry import people
from notifier import previews, staff_mail
from notifier.forgetting import forget_acceptor
from storage import Statements, Tx

sql = Statements(__package__)


def forget_person(tx: Tx, person: str, now: datetime, *, by: str = SERVICE) -> int:
    """Revoke a person's keys and take the name out of everything, the audit too; return how many keys there were.

    The audit stays whole: its rows keep a reference that nobody can turn back. Raises NotFound for an unknown name.
    """
    theirs = [key for key in list_keys(tx) if spelling(key.person) == spelling(person)]
    for key in theirs:
        if key.revoked_at is None:
            revoke_key(tx, key.id, now, by=by)
    forgetting.forget(tx, person, by, now)
    _forget_beside(tx, person, {key.mail for key in theirs if key.mail})
    for key in theirs:
        tx.run(sql.forget_holder, id=key.id, instead=FORGOTTEN)
    tx.scrub()
    tx.notify()
    return len(theirs)


def _forget_beside(tx: Tx, person: str, addresses: Collection[str]) -> None:
    """Take a person's name out of what is kept of customers, previews, mails and repeated writes."""

    def is_theirs(name: str) -> bool:
        return spelling(name) == spelling(person)

    previews.forget(tx, person)
    forget_acceptor(tx, is_theirs, FORGOTTEN)
    people.forget(tx, is_theirs, FORGOTTEN)
    for name in {row["person"] for row in tx.all(sql.persons) if is_theirs(row["person"])} | {person}:
        staff_mail.forget(tx, name, addresses, FORGOTTEN)
        forget_naming(tx, name)
    for address in addresses:
        forget_naming(tx, address)
