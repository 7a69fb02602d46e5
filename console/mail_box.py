"""Caught mails, as the demo's mail catcher keeps them and the pages show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from functools import cached_property
from typing import Protocol


@dataclass(frozen=True)
class CaughtMail:
    """One mail as it came over the wire."""

    #: Counts the mails caught, from 1.
    number: int
    #: Aware.
    caught_at: datetime
    #: The address in the envelope.
    recipient: str
    #: Header and body, as the server got them.
    content: bytes

    @cached_property
    def subject(self) -> str:
        """The decoded subject, "" where there is none."""
        return str(self._head.get("Subject", ""))

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return the header lines in their order, decoded, as (name, value)."""
        return tuple((name, " ".join(str(value).split())) for name, value in self._head.items())

    @property
    def text(self) -> str:
        """Return the part in plain text, "" where there is none."""
        return self._part("plain")

    @property
    def html(self) -> str:
        """Return the part in HTML, "" where there is none."""
        return self._part("html")

    def mentions(self, words: str) -> bool:
        """Return whether the recipient's address or the subject holds `words`, in any case."""
        return words.casefold() in f"{self.recipient}\n{self.subject}".casefold()

    @property
    def _head(self) -> EmailMessage:
        # Without the body: a list has thousands of mails.
        return BytesParser(EmailMessage, policy=policy.default).parsebytes(self.content, headersonly=True)

    def _part(self, subtype: str) -> str:
        part = BytesParser(EmailMessage, policy=policy.default).parsebytes(self.content).get_body((subtype,))
        return "" if part is None else str(part.get_content())


class MailBox(Protocol):
    """Where a mail catcher keeps what it caught; only the demo has one."""

    def mails(self) -> Sequence[CaughtMail]:
        """Return all mails caught so far, oldest first; mail number n stands at place n - 1."""
        ...
