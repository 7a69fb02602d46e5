"""What a connection may carry, and a message as it goes over it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from notifier.channels.failures import Cause, DeliveryFailed
from notifier.mails.build import Mail

#: Mails after which a connection is given up: the large providers close it at about as many.
MAILS_PER_CONNECTION = 100
#: Seconds for the answer to a command, and to the whole message. Some servers look long at a message before they
#: answer, and who leaves earlier makes copies of what they have taken (RFC 5321, section 4.5.3.2.6).
COMMAND_TIMEOUT, MESSAGE_TIMEOUT = 30.0, 600.0

#: The line that ends a message.
END: Final = b".\r\n"
#: What may stand between the angle brackets of a command: one address, and nothing that could end it.
_PATH = re.compile(r"[!-;=?-~]{1,320}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a connection is used."""

    #: Mails that it carries.
    mails: int = MAILS_PER_CONNECTION
    #: Seconds for the answer to a command.
    command_timeout: float = COMMAND_TIMEOUT
    #: Seconds for the answer to the whole message.
    message_timeout: float = MESSAGE_TIMEOUT
    #: The server wants to be told how many bytes are to come (RFC 1870).
    announces_size: bool = False

    def announced(self, size: int) -> str:
        """Return what MAIL says of the size of a message in bytes, with a blank before it; empty where nobody asks."""
        return f" SIZE={size}" if self.announces_size else ""


#: Where nothing else is set.
TERMS: Final = Terms()


def require_sendable(mail: Mail) -> None:
    """Raise DeliveryFailed unless a mail's addresses are single words and all of its lines end in CRLF.

    A bare CR or LF is a line end to some servers and none to others, which can hide a second mail in the first (SMTP
    smuggling); an address with a line end in it would be a command of its own.
    """
    if not mail.is_even and not _ends_in_crlf(mail.content):
        raise DeliveryFailed(Cause.CONTENT, "the mail holds a line end of another kind", permanent=True)
    if not _PATH.fullmatch(mail.sender) or not _PATH.fullmatch(mail.recipient):
        raise DeliveryFailed(Cause.CONTENT, "an address cannot be written to a mail server", permanent=True)


def dotted(mail: Mail) -> bytes:
    """Return a message as DATA carries it: dots that begin a line doubled, and the one that ends it.

    Source: RFC 5321, section 4.5.2.
    """
    if mail.is_even:
        pieces = (mail.written,) if isinstance(mail.written, bytes) else mail.written
        return b"".join((*pieces, END))
    content = mail.content
    start = b"." if content.startswith(b".") else b""
    return b"".join((start, content.replace(b"\r\n.", b"\r\n.."), END))


def _ends_in_crlf(content: bytes) -> bool:
    """Tell whether each line ends in CRLF, the last too."""
    ends = content.count(b"\r\n")
    return content.count(b"\n") == content.count(b"\r") == ends and content.endswith(b"\r\n")
