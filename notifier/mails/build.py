"""The finished bytes of a mail, as they go over the wire (but for the dots that SMTP doubles)."""

from __future__ import annotations

import binascii
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.parser import BytesHeaderParser
from email.utils import format_datetime, parseaddr

from notifier.mails.facts import MailFacts
from notifier.mails.headers import UnsafeMail, address_line, bare_line, plain_address, text_line
from notifier.mails.render import Rendered

#: Characters of a line without its CRLF (RFC 5322, section 2.1.1).
LONGEST_LINE = 998

_STRAY_LINE_END = re.compile(rb"\r(?!\n)|(?<!\r)\n|\0")


@dataclass(frozen=True, slots=True)
class Sender:
    """Who the mails are from."""

    #: The vendor as its customers know it.
    name: str
    address: str

    @classmethod
    def parse(cls, text: str) -> Sender:
        """Return the sender of "Name <a@b>"; without a name, the domain stands for it. Raises UnsafeMail."""
        name, address = parseaddr(text)
        # A vendor trying it out sends from its own machine, which no customer's address may name.
        plain_address(f"{address}.localdomain" if address.endswith("@localhost") else address)
        return cls(name or address.rpartition("@")[2], address)

    @property
    def domain(self) -> str:
        """The domain that answers for the mails."""
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What a mail needs beside its words."""

    sender: Sender
    recipient: str
    #: With its angle brackets; the same over all attempts.
    message_id: str
    #: Aware.
    date: datetime
    #: The Message-ID of the mail whose thread it continues.
    answers: str | None = None
    #: The product's id, for List-Id.
    product: str


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail ready to go."""

    sender: str
    recipient: str
    message_id: str
    #: Lines end in CRLF; no dot is doubled yet.
    content: bytes


def message_id(notice: str, sender: Sender) -> str:
    """Return the Message-ID of a notice's mail: the same whenever it is asked for."""
    return f"<{notice}@{sender.domain}>"


def build(facts: MailFacts, rendered: Rendered, envelope: Envelope) -> Mail:
    """Return the finished mail; raises UnsafeMail where any text of others would change its header."""
    lines = _header(facts, rendered.subject, envelope)
    # The boundary follows from the Message-ID, so that a second attempt is the same mail to the byte.
    boundary = "=_" + hashlib.sha256(envelope.message_id.encode()).hexdigest()[:32]
    lines["MIME-Version"] = bare_line("MIME-Version", "1.0")
    lines["Content-Type"] = bare_line("Content-Type", f'multipart/alternative; boundary="{boundary}"')
    head = "".join(lines.values()).encode("ascii")
    content = head + b"\r\n" + _body(rendered, boundary.encode())
    _check(head, content, list(lines))
    return Mail(envelope.sender.address, envelope.recipient, envelope.message_id, content)


def _header(facts: MailFacts, subject: str, envelope: Envelope) -> dict[str, str]:
    """Return our header lines by name, in their order."""
    lines = {
        "Message-ID": bare_line("Message-ID", envelope.message_id),
        "Date": bare_line("Date", format_datetime(envelope.date)),
        "From": address_line("From", envelope.sender.name, envelope.sender.address),
        "To": address_line("To", facts.customer, plain_address(envelope.recipient)),
        "Subject": text_line("Subject", subject),
        "Auto-Submitted": bare_line("Auto-Submitted", "auto-generated"),
        "List-Id": bare_line("List-Id", f"<{_label(envelope.product)}.notices.{envelope.sender.domain}>"),
    }
    if envelope.answers:
        lines["In-Reply-To"] = bare_line("In-Reply-To", envelope.answers)
        lines["References"] = bare_line("References", envelope.answers)
    if facts.unsubscribe_url:
        lines["List-Unsubscribe"] = bare_line("List-Unsubscribe", f"<{facts.unsubscribe_url}>")
        lines["List-Unsubscribe-Post"] = bare_line("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
    return lines


def _label(product: str) -> str:
    """Return a product's id as a part of a List-Id (RFC 2919 takes letters, digits and hyphens)."""
    return re.sub(r"[^a-z0-9]+", "-", product.lower()).strip("-")[:63] or "product"


def _body(rendered: Rendered, boundary: bytes) -> bytes:
    """Return the text and the HTML as the parts of a message.

    By hand: `email.message` takes ten times as long. The boundary cannot occur inside, since no quoted-printable
    line holds "=_" (RFC 2045, section 6.7).
    """
    parts = (_part(b"plain", rendered.text), _part(b"html", rendered.html))
    return b"".join(b"--" + boundary + b"\r\n" + part for part in parts) + b"--" + boundary + b"--\r\n"


def _part(subtype: bytes, text: str) -> bytes:
    lines = "\r\n".join(text.splitlines()) + "\r\n"
    head = b'Content-Type: text/%b; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n' % subtype
    return head + binascii.b2a_qp(lines.encode("utf-8", "replace"), istext=True)


def _check(head: bytes, content: bytes, names: list[str]) -> None:
    """Raise UnsafeMail unless the finished bytes have just the headers that were meant, and lines that may travel."""
    ours = [line.partition(b":")[0].decode() for line in head.splitlines() if line[:1] not in b" \t"]
    parsed = BytesHeaderParser(policy=policy.compat32).parsebytes(head).keys()
    if ours != names or parsed != names or not content.startswith(head + b"\r\n--"):
        raise UnsafeMail("a value would have added a header line")
    if _STRAY_LINE_END.search(content):
        raise UnsafeMail("the mail holds a line end of another kind")
    if max(map(len, content.split(b"\r\n"))) > LONGEST_LINE:
        raise UnsafeMail("the mail holds a line that is too long to travel")
