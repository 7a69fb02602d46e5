"""Caught mails, held against the notices that they carry."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from console.mail_box import CaughtMail

Notice = Mapping[str, Any]

_MESSAGE_ID: Final = re.compile(rb"^Message-ID: (\S+)\r?$", re.MULTILINE)
_IN_REPLY_TO: Final = re.compile(rb"^In-Reply-To: (\S+)\r?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail with the notice that it carries."""

    mail: CaughtMail
    message_id: str
    #: The Message-ID that it answers, None where it begins a thread.
    answers: str | None
    notice: Notice

    @property
    def kind(self) -> str:
        """Return the notice's kind."""
        return str(self.notice["kind"])

    @property
    def installs(self) -> frozenset[str]:
        """Return the installs that it is about."""
        return frozenset(self.notice["installs"])


def letters(mails: Iterable[CaughtMail], notices: Sequence[Notice]) -> tuple[Letter, ...]:
    """Return the mails that carry one of `notices`: a Message-ID begins with its notice's id."""
    by_id = {notice["id"]: notice for notice in notices}
    found = []
    for mail in mails:
        head = mail.content.partition(b"\r\n\r\n")[0]
        message_id = _of(head, _MESSAGE_ID)
        notice = by_id.get((message_id or "").lstrip("<").partition("@")[0])
        if message_id is not None and notice is not None:
            found.append(Letter(mail, message_id, _of(head, _IN_REPLY_TO), notice))
    return tuple(found)


def _of(head: bytes, line: re.Pattern[bytes]) -> str | None:
    # The whole box is read after every scene: a mail parser would take longer than sending did.
    match = line.search(head)
    return match[1].decode("ascii") if match else None


def recipients(found: Iterable[Letter], *kinds: str) -> frozenset[str]:
    """Return the addresses of the letters of these kinds; without kinds, of all."""
    return frozenset(letter.mail.recipient for letter in found if not kinds or letter.kind in kinds)
