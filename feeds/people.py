"""The people that the audit names: its rows hold references, and a name can be forgotten without breaking them."""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from collections.abc import Mapping

from storage import Statements, Tx

sql = Statements(__package__)

#: What stands in place of a name that was forgotten.
FORGOTTEN = "somebody who was forgotten"

#: No name of a person: what the settings and the service itself do is told apart from what people do.
SETTINGS, SERVICE = "the settings", "the service"
RESERVED = frozenset({SETTINGS, SERVICE, FORGOTTEN})

_PREFIX = "person:"


def spelling(person: str) -> str:
    """Return what makes two spellings one person: `Ann` and `ann ` shall not be two."""
    return " ".join(unicodedata.normalize("NFC", person).split()).casefold()


def reference(tx: Tx, person: str) -> str:
    """Return what stands for a person in the audit; the caller holds the audit's head."""
    known = tx.value(sql.find_reference, spelling=spelling(person))
    if known is not None:
        return str(known)
    salt = secrets.token_hex(16)
    made = _committed(person, salt)
    tx.run(sql.add_reference, ref=made, person=person, spelling=spelling(person), salt=salt)
    return made


def names(tx: Tx) -> dict[str, str]:
    """Return the name behind each reference, FORGOTTEN where it is no longer known."""
    return {row["ref"]: row["person"] or FORGOTTEN for row in tx.all(sql.list_references)}


def exchanged(tx: Tx) -> Mapping[str, str | None]:
    """Return by reference what is wrong with the name behind it; None: it is the one that was written, or forgotten."""
    return {row["ref"]: _wrong(row) for row in tx.all(sql.list_references)}


def is_forgotten(tx: Tx) -> frozenset[str]:
    """Return the references whose names were forgotten."""
    return frozenset(row["ref"] for row in tx.all(sql.list_references) if row["person"] is None)


def is_reference(text: str) -> bool:
    """Tell whether a text of the audit is a reference; rows of earlier programs hold the name itself."""
    return text.startswith(_PREFIX)


def _wrong(row: Mapping[str, str | None]) -> str | None:
    person, salt = row["person"], row["salt"]
    if person is None or (salt is not None and _committed(person, salt) == row["ref"]):
        return None
    return "The name of somebody who acted was changed after it was written."


def _committed(person: str, salt: str) -> str:
    return _PREFIX + hashlib.sha256(f"{salt}:{person}".encode()).hexdigest()
