"""Claim codes: what a customer types into the client app, so that its install is known to be the customer's.

A code has 100 random bits, so it is kept as a plain SHA-256, like a key, and cannot be guessed.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec

from installs_registry import tokens
from storage import Statements, Tx, instant, new_id
from storage.outcomes import Invalid

sql = Statements(__package__, "care.sql")

#: Crockford's base 32: nothing in it is mistaken for something else when it is read out.
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
#: What a person writes for one of them.
_MEANT: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "U": "V", "-": None, " ": None})
_LENGTH: Final = 20
_GROUP: Final = 5

#: Said of every code that links nothing, so that none tells whether it ever existed.
REFUSED: Final = "This code links nothing. It may be mistyped, used up or expired: ask for a new one."


class ClaimCodeWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a code is to be good for."""

    uses: Annotated[int, msgspec.Meta(ge=1, le=1_000, description="installs that it links at most")] = 1
    days: Annotated[int, msgspec.Meta(ge=1, le=365, description="for how long it is good")] = 14


class NewClaimCode(msgspec.Struct, frozen=True, kw_only=True):
    """A claim code that has just been made."""

    id: str
    code: Annotated[str | None, msgspec.Meta(description="shown once; null where the same request comes again")]
    uses: int
    expires_at: str

    def without_code(self) -> NewClaimCode:
        """Return what may be kept of it."""
        return msgspec.structs.replace(self, code=None)


class ClaimCodeView(msgspec.Struct, frozen=True, kw_only=True):
    """A claim code as it is listed; times are instants."""

    id: str
    uses: int
    used: int
    made_by: str
    made_at: str
    expires_at: str


def make(tx: Tx, customer_no: int, wish: ClaimCodeWish, by: str, now: datetime) -> NewClaimCode:
    """Make a code for a customer, on behalf of the person `by`."""
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    made = NewClaimCode(
        id=new_id(now),
        code="-".join(code[start : start + _GROUP] for start in range(0, _LENGTH, _GROUP)),
        uses=wish.uses,
        expires_at=instant(now + timedelta(days=wish.days)),
    )
    tx.run(
        sql.insert_claim_code,
        id=made.id,
        customer_no=customer_no,
        hash=tokens.digest(code),
        uses=made.uses,
        made_by=by,
        at=instant(now),
        expires_at=made.expires_at,
    )
    return made


def listing(tx: Tx, customer_no: int) -> Sequence[ClaimCodeView]:
    """Return the codes ever made for a customer, without the codes themselves, oldest first."""
    rows = tx.all(sql.claim_codes_of, customer_no=customer_no)
    return [ClaimCodeView(**row) for row in rows]


def void(tx: Tx, customer_no: int, now: datetime) -> int:
    """Let the codes of a customer link nothing more; return how many were good until now."""
    return tx.run(sql.void_claim_codes, customer_no=customer_no, now=instant(now))


def redeem(tx: Tx, code: str, install: str, now: datetime) -> int:
    """Return the number of the customer whose code links `install`; the same install may send it again.

    Raises Invalid with one sentence whatever is wrong with the code, after the same statements.
    """
    values = {"hash": tokens.digest(_normal(code)), "install": install, "now": instant(now)}
    used = tx.run(sql.use_code, **values)
    tx.run(sql.insert_claim, **values, used=used)
    customer_no = tx.value(sql.claimed_customer, hash=values["hash"], install=install)
    if customer_no is None:
        raise Invalid.at("/claim", REFUSED)
    return int(customer_no)


def _normal(code: str) -> str:
    return code.upper().translate(_MEANT)
