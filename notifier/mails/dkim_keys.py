"""The keys that mails are signed with (DKIM): made, read, written, and told to the DNS."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

PrivateKey = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

#: Bits below which receivers do not count an RSA key (RFC 8301 asks for 1,024 at least and 2,048 if possible).
LEAST_BITS = 2_048
#: Characters of one string of a TXT record.
_RECORD_STRING = 255

_NAME = re.compile(
    r"(?P<selector>[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*)"
    r"\._domainkey\."
    r"(?P<domain>[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*)"
)


class BadKey(ValueError):
    """A file holds no key that mails can be signed with; the text says why."""


class KeyKind(StrEnum):
    """What a key is, as its DNS record calls it."""

    RSA = "rsa"
    ED25519 = "ed25519"


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """Where a key is kept, and where receivers find its public half."""

    selector: str
    domain: str
    file: Path

    @classmethod
    def parse(cls, text: str) -> KeyPlace:
        """Return the place of "SELECTOR._domainkey.DOMAIN=FILE"; raises ValueError."""
        name, _, file = text.partition("=")
        found = _NAME.fullmatch(name.strip().lower().removesuffix("."))
        if found is None or not file.strip():
            raise ValueError("a DKIM key is SELECTOR._domainkey.DOMAIN=FILE")
        return cls(found["selector"], found["domain"], Path(file.strip()))

    @property
    def name(self) -> str:
        """The name of the DNS record."""
        return f"{self.selector}._domainkey.{self.domain}"


@dataclass(frozen=True, slots=True)
class DkimKey:
    """A key, and the name under which receivers find its public half."""

    selector: str
    domain: str
    private: PrivateKey = field(repr=False)
    _sign: Callable[[bytes], bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Choose once how this kind of key signs."""
        private = self.private
        if isinstance(private, rsa.RSAPrivateKey):
            sign = partial(private.sign, padding=padding.PKCS1v15(), algorithm=hashes.SHA256())
        else:
            sign = partial(_of_digest, private)
        object.__setattr__(self, "_sign", sign)

    @classmethod
    def load(cls, place: KeyPlace) -> DkimKey:
        """Read a key in PEM; raises BadKey, and OSError where the file cannot be read."""
        try:
            return cls(place.selector, place.domain, read_key(place.file.read_bytes()))
        except BadKey as error:
            raise BadKey(f"{place.file}: {error}") from error

    @property
    def kind(self) -> KeyKind:
        """What the key is."""
        return KeyKind.RSA if isinstance(self.private, rsa.RSAPrivateKey) else KeyKind.ED25519

    def record(self) -> str:
        """Return the text of the DNS record."""
        if isinstance(self.private, rsa.RSAPrivateKey):
            public = self.private.public_key().public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        else:
            public = self.private.public_key().public_bytes_raw()
        return f"v=DKIM1; k={self.kind}; p={base64.b64encode(public).decode()}"

    def sign(self, data: bytes) -> bytes:
        """Return the signature of a header in its relaxed form."""
        return self._sign(data)


def _of_digest(private: ed25519.Ed25519PrivateKey, data: bytes) -> bytes:
    """Sign as RFC 8463 has it, section 3: the digest of the header stands for it."""
    return private.sign(hashlib.sha256(data).digest())


def make_key(kind: KeyKind) -> PrivateKey:
    """Return a new key."""
    if kind is KeyKind.RSA:
        return rsa.generate_private_key(public_exponent=65_537, key_size=LEAST_BITS)
    return ed25519.Ed25519PrivateKey.generate()


def read_key(pem: bytes) -> PrivateKey:
    """Return the private key of a PEM file; raises BadKey."""
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BadKey("it holds no private key in PEM without a password") from None
    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size < LEAST_BITS:
            raise BadKey(f"its RSA key has {key.key_size} bits; receivers want {LEAST_BITS} or more")
        return key
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key
    raise BadKey("its key is neither RSA nor Ed25519")


def written_key(key: PrivateKey) -> bytes:
    """Return a key as PEM."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def record_strings(record: str) -> tuple[str, ...]:
    """Return the text of a record in the strings that a TXT record is made of."""
    return tuple(record[place : place + _RECORD_STRING] for place in range(0, len(record), _RECORD_STRING))
