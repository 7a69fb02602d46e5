"""Signed heads of the audit: kept elsewhere, they show later whether the rows up to them are still the same.

A head is signed with Ed25519, so that whoever keeps it can show, with the public key alone, that it is ours. The
key is derived (HKDF, RFC 5869) from the service's secret: there is no second secret to keep.
"""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from msgspec import Meta, Struct

from storage import Tx, instant
from storage.outcomes import Conflict, Invalid

from . import audit

_PURPOSE = b"forewarn audit head 1"
_HEX = r"^([0-9a-f]{64})?$"


class SignedHead(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The end of the audit at a moment, as it is exported."""

    format: Literal["forewarn-audit-head-1"] = "forewarn-audit-head-1"
    #: The number of the last row.
    no: Annotated[int, Meta(ge=0)]
    #: SHA-256 of the last row, which holds that of the row before it, and so on.
    hash: Annotated[str, Meta(pattern=_HEX)]
    #: RFC 3339, UTC.
    at: str
    #: The public key, base64.
    key: str
    #: Ed25519 over the members above as JSON in this order without blanks, base64.
    signature: str = ""


def signing_key(secret: str) -> Ed25519PrivateKey:
    """Return the key that signs heads, the same for the same secret."""
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.encode())
    return Ed25519PrivateKey.from_private_bytes(derived)


def export(tx: Tx, key: Ed25519PrivateKey, now: datetime) -> SignedHead:
    """Return today's head, signed; raises Conflict where the chain is not whole."""
    broken, end = audit.verify(tx), audit.head(tx)
    if broken is not None or end is None:
        raise Conflict(f"A chain that is broken is not signed. {broken.why if broken else ''}".rstrip())
    head = SignedHead(no=end.no, hash=end.hash, at=instant(now), key=_text(key.public_key().public_bytes_raw()))
    return msgspec.structs.replace(head, signature=_text(key.sign(_signed_bytes(head))))


def read(content: bytes) -> SignedHead:
    """Return the head of a file; raises Invalid where it is none."""
    try:
        return msgspec.json.decode(content, type=SignedHead)
    except (msgspec.DecodeError, ValueError) as error:
        raise Invalid.at("", f"This is no signed head of an audit: {error}") from error


def compare(tx: Tx, head: SignedHead, public_key: str) -> audit.Broken | None:
    """Return the first row of today's chain that is not as it was when the head was signed, None where all are.

    Raises Conflict where the head was not signed with the key of `public_key` (base64), or was changed since.
    """
    _require_signed(head, public_key)
    broken = audit.verify(tx)
    if broken is not None and broken.no <= head.no:
        return broken
    today = audit.hash_of_row(tx, head.no)
    if today is None:
        last = audit.head(tx)
        ends = last.no if last is not None else 0
        return audit.Broken(ends + 1, f"The chain ends at row {ends}; the head was signed at row {head.no}.")
    if today != head.hash:
        return audit.Broken(head.no, f"Row {head.no}, or one before it, is another than when the head was signed.")
    return broken


def public_text(key: Ed25519PrivateKey) -> str:
    """Return the public half of a key in base64, to be compared with that of a head."""
    return _text(key.public_key().public_bytes_raw())


def _require_signed(head: SignedHead, public_key: str) -> None:
    if head.key != public_key:
        raise Conflict("This head was signed with another key: by another service, or before its secret was changed.")
    try:
        signer = Ed25519PublicKey.from_public_bytes(base64.b64decode(head.key, validate=True))
        signer.verify(base64.b64decode(head.signature, validate=True), _signed_bytes(head))
    except (InvalidSignature, ValueError) as error:
        raise Conflict("The signature of this head does not fit: the file was changed.") from error


def _signed_bytes(head: SignedHead) -> bytes:
    members = msgspec.structs.asdict(head)
    return msgspec.json.encode({name: value for name, value in members.items() if name != "signature"})


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
