"""What a mail is, before and after it is written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email.utils import parseaddr

from msgspec import Struct

from notifier.mails.dkim import Seal, sealed
from notifier.mails.headers import plain_address


class Sender(Struct, frozen=True):
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


class Envelope(Struct, frozen=True, kw_only=True, gc=False):
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
    #: Where the mail comes back to; None: to the sender.
    returned: str | None = None


class Mail(Struct, frozen=True, gc=False):
    """A mail ready to go."""

    sender: str
    recipient: str
    message_id: str
    #: Whole or in pieces, which are put together as it leaves: most of them many mails share, and where whole mails
    #: wait in hundreds, each takes memory that is new. Lines end in CRLF; no dot is doubled yet.
    written: bytes | tuple[bytes, ...]
    #: Made so that no line begins with a dot and none ends but in CRLF, which a channel then need not look for.
    is_even: bool = False

    @property
    def content(self) -> bytes:
        """The whole message."""
        return self.written if isinstance(self.written, bytes) else b"".join(self.written)

    @property
    def size(self) -> int:
        """Bytes of the message."""
        return len(self.written) if isinstance(self.written, bytes) else sum(map(len, self.written))

    def whole(self) -> Mail:
        """Return the same with its pieces put together."""
        return Mail(self.sender, self.recipient, self.message_id, self.content, self.is_even)


class Head(Struct, frozen=True, gc=False):
    """The finished header of a mail, and what its signatures rest on."""

    #: In pieces, without the empty line that ends it.
    lines: Sequence[bytes]
    #: None: there is no key.
    seal: Seal | None


class Draft(Struct, frozen=True, gc=False):
    """A mail that is ready but for its signatures."""

    sender: str
    recipient: str
    message_id: str
    head: Head
    #: In pieces.
    body: Sequence[bytes]

    @classmethod
    def of(cls, envelope: Envelope, head: Head, body: Sequence[bytes]) -> Draft:
        """Put header and body together."""
        returned = envelope.returned or envelope.sender.address
        return cls(returned, envelope.recipient, envelope.message_id, head, body)


def finished(drafts: Sequence[Draft]) -> list[Mail]:
    """Return the signed mails, in pieces."""
    signatures = sealed([draft.head.seal for draft in drafts])
    return [_finished(draft, lines) for draft, lines in zip(drafts, signatures, strict=True)]


def _finished(draft: Draft, signatures: bytes) -> Mail:
    written = (signatures, *draft.head.lines, b"\r\n", *draft.body)
    return Mail(draft.sender, draft.recipient, draft.message_id, written, is_even=True)


def message_id(notice: str, sender: Sender) -> str:
    """Return the Message-ID of a notice's mail: the same whenever it is asked for."""
    return f"<{notice}@{sender.domain}>"
