"""All that the messages of a batch rest on, read with one look at each thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from feeds import store as defects
from feeds.defects import Revision
from installs_registry import customers
from installs_registry.customers import Contact
from notifier.delivery import owed_notices
from notifier.delivery.claims import NoticeLine, OwedNotice
from notifier.delivery.judged import Judged
from notifier.delivery.ordinary import AllWays, QuickWays
from notifier.delivery.subjects import Subject
from notifier.mails.build import Sender
from notifier.mails.press import Press
from notifier.states import NoticeKind
from storage import Row, Tx


@dataclass(frozen=True, slots=True)
class Known:
    """What one transaction sees of several notices."""

    #: By recipient.
    contacts: Mapping[int, Contact]
    #: By the number of the notice.
    lines: Mapping[int, Sequence[NoticeLine]]
    #: By the number of the notice; who was not told before is left out.
    told: Mapping[int, Row]
    #: By the number of the defect.
    subjects: Mapping[int, Subject]
    #: By the number of the defect, then of the install.
    judged: Mapping[int, Mapping[int, Judged]]
    #: Every revision of the defects that a correction is about, by the defect's number.
    revisions: Mapping[int, Sequence[Revision]]
    _ways: dict[int, QuickWays] = field(default_factory=dict)

    @classmethod
    def of(cls, tx: Tx, subjects: Mapping[int, Subject], owed: Sequence[OwedNotice]) -> Known:
        """Read what else is known of these notices, which are about these subjects."""
        numbers = [each.notice_no for each in owed]
        lines = owed_notices.lines_of(tx, numbers)
        corrected = {each.defect_no for each in owed if each.kind is NoticeKind.CORRECTION}
        concerned: dict[int, list[NoticeLine]] = {no: [] for no in subjects}
        for each in owed:
            concerned[each.defect_no] += lines[each.notice_no]
        return cls(
            contacts=customers.contacts(tx, sorted({each.recipient for each in owed})),
            lines=lines,
            told=owed_notices.told_of(tx, numbers),
            subjects=subjects,
            judged={no: subject.judged(tx, concerned[no]) for no, subject in subjects.items()},
            revisions={no: defects.revisions(tx, subjects[no].defect) for no in corrected},
        )

    def contact(self, owed: OwedNotice) -> Contact:
        """Return how a notice's recipient is reached."""
        return self.contacts.get(owed.recipient) or Contact(owed.recipient)

    def ways(self, defect_no: int, kept: AllWays, press: Press, sender: Sender) -> QuickWays:
        """Return the quick ways to ordinary mails about a defect, on the press of the one who sends them all."""
        ways = self._ways.get(defect_no)
        if ways is None:
            subject, revisions = self.subjects[defect_no], self.revisions.get(defect_no, ())
            ways = self._ways[defect_no] = kept.of(subject, revisions, press, sender)
        return ways
