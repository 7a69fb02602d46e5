"""Mail facts in one line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from notifier.mails.build import Envelope, Mail, Sender
from notifier.mails.facts import Line, MailFacts, Option
from notifier.mails.press import Press
from notifier.states import NoticeKind
from risk import Exposure, Severity

NOTES_LTD = Sender("Notes Ltd", "warnings@notes.example")


def a_line(**changes: Any) -> Line:
    return Line(**{"install": "ada-mac", "version": "4.1.3", "exposure": Exposure.AT_RISK, **changes})


def some_facts(**changes: Any) -> MailFacts:
    values: dict[str, Any] = {
        "kind": NoticeKind.WARNING,
        "vendor": "Notes Ltd",
        "product": "Notes",
        "customer": "Ada Brown",
        "defect": "NOTES-4411",
        "title": "Upgrading to 4.2 can erase notes kept in the v2 format",
        "summary": "The upgrade drops what it cannot convert.\n\nOther formats are not touched.",
        "severity": Severity.DATA_LOSS,
        "affected": "version 4.2.0 and later, before 4.2.2",
        "target": "4.2.0",
        "lines": (a_line(because=("notebooks is 12",)),),
        "options": (Option(index=0, kind="wait"), Option(index=2, kind="upgrade_to", version="4.1.4")),
        "told_at": datetime(2026, 11, 20, 13, 5, tzinfo=UTC),
        "url": "https://warn.notes.example/n/token",
        "unsubscribe_url": "https://warn.notes.example/u/token",
    }
    return MailFacts(**{**values, **changes})


def an_envelope(**changes: Any) -> Envelope:
    values: dict[str, Any] = {
        "sender": NOTES_LTD,
        "recipient": "ada@example.com",
        "message_id": "<01jd@notes.example>",
        "date": datetime(2026, 11, 21, 12, tzinfo=UTC),
        "product": "notes",
    }
    return Envelope(**{**values, **changes})


#: Masters are kept in it from test to test, as they are from mail to mail.
PRESS = Press()


def a_mail(envelope: Envelope | None = None, **facts: Any) -> Mail:
    told = some_facts(**facts)
    return PRESS.mail(told, envelope or an_envelope())
