"""The mails of the benchmarks: what they are made of, and making them as a delivery does."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import cycle, islice
from math import inf

from notifier.mails.build import Draft, Envelope, Mail, Sender, finished
from notifier.mails.facts import Line, MailFacts, Option
from notifier.mails.listing import head_of, said_of_one
from notifier.mails.press import Press
from notifier.mails.stencils import Own
from notifier.states import NoticeKind
from risk import Exposure, Severity

FROM = Sender("Notes Ltd", "warnings@notes.example")
_DATE = datetime(2026, 11, 21, 12, tzinfo=UTC)
#: As many as to make a mail of ten kilobytes and more.
_SUMMARY = "The upgrade drops what it cannot convert, and says so only in its log. "


class Made:
    """Our mails, made as the delivery makes them: what is one recipient's own is put into what all of them share."""

    def __init__(self, press: Press, rows: Sequence[tuple[MailFacts, Envelope]]) -> None:
        facts, envelope = rows[0]
        self._press = press
        self._said = said_of_one(facts)
        self._stencil = press.master(facts, envelope.sender, envelope.product).stencil(self._said)
        self._rows = [(_own(facts), envelope) for facts, envelope in rows]
        [first] = finished([self._draft(*self._rows[0])])
        if first.whole() != press.mail(facts, envelope):
            raise RuntimeError("a mail is another than its facts make")

    def mails(self, at_once: int, *, until: float = inf) -> Iterator[Mail]:
        """Yield mails until it is time: some are written, then signed, then sent. None is made that is not sent."""
        rows = cycle(self._rows)
        while time.perf_counter() < until:
            yield from finished([self._draft(*row) for row in islice(rows, at_once)])

    def _draft(self, own: Own, envelope: Envelope) -> Draft:
        draft = self._press.filled(self._stencil, own, self._said, envelope) if self._stencil else None
        if draft is None:
            raise RuntimeError("a mail of the benchmark is no ordinary one")
        return draft


def _own(facts: MailFacts) -> Own:
    [line] = facts.lines
    return Own(facts.customer or "", head_of(line.install, line.version), facts.url, facts.unsubscribe_url or "")


def row(number: int) -> tuple[MailFacts, Envelope]:
    """Return what the mail of this number is made of."""
    notice = f"01JD0000000000000000{number:06}"
    line = Line(install=f"install-{number}", version="4.1.3", exposure=Exposure.AT_RISK, because=("notebooks is 12",))
    facts = MailFacts(
        kind=NoticeKind.WARNING,
        vendor=FROM.name,
        product="Notes",
        customer=f"Customer {number}",
        defect="NOTES-4411",
        title="Upgrading to 4.2 can erase notes kept in the v2 format",
        summary=_SUMMARY,
        severity=Severity.DATA_LOSS,
        affected="version 4.2.0 and later, before 4.2.2",
        target="4.2.0",
        lines=(line,),
        options=(Option(index=0, kind="wait"), Option(index=1, kind="upgrade_to", version="4.1.4")),
        url=f"https://warn.notes.example/n/{notice}.0123456789012345678901",
        unsubscribe_url=f"https://warn.notes.example/u/{notice}.0123456789012345678901",
    )
    return facts, Envelope(
        sender=FROM,
        recipient=f"customer-{number}@example.com",
        message_id=f"<{notice}@notes.example>",
        date=_DATE,
        product="notes",
    )
