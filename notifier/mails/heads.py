"""The header of a mail: written once but for what differs from recipient to recipient, and looked over in the end.

On CPython up to 3.11.9 an encoded line break in a text can become a header line (CVE-2024-6923). So what is finished is
looked over: what all mails of a master share once, by every line end that any program may know; what is one mail's own
each time, as just the lines that were meant, of visible ASCII.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from email.utils import format_datetime
from enum import IntEnum
from itertools import chain

from msgspec import Struct

from notifier.mails.build import Envelope, Head, Sender
from notifier.mails.dkim import Field, SignedHeader, Signer, relaxed
from notifier.mails.gapped import Gapped
from notifier.mails.headers import UnsafeMail, address_line, bare_line, plain_address, text_line
from notifier.mails.words import VISIBLE, in_words, let_through

#: Characters of a line without its CRLF (RFC 5322, section 2.1.1).
LONGEST_LINE = 998

_NO_MORE = "List-Unsubscribe=One-Click"

#: The names of the lines that all mails share, in their order.
_SHARED = (b"From", b"Subject", b"Auto-Submitted", b"List-Id", b"MIME-Version", b"Content-Type")
#: What may stand behind a name: short enough for every name of ours; a line that goes on is To's alone.
_VALUE = "[!-~][ -~]{0,969}\r\n"
#: Characters up to which all values together are no longer than one may be.
_LONGEST_OWN = 970
#: In words of these a value is in its relaxed form too.
_VISIBLE = let_through(VISIBLE)


class _Own(IntEnum):
    """The values that are one mail's own, in their order."""

    MESSAGE_ID = 0
    DATE = 1
    TO = 2
    #: The mail whose thread it continues, or where to ask for no more mail.
    THIRD = 3
    #: The latter, where there are both.
    FOURTH = 4


class Moment(Struct, frozen=True):
    """When a mail is written; mails that are written together have the same."""

    #: As a header has it.
    text: str
    #: Since 1970.
    seconds: int

    @classmethod
    def of(cls, envelope: Envelope) -> Moment:
        """Return the moment of an envelope."""
        return cls(format_datetime(envelope.date), int(envelope.date.timestamp()))


@dataclass(frozen=True, slots=True)
class _Shape:
    """A header with gaps for what is one mail's own."""

    written: Gapped
    #: None: there is no key.
    signed: SignedHeader | None


@dataclass(frozen=True, slots=True)
class HeadMaster:
    """The header of the mails of one master."""

    #: After Message-ID and Date; after To; the last lines.
    _from: tuple[Field, ...]
    _rest: tuple[Field, ...]
    _mime: tuple[Field, ...]
    _signer: Signer
    #: As they have been needed, by whether a mail continues a thread, and whether it can be unsubscribed from.
    _shapes: dict[tuple[bool, bool], _Shape] = field(default_factory=dict)

    @classmethod
    def of(cls, sender: Sender, subject: str, product: str, boundary: str, signer: Signer) -> HeadMaster:
        """Write the lines that all mails share; raises UnsafeMail."""
        parts = (
            address_line("From", sender.name, sender.address),
            text_line("Subject", subject)
            + bare_line("Auto-Submitted", "auto-generated")
            + bare_line("List-Id", f"<{_label(product)}.notices.{sender.domain}>"),
            bare_line("MIME-Version", "1.0")
            + bare_line("Content-Type", f'multipart/alternative; boundary="{boundary}"'),
        )
        _check("".join(parts).encode("ascii"))
        first, rest, mime = (tuple(_fields(part)) for part in parts)
        return cls(first, rest, mime, signer)

    def filled(
        self,
        envelope: Envelope,
        moment: Moment,
        to: str,
        leave: str | None,
        body: Iterable[bytes],
        *,
        are_words: bool = False,
    ) -> Head:
        """Return the header of one mail; raises UnsafeMail.

        `moment` is the envelope's; `to` is what the line of the recipient says, `leave` where it asks for no more mail;
        `body` is in pieces and in its relaxed form. `are_words` says that all of them, and what the envelope says of
        this mail and the one it answers, have been found to be `in_words`.
        """
        plain_address(envelope.recipient)
        answers = envelope.answers
        own = [envelope.message_id, moment.text, to]
        if answers:
            own.append(answers)
        if leave:
            own.append(f"<{leave}>")
        values, as_signed = _looked_over(own, are_words=are_words)
        shape = self._shape((bool(answers), bool(leave)))
        seal = shape.signed.seal(as_signed, body, moment.seconds) if shape.signed else None
        return Head(shape.written.pieces(values), seal)

    def _shape(self, kind: tuple[bool, bool]) -> _Shape:
        shape = self._shapes.get(kind)
        if shape is None:
            fields = tuple(self._all(*kind))
            lines = chain.from_iterable((f"{name}: ".encode("ascii"), value, b"\r\n") for name, value in fields)
            shape = self._shapes[kind] = _Shape(Gapped.of(lines), self._signer.header(fields))
        return shape

    def _all(self, answers: bool, unsubscribes: bool) -> Iterator[Field]:  # noqa: FBT001 - as they are in the key
        yield Field("Message-ID", _Own.MESSAGE_ID)
        yield Field("Date", _Own.DATE)
        yield from self._from
        yield Field("To", _Own.TO)
        yield from self._rest
        if answers:
            yield Field("In-Reply-To", _Own.THIRD)
            yield Field("References", _Own.THIRD)
        if unsubscribes:
            yield Field("List-Unsubscribe", _Own.FOURTH if answers else _Own.THIRD)
            yield Field("List-Unsubscribe-Post", _NO_MORE.encode("ascii"))
        yield from self._mime


def _looked_over(own: Sequence[str], *, are_words: bool) -> tuple[Sequence[bytes], Sequence[bytes]]:
    """Return the values that are one mail's own, as they are written and as they are signed; raises UnsafeMail."""
    values = list(map(str.encode, own)) if are_words else in_words(own, _VISIBLE)
    if values is not None and all(own) and len("".join(own)) <= _LONGEST_OWN:
        return values, values
    said = "\r\n".join((*own, ""))
    if not re.fullmatch(f"{_VALUE * 3}(?: {_VALUE})*{_VALUE * (len(own) - 3)}", said):
        raise UnsafeMail("a value would have added a header line, ended the header, or made a line too long")
    values = [each.encode("ascii") for each in own]
    return values, [relaxed(each) for each in values]


def _fields(lines: str) -> Iterator[Field]:
    for line in re.split("\r\n(?![ \t])", lines.removesuffix("\r\n")):
        name, _, value = line.partition(": ")
        yield Field(name, value.encode("ascii"))


def _check(head: bytes) -> None:
    """Raise UnsafeMail unless a header has just the lines that all mails share, and all of them may travel."""
    # Splits at a lone CR or LF too, so that a line which only some programs would see is seen here.
    lines = head.splitlines()
    if b"" in lines or b"\0" in head or any(map(bytes.isspace, lines)):
        raise UnsafeMail("a value would have ended the header")
    if tuple([line.partition(b":")[0] for line in lines if line[0] not in b" \t"]) != _SHARED:
        raise UnsafeMail("a value would have added a header line")
    if max(map(len, lines)) > LONGEST_LINE:
        raise UnsafeMail("a header line is too long to travel")


def _label(product: str) -> str:
    """Return a product's id as a part of a List-Id (RFC 2919 takes letters, digits and hyphens)."""
    return re.sub(r"[^a-z0-9]+", "-", product.lower()).strip("-")[:63] or "product"
