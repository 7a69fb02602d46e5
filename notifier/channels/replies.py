"""What a mail server's refusal is about.

Of 107 refusals collected from real servers, 90 are about the sender's standing and not about the mailbox, most of
them under the codes that the standards give to a missing mailbox. So the text decides where it speaks of block lists,
policies or the sending address; only then does the enhanced code (RFC 3463). A refusal that says nothing is never
held against the recipient.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from aiosmtplib import SMTPResponse

from notifier.channels.failures import Cause, DeliveryFailed

#: A reply's first digit for "done", "go on", "try again later" and "no": by it alone a client goes where it does not
#: know the others (RFC 5321, section 4.2.1).
DONE, GO_ON, LATER, NEVER = 2, 3, 4, 5
#: "Done", "send the message", and "I close the connection now".
ACCEPTED, GO_AHEAD, CLOSING = 250, 354, 421


@dataclass(frozen=True, slots=True)
class Judgement:
    """What to make of a refusal."""

    cause: Cause
    permanent: bool


_ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")

_BAD_NAME_OF_CONTENT = re.compile(
    r"uribl\.com|surbl\.org|dbl\.spamhaus|header based|anti-?spoofing|"
    r"message (content|looks like)|spam (message|content)|virus|malware|phish|attachment",
    re.IGNORECASE,
)
#: Needed only where a refusal of ours also names the recipient, or comes under a mailbox's code.
_BAD_NAME_OF_OURS = re.compile(
    r"""
      block[\s-]*list | black[\s-]*list | dnsbl | \brbl\b | spamhaus | reputation | spammer | sending\ spam | junkmail
    | \blisted\b | \bbanned\b | is_blocked | :blocked\b | blocked\ (using|by) | \bgeoip\b
    | (client\ host|sender|ip\ address)\b.{0,40}\b(rejected|refused|blocked)
    | access\ denied | relay(ing)?\ (access\ )?denied | not\ allowed\ to\ connect | for\ policy | by\ this\ user
    | too\ many | slow\ down | rate\ limit | greylist
    | \bspf\b | \bdkim\b | \bdmarc\b | reverse\ dns | authenticat
    """,
    re.IGNORECASE | re.VERBOSE,
)
_FULL = re.compile(
    r"over\s?quota | quota\ (exceeded|full) | mailbox\ (is\ )?full | (exceed|over).{0,20}storage | pleine",
    re.IGNORECASE | re.VERBOSE,
)
_NO_MAILBOX = re.compile(
    r"""
      (user|recipient|mailbox|address|account|destinataire)\b.{0,40}
        \b(unknown|invalid|not\ found|disabled|does\ not\ exist|doesn't\ exist|unavailable|inactive|rejected)
    | (no\ such|unknown|invalid|not\ a\ valid|inactive|disabled|non-?existent)\s
        (user|recipient|mailbox|address|account|local)
    | rcpthosts
    """,
    re.IGNORECASE | re.VERBOSE,
)
_NO_ROUTE = re.compile(r"dns error|domain name not found|host (not found|unknown)|no route", re.IGNORECASE)

#: Characters of what a server said that are kept.
_LONGEST = 500

#: Enhanced codes (without their class) that are about the mailbox: RFC 3463, and 1.10 by RFC 7505.
_RECIPIENT_CODES = frozenset({(1, 0), (1, 1), (1, 2), (1, 3), (1, 4), (1, 6), (1, 10), (2, 0), (2, 1)})
_MAILBOX_FULL = (2, 2)
#: RFC 3463 subjects: 6 is the message's content, 7 is policy.
_CONTENT, _POLICY = 6, 7
_CONTENT_CODES = frozenset({(2, 3), (3, 4), (7, 38)})
#: Plain codes that RFC 5321 gives to a mailbox, for servers without enhanced codes: 551 moved, 553 bad name.
_MAILBOX_REPLIES = frozenset({551})


def judge(code: int, text: str) -> Judgement:
    """Return what a refusal of RCPT or of the message is about, and whether trying again is of no use.

    `code` is the reply's, `text` what stood after it. A refusal of ourselves is worth another try, whatever its
    code: our standing can change while the recipient's data is at risk. So is a full mailbox.
    """
    cause = _cause(code, text)
    lasting = cause in {Cause.RECIPIENT, Cause.CONTENT} and not _FULL.search(text) and _enhanced(text) != _MAILBOX_FULL
    return Judgement(cause, permanent=code // 100 == NEVER and lasting)


def judge_sender(code: int, text: str) -> Judgement:
    """Return what a refusal before any recipient was named is about: it cannot be about the recipient."""
    judgement = judge(code, text)
    if judgement.cause is Cause.RECIPIENT:
        return Judgement(Cause.REPUTATION, permanent=False)
    return judgement


def _cause(code: int, text: str) -> Cause:
    if _BAD_NAME_OF_CONTENT.search(text):
        return Cause.CONTENT
    if _FULL.search(text):
        return Cause.RECIPIENT
    if _BAD_NAME_OF_OURS.search(text):
        return Cause.REPUTATION
    if _NO_ROUTE.search(text):
        return Cause.CONNECTION
    if _NO_MAILBOX.search(text):
        return Cause.RECIPIENT
    return _cause_by_code(code, _enhanced(text))


def _cause_by_code(code: int, enhanced: tuple[int, int] | None) -> Cause:
    if enhanced in _CONTENT_CODES or (enhanced is not None and enhanced[0] == _CONTENT):
        return Cause.CONTENT
    if enhanced in _RECIPIENT_CODES or enhanced == _MAILBOX_FULL or (enhanced is None and code in _MAILBOX_REPLIES):
        return Cause.RECIPIENT
    if code // 100 == LATER and (enhanced is None or enhanced[0] != _POLICY):
        return Cause.CONNECTION
    return Cause.REPUTATION


def _enhanced(text: str) -> tuple[int, int] | None:
    found = _ENHANCED.search(text)
    return (int(found[2]), int(found[3])) if found else None


def refused(reply: SMTPResponse, judged: Callable[[int, str], Judgement]) -> DeliveryFailed:
    """Return the failure that a refusal is, as `judge` or `judge_sender` sees it."""
    text = one_line(f"{reply.code} {reply.message}")
    if reply.code == CLOSING and judged is judge_sender:
        return DeliveryFailed(Cause.CONNECTION, text)
    judgement = judged(reply.code, reply.message)
    return DeliveryFailed(judgement.cause, text, permanent=judgement.permanent)


def one_line(text: str) -> str:
    """Return what a server said, fit for a log and a page: on one line, without control characters, not too long."""
    if text.isprintable() and "  " not in text and len(text) <= _LONGEST:
        return text.strip()
    printable = text if text.isprintable() else "".join(each if each.isprintable() else " " for each in text)
    return " ".join(printable.split())[:_LONGEST]
