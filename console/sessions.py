"""Who is signed in: a random token in a cookie, here only as its hash, bound to a key and looked up at each request."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from storage import Statements, Tx, instant

sql = Statements(__package__)

#: How long a session lasts: a working day.
LASTS = timedelta(hours=12)
#: How long a link that signs in may be used, once.
CODE_LASTS = timedelta(hours=12)

_BYTES = 32


@dataclass(frozen=True, slots=True)
class Session:
    """What is kept of somebody who is signed in."""

    #: The hash of the key that was used to sign in.
    key_hash: str
    #: IANA; None: UTC.
    time_zone: str | None


def start(tx: Tx, key_hash: str, now: datetime) -> str:
    """Sign in; return the token for the cookie. Sessions that have run out are forgotten on this occasion."""
    token = secrets.token_urlsafe(_BYTES)
    tx.run(sql.delete_expired_sessions, now=instant(now))
    tx.run(
        sql.insert_session,
        token_hash=_hash(token),
        key_hash=key_hash,
        now=instant(now),
        expires_at=instant(now + LASTS),
    )
    return token


def find(tx: Tx, token: str, now: datetime) -> Session | None:
    """Return the session of a token, None where there is none or it has run out."""
    row = tx.one(sql.find_session, token_hash=_hash(token), now=instant(now))
    return None if row is None else Session(row["key_hash"], row["time_zone"])


def set_time_zone(tx: Tx, token: str, time_zone: str) -> None:
    """Show times in this zone, an IANA name, for the rest of the session."""
    tx.run(sql.set_time_zone, token_hash=_hash(token), time_zone=time_zone)


def end(tx: Tx, token: str) -> None:
    """Sign out; the token is worthless from here on."""
    tx.run(sql.delete_session, token_hash=_hash(token))


def make_code(tx: Tx, key_hash: str, now: datetime) -> str:
    """Return a code that signs in once with this key: for a link to `/sign-in?code=…`."""
    code = secrets.token_urlsafe(_BYTES)
    tx.run(sql.delete_expired_codes, now=instant(now))
    tx.run(sql.insert_code, code_hash=_hash(code), key_hash=key_hash, expires_at=instant(now + CODE_LASTS))
    return code


def take_code(tx: Tx, code: str, now: datetime) -> str | None:
    """Use a code up; return the hash of its key, None where it is unknown, used or run out."""
    found: str | None = tx.value(sql.take_code, code_hash=_hash(code), now=instant(now))
    return found


def _hash(token: str) -> str:
    # A token is random enough that a plain SHA-256 cannot be turned back.
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
