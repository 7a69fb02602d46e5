"""All that the messages of a batch rest on, read with one look at each thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from feeds import store as defects
from feeds.defects import Revision
from installs_registry import customers
from installs_registry.customers import Contact
from installs_registry.installs import InstallState
from notifier.delivery import store
from notifier.delivery.claims import NoticeLine, OwedNotice
from notifier.delivery.safe import Guides
from notifier.delivery.subjects import Subject
from notifier.publications import Rulebook
from notifier.states import NoticeKind
from storage import Row, Tx


@dataclass(frozen=True, slots=True, eq=False)
class About:
    """What the mails of a batch say alike of a defect: the facts by name. Each is another than every other."""

    facts: Mapping[str, Any]


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
    #: By the number of the install.
    states: Mapping[int, InstallState]
    #: Every revision of the defects that a correction is about, by the defect's number.
    revisions: Mapping[int, Sequence[Revision]]
    #: By what they follow from, as far as they have been asked for.
    abouts: dict[object, About] = field(default_factory=dict)

    @classmethod
    def of(cls, tx: Tx, rulebook: Rulebook, guides: Guides, owed: Sequence[OwedNotice]) -> Known:
        """Read what is known of these notices; raises NotFound for a defect that is not there."""
        numbers = [each.notice_no for each in owed]
        lines = store.lines_of(tx, numbers)
        subjects = {no: Subject.of(tx, rulebook, guides, no) for no in {each.defect_no for each in owed}}
        corrected = {each.defect_no for each in owed if each.kind is NoticeKind.CORRECTION}
        states: dict[int, InstallState] = {}
        for no, subject in subjects.items():
            concerned = [line for each in owed if each.defect_no == no for line in lines[each.notice_no]]
            states |= subject.installs(tx, concerned)
        return cls(
            contacts=customers.contacts(tx, sorted({each.recipient for each in owed})),
            lines=lines,
            told=store.told_of(tx, numbers),
            subjects=subjects,
            states=states,
            revisions={no: defects.revisions(tx, subjects[no].defect) for no in corrected},
        )

    def contact(self, owed: OwedNotice) -> Contact:
        """Return how a notice's recipient is reached."""
        return self.contacts.get(owed.recipient) or Contact(owed.recipient)
