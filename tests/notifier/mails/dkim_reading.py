"""A slow and plain reading of RFC 6376 and RFC 8463, to check signatures by: it shares no code with what signs."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa


def verified(message: bytes, records: Mapping[str, str]) -> list[bool]:
    """Tell for each DKIM-Signature of a message, from the top, whether it holds; `records` are TXT records by name."""
    head, _, body = message.partition(b"\r\n\r\n")
    fields = re.split(rb"\r\n(?![ \t])", head)
    return [
        _holds(field, [each for each in fields if each is not field], body, records)
        for field in fields
        if field.lower().startswith(b"dkim-signature:")
    ]


def _holds(signature: bytes, fields: list[bytes], body: bytes, records: Mapping[str, str]) -> bool:
    tags = _tags(signature.partition(b":")[2].decode())
    header_form, _, body_form = tags["c"].partition("/")
    canonical_body = _relaxed_body(body) if body_form == "relaxed" else _simple_body(body)
    if base64.b64encode(hashlib.sha256(canonical_body).digest()).decode() != re.sub(r"\s", "", tags["bh"]):
        return False
    form = _relaxed_field if header_form == "relaxed" else (lambda field: field)
    left = list(fields)
    data = b""
    for name in tags["h"].split(":"):
        there = [each for each in left if each.partition(b":")[0].strip().lower() == name.strip().lower().encode()]
        if there:
            left.reverse()
            left.remove(there[-1])
            left.reverse()
            data += form(there[-1]) + b"\r\n"
    data += form(re.sub(rb"(\bb=)[^;]*$", rb"\1", signature))
    record = _tags(records[f"{tags['s'].strip()}._domainkey.{tags['d'].strip()}."])
    return _signed(tags["a"], base64.b64decode(record["p"]), base64.b64decode(re.sub(r"\s", "", tags["b"])), data)


def _signed(algorithm: str, public: bytes, value: bytes, data: bytes) -> bool:
    try:
        if algorithm == "ed25519-sha256":
            ed25519.Ed25519PublicKey.from_public_bytes(public).verify(value, hashlib.sha256(data).digest())
        else:
            assert algorithm == "rsa-sha256"
            key = serialization.load_der_public_key(public)
            assert isinstance(key, rsa.RSAPublicKey)
            key.verify(value, data, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _tags(text: str) -> dict[str, str]:
    pairs = (each.partition("=") for each in text.split(";") if each.strip())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _relaxed_field(field: bytes) -> bytes:
    name, _, value = field.partition(b":")
    return name.strip().lower() + b":" + re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip(b" ")


def _relaxed_body(body: bytes) -> bytes:
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    return _ended(b"\r\n".join(lines))


def _simple_body(body: bytes) -> bytes:
    return _ended(body) or b"\r\n"


def _ended(body: bytes) -> bytes:
    text = re.sub(rb"(\r\n)+\Z", b"", body)
    return text + b"\r\n" if text else b""
