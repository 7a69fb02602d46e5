"""Keys: who may ask. The text of a key is shown once; only its SHA-256 is kept."""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from feeds import audit, signatures
from feeds.people import RESERVED, SERVICE, spelling
from installs_registry import products
from storage import Row, Statements, Tx, instant, new_id
from storage.outcomes import Fault, Invalid, NotFound

sql = Statements(__package__)

#: Characters that a person's name or mail address may have.
_LONGEST = 200


class Role(StrEnum):
    """What a key may do; `api.routes` has the table."""

    #: Everything.
    ADMIN = "admin"
    #: Reads, and decides on defects.
    APPROVER = "approver"
    #: Files, revises and previews defects; reads all but customers' names and addresses.
    REPORTER = "reporter"
    #: Reads all but customers' names and addresses.
    VIEWER = "viewer"
    #: One product's client apps; no secret, for it sits in every copy of them.
    APP = "app"


#: The roles that may read customers' names and addresses.
CONFIDED = frozenset({Role.ADMIN, Role.APPROVER})

#: The roles that decide on defects.
DECIDING = frozenset({Role.ADMIN, Role.APPROVER})


@dataclass(frozen=True, slots=True)
class Key:
    """Who asks. Two keys of one person are one person."""

    id: str
    role: Role
    person: str
    #: The one product of an app key, by our number and by its id; None for the other roles.
    product_no: int | None = None
    product: str | None = None


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that has just been made."""

    id: str
    #: To be shown now; nobody can read it later.
    text: str


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A key as it is listed; times are stored instants."""

    id: str
    role: Role
    person: str
    mail: str | None
    product: str | None
    created_at: str
    revoked_at: str | None


def hash_of(text: str) -> str:
    """Return what is kept of a key: it is random enough that a plain SHA-256 cannot be turned back."""
    return hashlib.sha256(text.encode()).hexdigest()


def create_key(
    tx: Tx,
    role: Role,
    person: str,
    *,
    mail: str | None = None,
    product: str | None = None,
    by: str = SERVICE,
    now: datetime,
) -> NewKey:
    """Make a key; it holds at once in every process. The audit names who made it (`by`), and for whom.

    Raises Invalid where the name is unfit or a product is missing or out of place, NotFound for
    an unknown product.
    """
    name = _person(tx, person)
    _check(role, mail, product)
    key = NewKey(new_id(now), f"fw_{role}_{secrets.token_urlsafe(32)}")
    tx.run(
        sql.insert_key,
        id=key.id,
        hash=hash_of(key.text),
        role=role.value,
        person=name,
        mail=mail,
        product_no=None if product is None else products.find(tx, product).no,
        now=instant(now),
    )
    detail = {"role": role.value, "whose": name, "product": product}
    audit.record(tx, by, "create key", key.id, {name: value for name, value in detail.items() if value}, now)
    tx.notify()
    return key


def list_keys(tx: Tx) -> Sequence[KeyRecord]:
    """Return all keys, revoked ones too, oldest first."""
    return [KeyRecord(**{**row, "role": Role(row["role"])}) for row in tx.all(sql.all_keys)]


def revoke_key(tx: Tx, key_id: str, now: datetime, *, by: str = SERVICE) -> None:
    """Make a key worthless at once. Raises NotFound where no such key is in force.

    Where its holder has no other key to decide with, what the holder has signed and what still waits for another
    person's word counts no longer.
    """
    row = tx.one(sql.key_of_id, id=key_id)
    if row is None or not tx.run(sql.revoke_key, id=key_id, now=instant(now)):
        raise NotFound(f"There is no key {key_id} in force.")
    audit.record(tx, by, "revoke key", key_id, {"role": row["role"], "whose": row["person"]}, now)
    left = {key.role for key in keys_in_force(tx).values() if spelling(key.person) == spelling(row["person"])}
    if not left & DECIDING:
        signatures.lapse(tx, row["person"], now)
    tx.notify()


def deciders_mail(tx: Tx) -> tuple[str, ...]:
    """Return the mail addresses of all who decide on defects, each once, in their order."""
    return tuple(row["mail"] for row in tx.all(sql.mail_of_deciders))


def has_admin_key(tx: Tx) -> bool:
    """Say whether an admin key is in force, so that the first start knows whether to make one."""
    return bool(tx.value(sql.count_admin_keys))


def find_key(tx: Tx, key_hash: str) -> Key | None:
    """Return the key in force that has this hash."""
    row = tx.one(sql.find_key, hash=key_hash)
    return None if row is None else _key(row)


def keys_in_force(tx: Tx) -> dict[str, Key]:
    """Return every key in force by its hash."""
    return {row["hash"]: _key(row) for row in tx.all(sql.current_keys)}


def _key(row: Row) -> Key:
    return Key(row["id"], Role(row["role"]), row["person"], row["product_no"], row["product"])


def _person(tx: Tx, person: str) -> str:
    """Return the name as it is known already, so that "anna" and "Anna " do not sign as two people."""
    name = " ".join(unicodedata.normalize("NFC", person).split())
    if not name or len(name) > _LONGEST or not name.isprintable():
        raise Invalid.at("/person", f"A person's name is one line of 1 to {_LONGEST} characters.")
    if spelling(name) in RESERVED:
        raise Invalid.at("/person", f"{name} is no person's name: the audit tells it apart from people.")
    known = (row["person"] for row in tx.all(sql.persons))
    return next((other for other in known if other.casefold() == name.casefold()), name)


def _check(role: Role, mail: str | None, product: str | None) -> None:
    faults = []
    if (role is Role.APP) is (product is None):
        faults.append(Fault("/product", "A key with the role app is for one product, any other key for none."))
    if mail is not None and (len(mail) > _LONGEST or "@" not in mail or not mail.isprintable() or " " in mail):
        faults.append(Fault("/mail", "This is not a mail address."))
    if faults:
        raise Invalid(*faults)
