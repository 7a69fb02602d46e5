"""Forgetting a person of the vendor's own: the name goes, what was decided stays, and so does the audit's chain."""

from __future__ import annotations

from datetime import datetime

from storage import Statements, Tx
from storage.outcomes import NotFound

from . import audit, signatures
from .people import FORGOTTEN, RESERVED, spelling

sql = Statements(__package__)


def forget(tx: Tx, person: str, by: str, now: datetime) -> None:
    """Take a person's name out of the audit and of every defect; what the person signed and waits counts no longer.

    Raises NotFound where nothing was ever decided in this name.
    """
    audit.lock(tx)
    ref = tx.value(sql.find_reference, spelling=spelling(person))
    if ref is None or spelling(person) in RESERVED:
        raise NotFound(f"Nobody of the name {person} has decided anything.")
    signatures.lapse(tx, person, now)
    audit.record(tx, by, audit.FORGET, ref, {}, now)
    tx.run(sql.forget_reference, ref=ref)
    for known in [row["person"] for row in tx.all(sql.list_names)]:
        if spelling(known) == spelling(person):
            _replace(tx, known)


def _replace(tx: Tx, person: str) -> None:
    for statement in (
        sql.forget_filers,
        sql.forget_authors,
        sql.forget_signers,
        sql.forget_holders,
        sql.forget_rule_signers,
    ):
        tx.run(statement, person=person, instead=FORGOTTEN)
