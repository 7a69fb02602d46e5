"""Reading what comes back: reports on delivery (RFC 3464), and the many that follow no standard.

Whom a report is about is told by the address it came to (`return_path`), so that only what it says of them is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.utils import getaddresses

from notifier.channels.failures import Cause
from notifier.channels.replies import judge, one_line

#: Characters of a report that are read: a reason stands at its beginning.
_READ = 20_000
#: What stands before the copy of our own mail in a report.
_COPY = re.compile(
    r"(below (this|the) line|original message (follows|below|removed|details)|copy of the (original )?message"
    r"|-{3,} ?(original|returned|forwarded) (message|mail)|header and top|header of the source|first \d+ lines of)",
    re.IGNORECASE,
)
#: Who writes reports: a mail system, and no person.
_FROM_A_SYSTEM = re.compile(
    r"mailer.?daemon|post.?master|deliver|mail(er)?[ _-]?(admin|system|server|gateway|demon)|administrator|<>"
    r"|^ *$|admin@|gateway|root@|exchange|smtp|virus|daemon|no.?reply|phquery|directory",
    re.IGNORECASE,
)
#: Ways to say that there is no such mailbox, and that it is full, beside those of servers' replies.
_GONE = re.compile(
    r"(doesn't|does not) have an? [\w.-]+ account|not listed in|user (not|un)known|no (such user|mailbox here)"
    r"|invalid (final delivery userid|mailbox)|wrong or no longer valid|not a valid user|(user|recipient) not found"
    r"|name is not recognized|n'existe pas",
    re.IGNORECASE,
)
_TOO_FULL = re.compile(r"disk quota|quota violation|over ?quota|space not enough|full mailbox", re.IGNORECASE)
#: Where a mail server writes down the address that a message came to, the surest first.
_ARRIVAL = ("X-Original-To", "Delivered-To", "Envelope-To", "To")
_DELAYED = re.compile(
    r"not yet been delivered|warning message only|delayed \d+|has been (delayed|postponed)|will be retried"
    r"|continue to try|attempts will continue|still trying|\(delay\)",
    re.IGNORECASE,
)
_FAILED = re.compile(
    r"undeliver|non-?deliver|not (be )?deliver|unable to deliver|cannot be delivered|delivery (has )?fail"
    r"|mail (delivery )?fail|failure notice|fail(ed|ure)|returned mail|permanent (fatal )?(error|deliver)"
    r"|did not reach|could not be (reached|delivered)|been returned because|user unknown|unknown user"
    r"|mail error|(automatically|was) (rejected|not accepted)|aborted after|invalid final delivery|processing error"
    r"|mailbox is full"
    r"|weren?'?t able to deliver|wasn't able to deliver",
    re.IGNORECASE,
)
_CODE = re.compile(r"(?<![\d.#])(?P<code>[45]\d\d)(?=[ :\-]|$)")
_STATUS = re.compile(r"(?<![\d.])(?P<status>[245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_ADDRESS = re.compile(r"[^\s<>;:,\"'()\[\]]+@[^\s<>;:,\"'()\[\]]+")
_MESSAGE_ID = re.compile(r"^message-id:\s*(<[^<>\s]+>)", re.IGNORECASE | re.MULTILINE)
#: Words of a report's Action that mean "given up", "later" and "it lies in the mailbox" (RFC 3464, section 2.3.3). The
#: others (relayed, expanded) say nothing of where it has come to.
_GIVEN_UP, _LATER, _DELIVERED = ("fail", "error"), ("delay",), "delivered"


@dataclass(frozen=True, slots=True)
class Report:
    """What a report says of one recipient."""

    #: In lower case; None: it names nobody that could be told.
    address: str | None
    cause: Cause
    #: Trying again is of no use.
    permanent: bool
    #: It was given up; else it is only delayed.
    failed: bool
    #: What was said, on one line.
    reply: str


@dataclass(frozen=True, slots=True)
class Returned:
    """A message that came back."""

    reports: tuple[Report, ...]
    #: A report by the standard says that the mail lies in a mailbox.
    delivered: bool
    #: The addresses it came to, in the order in which they stand in its header.
    came_to: tuple[str, ...]
    #: Message-IDs of the mails that it holds or speaks of.
    message_ids: tuple[str, ...]


def read(raw: bytes) -> Returned:
    """Return what a message says of deliveries; one that says nothing of any, such as an absence notice, no report."""
    message = message_from_bytes(raw)
    text = raw[: 10 * _READ].decode("utf-8", "replace")
    message_ids = tuple(dict.fromkeys(_MESSAGE_ID.findall(text)))
    return Returned(tuple(_reports(message)), _is_delivered(message), _came_to(message), message_ids)


def _is_delivered(message: Message) -> bool:
    return any(_field(block, "Action").lower() == _DELIVERED for block in _blocks(message))


def _came_to(message: Message) -> tuple[str, ...]:
    named = [str(value) for name in _ARRIVAL for value in message.get_all(name, [])]
    return tuple(address for _, address in getaddresses(named) if "@" in address)


def _reports(message: Message) -> Iterator[Report]:
    standard = [report for block in _blocks(message) if (report := _of_block(block)) is not None]
    if standard or _is_delivered(message):
        yield from standard
        return
    report = _of_words(message)
    if report is not None:
        yield report


def _blocks(message: Message) -> Iterator[Message]:
    """Yield the groups of fields on one recipient each (RFC 3464, section 2.3)."""
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status" and part.is_multipart():
            for block in part.get_payload():
                if isinstance(block, Message):
                    yield block


def _of_block(block: Message) -> Report | None:
    action = _field(block, "Action").lower()
    is_failed = action.startswith(_GIVEN_UP)
    if not is_failed and not action.startswith(_LATER):
        return None
    status, said = _field(block, "Status"), _field(block, "Diagnostic-Code").partition(";")[2].strip()
    found = _ADDRESS.search(_field(block, "Original-Recipient")) or _ADDRESS.search(_field(block, "Final-Recipient"))
    address = found[0].lower() if found else None
    words = said if _STATUS.search(said) else f"{status} {said}".strip()
    return _judged(address, words, failed=is_failed)


def _field(block: Message, name: str) -> str:
    return " ".join(str(block.get(name, "")).split())


def _of_words(message: Message) -> Report | None:
    """Return what a report without a standard says; its first text holds the reason."""
    subject = one_line(str(message.get("Subject", "")))
    text = _first_text(message)
    said = _COPY.split(text, maxsplit=1)[0]
    if not _FROM_A_SYSTEM.search(f"{message.get('From', '')} {message.get('Return-Path', '')}"):
        # An absence notice comes to the same address.
        return None
    is_delayed = _DELAYED.search(f"{subject}\n{said}") is not None
    if not is_delayed and not _FAILED.search(f"{subject}\n{said}"):
        return None
    found = _ADDRESS.search(said)
    return _judged(found[0].lower() if found else None, " ".join(said.split()), failed=not is_delayed)


def _first_text(message: Message) -> str:
    for part in message.walk():
        if part.get_content_maintype() == "text" or (part is message and not part.is_multipart()):
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes) and payload.strip():
                return payload[:_READ].decode("utf-8", "replace")
    return ""


def _judged(address: str | None, words: str, *, failed: bool) -> Report:
    status, code = _STATUS.search(words), _CODE.search(words)
    if _TOO_FULL.search(words):
        return Report(address, Cause.RECIPIENT, permanent=False, failed=failed, reply=one_line(words))
    if failed and _GONE.search(words):
        return Report(address, Cause.RECIPIENT, permanent=True, failed=failed, reply=one_line(words))
    first = code["code"] if code else f"{status['status'][0]}00" if status else "500" if failed else "400"
    judgement = judge(int(first), words)
    if code is None and status is None and judgement.cause is Cause.CONTENT:
        # Gateways speak of viruses and attachments in their very names.
        return Report(address, Cause.REPUTATION, permanent=False, failed=failed, reply=one_line(words))
    return Report(address, judgement.cause, failed and judgement.permanent, failed, one_line(words))
