"""The quick way from a notice on one install to its mail: whatever is not the recipient's own is worked out once.

All recipients whose installs stand alike to a defect are told the same. What a mail says of that is made for nobody,
from the case alone: from what the rules say of such installs, and from nothing else of the first that came.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from msgspec import Struct

from feeds.defects import Revision
from notifier.delivery import subjects
from notifier.delivery.fitting import fits
from notifier.delivery.judged import Judged
from notifier.delivery.subjects import Subject
from notifier.delivery.telling import Addressee, Case, Told, mail_facts
from notifier.mails.build import Sender
from notifier.mails.facts import Line
from notifier.mails.listing import said_of_one
from notifier.mails.outlines import names_version
from notifier.mails.press import Press
from notifier.mails.stencils import Stencil
from notifier.states import NoticeKind
from risk import Exposure

#: Ways that are kept, and what recipients have been told before in them: a mail that names the minute has a master of
#: its own. Then all are given up.
KEPT, TOLD = 8_192, 64

#: Stands for the recipient where it has a name, and for where its links lead.
_NOBODY = "-"


class Way(Struct, frozen=True):
    """The quick way to the mails of one case."""

    #: None: there is none.
    stencil: Stencil | None
    #: What they say of the install beside its name.
    said: str | None


class Stance(Struct, frozen=True, eq=False):
    """How an install stands to a defect, as the words of a notice have it; each is another than every other."""

    #: Without what the vendor calls the install; without its version too, unless the words depend on it.
    line: Line
    safe_version: str | None


@dataclass(frozen=True, slots=True, eq=False)
class QuickWays:
    """The quick ways to mails about one defect, for as long as nothing that they rest on can change."""

    subject: Subject
    #: Every revision of the defect, where a mail tells what has changed.
    revisions: Sequence[Revision]
    press: Press
    sender: Sender
    _ways: dict[tuple[NoticeKind, Exposure | None, Judged, bool, Told | None], Way] = field(default_factory=dict)
    #: By what the words make of an install: of many that differ, most come to the same.
    _stances: dict[Hashable, Stance] = field(default_factory=dict)
    #: Each by its stance, by whether the recipient has a name, and what it has been told before.
    _cases: dict[tuple[Stance, bool, Told | None], Way] = field(default_factory=dict)
    _told: set[Told | None] = field(default_factory=set)

    def way(
        self, kind: NoticeKind, exposure: Exposure | None, judged: Judged, told: Told | None, *, named: bool
    ) -> Way:
        """Return the way to mails on one such install, for all who have a name or none and were told this before."""
        key = (kind, exposure, judged, named, told)
        way = self._ways.get(key)
        if way is None:
            self._make_room()
            self._told.add(told)
            if fits(kind, exposure):
                way = self._of_case(kind, self._stance(kind, exposure, judged), told, named=named)
            else:
                way = Way(None, None)
            self._ways[key] = way
        return way

    def _make_room(self) -> None:
        if len(self._ways) >= KEPT or len(self._told) >= TOLD:
            for kept in (self._ways, self._stances, self._cases, self._told):
                kept.clear()

    def _of_case(self, kind: NoticeKind, stance: Stance, told: Told | None, *, named: bool) -> Way:
        way = self._cases.get((stance, named, told))
        if way is None:
            case = Case(kind, (stance.line,), stance.safe_version, told)
            way = self._cases[stance, named, told] = self._made(case, named=named)
        return way

    def _stance(self, kind: NoticeKind, exposure: Exposure | None, judged: Judged) -> Stance:
        found = self.subject.found(judged, exposure)
        safe = self.subject.safe_release(kind, (judged,))
        version = judged.version if names_version(kind, exposure) else ""
        key = (kind, exposure, version, found, safe)
        stance = self._stances.get(key)
        if stance is None:
            because, missing, earlier = found
            line = Line(
                install="", version=version, exposure=exposure, because=because, missing=missing, earlier=earlier
            )
            stance = self._stances[key] = Stance(line, safe)
        return stance

    def _made(self, case: Case, *, named: bool) -> Way:
        tongue = (case.told.locale, case.told.time_zone) if case.told else (None, None)
        nobody = Addressee(_NOBODY if named else None, _NOBODY, _NOBODY, *tongue)
        facts = mail_facts(self.subject, self.revisions, self.sender.name, case, nobody)
        said = said_of_one(facts)
        return Way(self.press.master(facts, self.sender, self.subject.product.id).stencil(said), said)


@dataclass(frozen=True, slots=True, eq=False)
class AllWays:
    """The quick ways of all defects, kept over all batches while nothing that they rest on has changed."""

    #: By the number of the defect.
    _kept: dict[int, QuickWays] = field(default_factory=dict)

    def of(self, subject: Subject, revisions: Sequence[Revision], press: Press, sender: Sender) -> QuickWays:
        """Return the quick ways to mails on a subject; `revisions` are of use to corrections alone."""
        kept = self._kept.get(subject.defect.no)
        if kept is None or kept.subject is not subject or (revisions and kept.revisions != revisions):
            if len(self._kept) >= subjects.KEPT:
                self._kept.clear()
            kept = self._kept[subject.defect.no] = QuickWays(subject, revisions, press, sender)
        return kept
