"""All that one mail says, before any wording: text and HTML are made from the same facts."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from notifier.states import NoticeKind
from risk import Exposure, Severity


class Outcome(StrEnum):
    """Why an ALL_CLEAR is sent."""

    #: A release without the defect is out.
    RESOLVED = "resolved"
    #: The defect was taken back: we were wrong.
    WITHDRAWN = "withdrawn"
    #: The defect stands, but not for this recipient.
    NARROWED = "narrowed"


class Line(Struct, frozen=True, kw_only=True):
    """One install that a notice is about."""

    #: What the vendor calls the install.
    install: str
    #: The version it has now.
    version: str
    #: None: it is not, or no longer, concerned.
    exposure: Exposure | None
    #: Why we think so, such as "notebooks is 12".
    because: tuple[str, ...] = ()
    #: The facts that we would have to know to be sure.
    missing: tuple[str, ...] = ()
    #: The unaffected version it had before; None: none that we know of.
    earlier: str | None = None


class Option(Struct, frozen=True, kw_only=True):
    """A remedy as it is offered in one notice."""

    #: Place among the defect's remedies, from 0: what `choose` takes.
    index: int
    #: The remedy's kind, as in the contract.
    kind: str
    text: str | None = None
    version: str | None = None
    url: str | None = None


class MailFacts(Struct, frozen=True, kw_only=True):
    """What a recipient is to be told of one defect."""

    kind: NoticeKind
    #: The vendor as its customers know it.
    vendor: str
    product: str
    #: None: nobody is known; the mail greets without a name.
    customer: str | None
    #: The defect's id.
    defect: str
    title: str
    #: Paragraphs are divided by empty lines.
    summary: str
    severity: Severity
    #: The affected versions in words, such as "4.2.0 and later, before 4.2.2".
    affected: str
    #: The one version that the recipient would take next; None where there is no single one.
    target: str | None
    lines: tuple[Line, ...]
    options: tuple[Option, ...] = ()
    #: The release to go to; None: there is none yet.
    safe_version: str | None = None
    #: CORRECTION: what is different now, in sentences.
    changes: tuple[str, ...] = ()
    #: ALL_CLEAR: why.
    outcome: Outcome | None = None
    #: The release that no longer has the defect; it may have another one.
    fixed_in: str | None = None
    #: Why the defect was withdrawn, in the vendor's words.
    reason: str | None = None
    #: When the recipient was told first; None: not yet.
    told_at: datetime | None = None
    #: Where the recipient chooses a remedy.
    url: str
    #: None: a test mail, from which nobody can unsubscribe.
    unsubscribe_url: str | None
    #: BCP 47; None: not known.
    locale: str | None = None
    #: IANA; None: not known, times are in UTC.
    time_zone: str | None = None
    is_test: bool = False

    @property
    def goes_back(self) -> bool:
        """Whether any install can go back to a version that is not affected."""
        return any(line.earlier is not None for line in self.lines)

    def concerned(self, *exposures: Exposure) -> tuple[Line, ...]:
        """Return the installs with one of these exposures."""
        return tuple(line for line in self.lines if line.exposure in exposures)
