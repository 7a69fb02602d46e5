"""Who asks, and whether they may: keys from memory at the door, from the database where it counts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Concatenate, ParamSpec, TypeVar

import structlog

from api.keys import Key, Role, find_key, hash_of, keys_in_force
from api.problems import Kind, Problem
from storage import Database, StorageError, Tx

P = ParamSpec("P")
T = TypeVar("T")

#: The key of the settings, which is in no table.
ADMIN = Key(id="settings", role=Role.ADMIN, person="admin")

#: Wider than RFC 6750, since an admin may choose any text as a key; the scheme's name in any case (RFC 9110,
#: section 11.1).
_BEARER = re.compile(r"(?i:bearer) +(\S.*)")


def bearer_hash(header: str | None) -> str:
    """Return the hash of the key in an Authorization header. Raises Problem (401) where there is none."""
    found = _BEARER.fullmatch((header or "").strip())
    # What is not UTF-8 arrives as halves of surrogate pairs, which are not printable.
    if found is None or not found[1].isprintable():
        raise unauthorized("Send a key as `Authorization: Bearer KEY`.")
    return hash_of(found[1])


def unauthorized(detail: str) -> Problem:
    """Return the answer 401, which tells how to come with a key."""
    return Problem(Kind.UNAUTHORIZED, detail, headers={"WWW-Authenticate": 'Bearer realm="forewarn"'})


def allow(key: Key | None, roles: frozenset[Role]) -> Key:
    """Return the key when it is in force and has one of `roles`. Raises Problem (401 or 403) else."""
    if key is None:
        raise unauthorized("This key is unknown or was revoked.")
    if key.role not in roles:
        raise Problem(Kind.FORBIDDEN, f"A key with the role {key.role} may not do this.")
    return key


class Keys:
    """The keys in force.

    `recent` answers from memory, at most a second behind the database; `current` asks the database inside the
    transaction that acts, so that a revoked key does nothing more.
    """

    def __init__(self, admin_key: str | None = None) -> None:
        #: SHA-256 of the admin key of the settings, if there is one.
        self._admin_hash = None if admin_key is None else hash_of(admin_key)
        self._by_hash: Mapping[str, Key] = {}

    def recent(self, key_hash: str) -> Key | None:
        """Return the key with this hash as the last refresh had it."""
        return self._settled(key_hash) or self._by_hash.get(key_hash)

    def current(self, tx: Tx, key_hash: str) -> Key | None:
        """Return the key with this hash as it stands in this transaction."""
        return self._settled(key_hash) or find_key(tx, key_hash)

    def guarded(
        self, key_hash: str, roles: frozenset[Role], work: Callable[Concatenate[Tx, P], T]
    ) -> Callable[Concatenate[Tx, P], T]:
        """Return `work` for the key with this hash: refused (Problem) in a transaction where that is not in force."""

        def guarded(tx: Tx, /, *args: P.args, **kwargs: P.kwargs) -> T:
            allow(self.current(tx, key_hash), roles)
            return work(tx, *args, **kwargs)

        return guarded

    async def admit(self, database: Database, key_hash: str) -> Key | None:
        """Return the key with this hash; only one that the cache lacks costs a look into the database."""
        return self.recent(key_hash) or await database.read(find_key, key_hash)

    async def refresh(self, database: Database) -> None:
        """Read all keys again."""
        self._by_hash = await database.read(keys_in_force)

    async def keep_fresh(self, database: Database) -> None:
        """Read all keys again whenever something was committed, until the database closes."""
        async for _ in database.watch():
            try:
                await self.refresh(database)
            except StorageError:
                structlog.get_logger("forewarn.http").exception("keys_not_read")

    def _settled(self, key_hash: str) -> Key | None:
        # Both are hashes of what was sent, so that the time of the comparison tells nothing of the key.
        return ADMIN if key_hash == self._admin_hash else None
