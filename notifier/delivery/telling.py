"""What a mail says: the defect, how installs stand to it, and the recipient, put together as its facts.

What is the recipient's own comes in by one door, `Addressee`; all else that the words depend on by another, `Case`. So
what is written for one case, and for nobody, serves for all recipients in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from msgspec import Struct

from feeds.defects import Revision
from notifier.delivery.describing import changes
from notifier.delivery.fitting import options
from notifier.delivery.subjects import Subject
from notifier.mails.facts import Line, MailFacts
from notifier.mails.outlines import names_date
from notifier.states import NoticeKind
from storage import Row, parse_instant


class Told(Struct, frozen=True):
    """What the recipient has been told before, and in whose words a date is put for it."""

    #: The revision that it was told of.
    revision: int
    #: None: it is not known when.
    at: datetime | None
    locale: str | None
    time_zone: str | None

    @classmethod
    def of(cls, row: Row, locale: str | None, time_zone: str | None) -> Told:
        """Read how the recipient was told."""
        at = row["sent_at"] or row["handed_over_at"]
        return cls(row["revision"], parse_instant(at) if at else None, locale, time_zone)

    def as_said(self, kind: NoticeKind) -> Told | None:
        """Return what of it a mail can say: the minute at most; None: nothing."""
        if not names_date(kind):
            return None
        at = self.at.replace(second=0, microsecond=0) if self.at else None
        return Told(self.revision, at, self.locale, self.time_zone)


class Case(NamedTuple):
    """All that the words of a mail depend on, beside the defect and what is the recipient's own."""

    kind: NoticeKind
    lines: tuple[Line, ...]
    #: The release that all these installs can go to.
    safe_version: str | None
    #: None: the recipient has not been told before.
    told: Told | None


class Addressee(NamedTuple):
    """What is the recipient's own, but for what its installs are called."""

    name: str | None
    url: str
    unsubscribe_url: str
    locale: str | None = None
    time_zone: str | None = None


def mail_facts(
    subject: Subject, revisions: Sequence[Revision], vendor: str, case: Case, addressee: Addressee
) -> MailFacts:
    """Return what a notice says; `revisions` are the defect's, of use where the mail tells what has changed."""
    corrects = case.kind is NoticeKind.CORRECTION
    return MailFacts(
        kind=case.kind,
        vendor=vendor,
        customer=addressee.name,
        lines=case.lines,
        safe_version=case.safe_version,
        changes=_changes(revisions, subject, case.told) if corrects else (),
        outcome=subject.outcome if case.kind is NoticeKind.ALL_CLEAR else None,
        told_at=case.told.at if case.told else None,
        url=addressee.url,
        unsubscribe_url=addressee.unsubscribe_url,
        locale=addressee.locale,
        time_zone=addressee.time_zone,
        **of_defect(subject, case.kind, case.lines),
    )


def of_defect(subject: Subject, kind: NoticeKind, lines: Sequence[Line]) -> Mapping[str, Any]:
    """Return the facts that follow from the defect and from how the installs stand to it."""
    report = subject.defect.report
    goes_back = any(line.earlier for line in lines)
    return {
        "product": subject.product.name,
        "defect": subject.defect.id,
        "title": report.title,
        "summary": report.summary,
        "severity": report.severity,
        "affected": subject.affected,
        "target": subject.target,
        "options": options(kind, report.remedies, [line.exposure for line in lines], goes_back=goes_back),
        "fixed_in": subject.defect.fixed_in,
        "reason": subject.defect.reason,
    }


def _changes(revisions: Sequence[Revision], subject: Subject, told: Told | None) -> tuple[str, ...]:
    live = subject.defect.report
    before = next((each.report for each in revisions if told and each.number == told.revision), live)
    return changes(before, live)
