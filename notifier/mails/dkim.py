"""Signing mails (DKIM, RFC 6376; Ed25519 by RFC 8463), relaxed/relaxed, with one key of each kind at most.

A header line that is signed once more often than it occurs cannot be added on the way: a second From, or a List-
Unsubscribe that leads elsewhere, breaks the signature. RFC 8058 asks for the List-Unsubscribe lines to be signed.

Most of what is signed is the same in many mails. It is chosen, put in order and into the relaxed form once for all
headers of one shape; a mail then brings only the values that are its own.
"""

from __future__ import annotations

import hashlib
import re
import struct
from binascii import b2a_base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Final, NamedTuple

from msgspec import Struct

from notifier.mails.dkim_keys import DkimKey
from notifier.mails.gapped import Gapped

#: Characters of a line of the signature.
_LINE = 72

#: Signed once more often than they occur.
_OVERSIGNED: Final = (
    "From", "To", "Cc", "Subject", "Reply-To", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post",
    "In-Reply-To", "References", "MIME-Version", "Content-Type",
)  # fmt: skip
#: Signed as often as they occur: relays add some of these for themselves.
_SIGNED: Final = ("Date", "Message-ID", "Auto-Submitted", "Feedback-ID")

_BLANKS = re.compile(rb"[ \t]+")


class Field(NamedTuple):
    """A line of a header, folded or not."""

    name: str
    #: A number: the value of that number, which differs from mail to mail.
    value: bytes | int


class _Frame(Struct, frozen=True):
    """The header line of one key's signature, but for the time, the body's hash and the signature itself."""

    key: DkimKey
    #: With places for all of them.
    written: bytes
    #: In the relaxed form, with places for the time and the hash.
    relaxed: bytes

    @classmethod
    def of(cls, key: DkimKey, named: str) -> _Frame:
        """Write the line; `named` are the names of what is signed, in lines."""
        written = (
            f"DKIM-Signature: v=1; a={key.kind}-sha256; c=relaxed/relaxed; d={key.domain};\r\n\t"
            f"s={key.selector}; t=%d;\r\n\th={named};\r\n\tbh=%b;\r\n\tb="
        ).encode("ascii")
        name, _, value = written.partition(b":")
        return cls(key, written + b"%b\r\n", b"%b:%b" % (name.lower(), relaxed(value)))

    def line(self, told: tuple[int, bytes], signature: bytes) -> bytes:
        """Return the whole line; `told` is the time and the body's hash."""
        return self.written % (*told, _cut(b2a_base64(signature, newline=False)))


class Seal(Struct, frozen=True, gc=False):
    """All that the signatures of one mail rest on."""

    _frames: tuple[_Frame, ...]
    #: The signed fields in their relaxed form.
    _signed: bytes
    #: When it is signed, in seconds since 1970, and the body's hash.
    _told: tuple[int, bytes]

    def to_sign(self) -> list[tuple[DkimKey, bytes]]:
        """Return what each key has to sign."""
        return [(frame.key, self._signed + frame.relaxed % self._told) for frame in self._frames]

    def lines(self, signatures: Iterable[bytes]) -> bytes:
        """Return the header lines of these signatures, which go before all others."""
        pairs = zip(self._frames, signatures, strict=True)
        return b"".join([frame.line(self._told, signature) for frame, signature in pairs])


@dataclass(frozen=True, slots=True)
class SignedHeader:
    """What is signed of all headers of one shape."""

    _frames: tuple[_Frame, ...]
    #: The signed fields in their relaxed form, in the order in which they are hashed.
    _signed: Gapped

    @classmethod
    def of(cls, keys: Iterable[DkimKey], fields: Sequence[Field]) -> SignedHeader:
        """Choose among the fields of a header."""
        there = [field.name.lower() for field in fields]
        chosen = _names(there)
        named = _folded(":".join(chosen), ":")
        pieces: list[bytes | int] = []
        for place in _places(there, chosen):
            value = fields[place].value
            shown = value if isinstance(value, int) else relaxed(value)
            pieces += [f"{there[place]}:".encode("ascii"), shown, b"\r\n"]
        return cls(tuple(_Frame.of(key, named) for key in keys), Gapped.of(pieces))

    def seal(self, values: Sequence[bytes], body: Iterable[bytes], at: int) -> Seal:
        """Return what the signatures of one mail rest on.

        `values` are its own, in their relaxed form, and so is `body`, in pieces: no blank beside another or at a line's
        end, no empty line at its own (RFC 6376, section 3.4.4). `at` is in seconds since 1970.
        """
        told = (at, b2a_base64(hashlib.sha256(b"".join(body)).digest(), newline=False))
        return Seal(self._frames, self._signed.filled(values), told)


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs with each of its keys."""

    keys: tuple[DkimKey, ...] = ()

    def header(self, fields: Sequence[Field]) -> SignedHeader | None:
        """Return what is signed of headers with these fields, None without a key."""
        return SignedHeader.of(self.keys, fields) if self.keys else None

    def signatures(self, head: bytes, body: bytes, at: datetime) -> bytes:
        """Return the header lines that go before `head`; empty without a key.

        `head` is without the empty line that ends it; `body` follows that line, and is in its relaxed form. `at` is
        aware.
        """
        header = self.header(_fields(head))
        return sealed([header.seal((), (body,), int(at.timestamp()))])[0] if header else b""


def sealed(seals: Sequence[Seal | None]) -> list[bytes]:
    """Return the signatures of several mails, as the header lines that go before all others; without a seal, none.

    To sign takes many times what all the rest does, and leaves nothing of it in the processor's caches: so one
    signature follows right upon the other, and what is to be done before and after them is done for all.
    """
    told = [seal.to_sign() if seal else [] for seal in seals]
    values = iter([key.sign(data) for each in told for key, data in each])
    return [seal.lines(islice(values, len(each))) if seal else b"" for seal, each in zip(seals, told, strict=True)]


def relaxed(value: bytes) -> bytes:
    """Return what stands behind a field's colon in its relaxed form, without the line's end.

    Source: RFC 6376, section 3.4.2.
    """
    return _BLANKS.sub(b" ", value.replace(b"\r\n", b"")).strip(b" ")


def _fields(head: bytes) -> list[Field]:
    """Return the fields of a header whose lines end in CRLF."""
    parted = [line.partition(b":") for line in re.split(rb"\r\n(?![ \t])", head) if line]
    return [Field(name.decode("ascii"), value) for name, _, value in parted]


def _names(there: Sequence[str]) -> list[str]:
    """Return the names to sign, in the order in which they are hashed."""
    names: list[str] = []
    for name in _OVERSIGNED:
        names += [name] * (there.count(name.lower()) + 1)
    for name in _SIGNED:
        names += [name] * there.count(name.lower())
    return names


def _places(there: Sequence[str], chosen: Iterable[str]) -> Iterable[int]:
    """Yield the places of the chosen fields, the last of a name first; a name too many stands for nothing."""
    left: dict[str, list[int]] = {}
    for place, name in enumerate(there):
        left.setdefault(name, []).append(place)
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
    """Return the text in lines of a header."""
    return b"\r\n\t ".join(_rows(len(text)).unpack(text))


@cache
def _rows(length: int) -> struct.Struct:
    """Return what takes a text of this length apart into lines: quicker than to cut out each."""
    whole, rest = divmod(length, _LINE)
    return struct.Struct(f"{_LINE}s" * whole + (f"{rest}s" if rest else ""))
