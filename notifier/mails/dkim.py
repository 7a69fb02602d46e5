"""Signing mails (DKIM, RFC 6376; Ed25519 by RFC 8463), relaxed/relaxed, with one key of each kind at most.

A header line that is signed once more often than it occurs cannot be added on the way: a second From, or a List-
Unsubscribe that leads elsewhere, breaks the signature. RFC 8058 asks for the List-Unsubscribe lines to be signed.
"""

from __future__ import annotations

import base64
import hashlib
import re
from binascii import b2a_base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

PrivateKey = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

#: Bits below which receivers do not count an RSA key (RFC 8301 asks for 1,024 at least and 2,048 if possible).
LEAST_BITS = 2_048
#: Characters of one string of a TXT record.
_RECORD_STRING = 255
#: Characters of a line of the signature.
_LINE = 72

#: Signed once more often than they occur.
_OVERSIGNED: Final = (
    "From", "To", "Cc", "Subject", "Reply-To", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post",
    "In-Reply-To", "References", "MIME-Version", "Content-Type",
)  # fmt: skip
#: Signed as often as they occur: relays add some of these for themselves.
_SIGNED: Final = ("Date", "Message-ID", "Auto-Submitted", "Feedback-ID")

_NAME = re.compile(
    r"(?P<selector>[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*)"
    r"\._domainkey\."
    r"(?P<domain>[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*)"
)
_BLANKS = re.compile(rb"[ \t]+")


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
        if isinstance(self.private, rsa.RSAPrivateKey):
            return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())
        return self.private.sign(hashlib.sha256(data).digest())


@dataclass(frozen=True, slots=True)
class _Frame:
    """The header line of one key's signature, but for the time, the body's hash and the signature itself."""

    key: DkimKey
    #: With places for the time and the hash.
    written: bytes
    #: The same in the relaxed form.
    relaxed: bytes

    @classmethod
    def of(cls, key: DkimKey, named: str) -> _Frame:
        """Write the line; `named` are the names of what is signed, in lines."""
        written = (
            f"v=1; a={key.kind}-sha256; c=relaxed/relaxed; d={key.domain};\r\n\t"
            f"s={key.selector}; t=%d;\r\n\th={named};\r\n\tbh=%b;\r\n\tb="
        ).encode("ascii")
        return cls(key, written, b"dkim-signature:" + _BLANKS.sub(b" ", written.replace(b"\r\n", b"")))

    def signature(self, told: tuple[int, bytes], signed: bytes) -> bytes:
        """Return the whole line; `told` is the time and the body's hash, `signed` the fields in their relaxed form."""
        value = b2a_base64(self.key.sign(signed + self.relaxed % told), newline=False)
        return b"DKIM-Signature: %b%b\r\n" % (self.written % told, _cut(value))


@dataclass(frozen=True, slots=True)
class _Choice:
    """What is signed of a header."""

    #: The places of the signed fields, in the order in which they are hashed.
    places: tuple[int, ...]
    frames: tuple[_Frame, ...]

    @classmethod
    def of(cls, names: Sequence[bytes], keys: Iterable[DkimKey]) -> _Choice:
        """Choose among fields of these names, in lower case."""
        chosen = _names(names)
        named = _folded(":".join(chosen), ":")
        return cls(tuple(_places(names, chosen)), tuple(_Frame.of(key, named) for key in keys))


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs with each of its keys."""

    keys: tuple[DkimKey, ...] = ()
    #: By the names of a header's fields; there are as many as our mails have shapes.
    _choices: dict[tuple[bytes, ...], _Choice] = field(default_factory=dict, init=False, repr=False, compare=False)

    def _choice(self, names: tuple[bytes, ...]) -> _Choice:
        choice = self._choices.get(names)
        if choice is None:
            choice = self._choices[names] = _Choice.of(names, self.keys)
        return choice

    def signatures(self, head: bytes, body: bytes, at: datetime) -> bytes:
        """Return the header lines that go before `head`; empty without a key.

        `head` is without the empty line that ends it; `body` follows that line, and is in its relaxed form: no blank
        beside another or at a line's end, no empty line at its own (RFC 6376, section 3.4.4). `at` is aware.
        """
        if not self.keys:
            return b""
        names, lines = _relaxed(head)
        choice = self._choice(names)
        signed = b"".join([lines[place] for place in choice.places])
        told = (int(at.timestamp()), b2a_base64(hashlib.sha256(body).digest(), newline=False))
        return b"".join([frame.signature(told, signed) for frame in choice.frames])


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


def _relaxed(head: bytes) -> tuple[tuple[bytes, ...], list[bytes]]:
    """Return the names of a header's fields, in lower case, and the fields in their relaxed form.

    Source: RFC 6376, section 3.4.2.
    """
    if b"\r\n " in head or b"\r\n\t" in head:
        head = head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
    if b"  " in head or b"\t" in head:
        head = _BLANKS.sub(b" ", head)
    parted = [line.partition(b":") for line in head.split(b"\r\n")[:-1]]
    names = tuple([name.lower() for name, _, _ in parted])
    return names, [b"%b:%b\r\n" % (name, value.strip(b" ")) for name, (_, _, value) in zip(names, parted, strict=True)]


def _names(there: Sequence[bytes]) -> list[str]:
    """Return the names to sign, in the order in which they are hashed."""
    names: list[str] = []
    for name in _OVERSIGNED:
        names += [name] * (there.count(name.lower().encode()) + 1)
    for name in _SIGNED:
        names += [name] * there.count(name.lower().encode())
    return names


def _places(there: Sequence[bytes], chosen: Iterable[str]) -> Iterable[int]:
    """Yield the places of the chosen fields, the last of a name first; a name too many stands for nothing."""
    left: dict[str, list[int]] = {}
    for place, field_name in enumerate(there):
        left.setdefault(field_name.decode(), []).append(place)
    for name in chosen:
        places = left.get(name.lower())
        if places:
            yield places.pop()


def _folded(text: str, at: str) -> str:
    """Return a list of words in lines of a header."""
    lines, line = [], ""
    for word in text.split(at):
        if len(line) + len(word) > _LINE:
            lines.append(line)
            line = ""
        line += word + at
    return "\r\n\t ".join([*lines, line.removesuffix(at)])


def _cut(text: bytes) -> bytes:
    return b"\r\n\t ".join([text[place : place + _LINE] for place in range(0, len(text), _LINE)])
