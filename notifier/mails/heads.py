"""The header of a mail: written once but for what differs from recipient to recipient, and looked over in the end.

On CPython up to 3.11.9 an encoded line break in a text can become a header line (CVE-2024-6923). So what is finished is
taken apart again, by every line end that any program may know, and its names compared with those that were meant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from notifier.mails.build import Envelope, Sender
from notifier.mails.headers import UnsafeMail, address_line, bare_line, plain_address, text_line

#: Characters of a line without its CRLF (RFC 5322, section 2.1.1).
LONGEST_LINE = 998

_NO_MORE = "List-Unsubscribe=One-Click"


@dataclass(frozen=True, slots=True)
class Head:
    """The lines that all mails of one master share."""

    sender: Sender
    #: After Message-ID and Date, and after To.
    _from: str
    _rest: str
    #: The last lines.
    _mime: str

    @classmethod
    def of(cls, sender: Sender, subject: str, product: str, boundary: str) -> Head:
        """Write the lines; raises UnsafeMail."""
        return cls(
            sender,
            address_line("From", sender.name, sender.address),
            text_line("Subject", subject)
            + bare_line("Auto-Submitted", "auto-generated")
            + bare_line("List-Id", f"<{_label(product)}.notices.{sender.domain}>"),
            bare_line("MIME-Version", "1.0")
            + bare_line("Content-Type", f'multipart/alternative; boundary="{boundary}"'),
        )

    def filled(self, envelope: Envelope, date: str, customer: str | None, unsubscribe_url: str | None) -> bytes:
        """Return the whole header without the empty line that ends it; raises UnsafeMail.

        `date` is the envelope's, as a header has it.
        """
        lines = [
            bare_line("Message-ID", envelope.message_id),
            bare_line("Date", date),
            self._from,
            address_line("To", customer, plain_address(envelope.recipient)),
            self._rest,
        ]
        if envelope.answers:
            lines += [bare_line("In-Reply-To", envelope.answers), bare_line("References", envelope.answers)]
        if unsubscribe_url:
            lines += [
                bare_line("List-Unsubscribe", f"<{unsubscribe_url}>"),
                bare_line("List-Unsubscribe-Post", _NO_MORE),
            ]
        lines.append(self._mime)
        head = "".join(lines).encode("ascii")
        _check(head, answers=bool(envelope.answers), unsubscribes=bool(unsubscribe_url))
        return head


def _check(head: bytes, *, answers: bool, unsubscribes: bool) -> None:
    """Raise UnsafeMail unless a header has just the lines that were meant, and all of them may travel."""
    # Splits at a lone CR or LF too, so that a line which only some programs would see is seen here.
    lines = head.splitlines()
    if b"" in lines or b"\0" in head or any(map(bytes.isspace, lines)):
        raise UnsafeMail("a value would have ended the header")
    names = [line.partition(b":")[0] for line in lines if line[0] not in b" \t"]
    if names != _meant(answers=answers, unsubscribes=unsubscribes):
        raise UnsafeMail("a value would have added a header line")
    if max(map(len, lines)) > LONGEST_LINE:
        raise UnsafeMail("a header line is too long to travel")


def _meant(*, answers: bool, unsubscribes: bool) -> list[bytes]:
    """Return the names of our header lines, in their order."""
    return [
        *(b"Message-ID", b"Date", b"From", b"To", b"Subject", b"Auto-Submitted", b"List-Id"),
        *((b"In-Reply-To", b"References") if answers else ()),
        *((b"List-Unsubscribe", b"List-Unsubscribe-Post") if unsubscribes else ()),
        *(b"MIME-Version", b"Content-Type"),
    ]


def _label(product: str) -> str:
    """Return a product's id as a part of a List-Id (RFC 2919 takes letters, digits and hyphens)."""
    return re.sub(r"[^a-z0-9]+", "-", product.lower()).strip("-")[:63] or "product"
