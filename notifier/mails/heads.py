"""The header of a mail: written once but for what differs from recipient to recipient, and looked over in the end.

On CPython up to 3.11.9 an encoded line break in a text can become a header line (CVE-2024-6923). So what is finished is
looked over: what all mails of a master share once, by every line end that any program may know; what is one mail's own
each time, as just the lines that were meant, of visible ASCII.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from notifier.mails.build import Envelope, Sender
from notifier.mails.headers import UnsafeMail, address_line, bare_line, plain_address, text_line

#: Characters of a line without its CRLF (RFC 5322, section 2.1.1).
LONGEST_LINE = 998

_NO_MORE = "List-Unsubscribe=One-Click"

#: The names of the lines that all mails share, in their order.
_SHARED = (b"From", b"Subject", b"Auto-Submitted", b"List-Id", b"MIME-Version", b"Content-Type")
#: What may stand behind a name: short enough for every name of ours; a line that goes on is To's alone.
_VALUE = "[!-~][ -~]{0,969}\r\n"
_THREAD = f"In-Reply-To: {_VALUE}References: {_VALUE}"
_LEAVE = f"List-Unsubscribe: {_VALUE}List-Unsubscribe-Post: {_NO_MORE}\r\n"
#: The lines that are one mail's own, by whether it continues a thread, and whether it can be unsubscribed from.
_OWN = {
    (answers, unsubscribes): re.compile(
        f"Message-ID: {_VALUE}Date: {_VALUE}To: {_VALUE}(?: {_VALUE})*"
        f"{_THREAD if answers else ''}{_LEAVE if unsubscribes else ''}"
    )
    for answers in (False, True)
    for unsubscribes in (False, True)
}


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
        head = cls(
            sender,
            address_line("From", sender.name, sender.address),
            text_line("Subject", subject)
            + bare_line("Auto-Submitted", "auto-generated")
            + bare_line("List-Id", f"<{_label(product)}.notices.{sender.domain}>"),
            bare_line("MIME-Version", "1.0")
            + bare_line("Content-Type", f'multipart/alternative; boundary="{boundary}"'),
        )
        _check(f"{head._from}{head._rest}{head._mime}".encode("ascii"))
        return head

    def filled(self, envelope: Envelope, date: str, customer: str | None, unsubscribe_url: str | None) -> bytes:
        """Return the whole header without the empty line that ends it; raises UnsafeMail.

        `date` is the envelope's, as a header has it.
        """
        own = f"Message-ID: {envelope.message_id}\r\nDate: {date}\r\n"
        to = address_line("To", customer, plain_address(envelope.recipient))
        thread, no_more = "", ""
        if envelope.answers:
            thread = f"In-Reply-To: {envelope.answers}\r\nReferences: {envelope.answers}\r\n"
        if unsubscribe_url:
            no_more = f"List-Unsubscribe: <{unsubscribe_url}>\r\nList-Unsubscribe-Post: {_NO_MORE}\r\n"
        if not _OWN[bool(thread), bool(no_more)].fullmatch(f"{own}{to}{thread}{no_more}"):
            raise UnsafeMail("a value would have added a header line, ended the header, or made a line too long")
        return f"{own}{self._from}{to}{self._rest}{thread}{no_more}{self._mime}".encode("ascii")


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
