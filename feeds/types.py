"""What a client may say of a defect, and what it is answered; the limits of the input are here.

These types decode the bodies of the HTTP face and generate its OpenAPI document.
A field that is absent and one that is null mean the same.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from risk import Severity

from .life import Act, State

Line = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]
Prose = Annotated[str, Meta(max_length=20_000)]
Sentence = Annotated[str, Meta(min_length=1, max_length=2_000, pattern=r"\S")]
VersionText = Annotated[str, Meta(min_length=1, max_length=200, examples=["4.2.0"])]
Address = Annotated[str, Meta(min_length=1, max_length=2_000, examples=["https://example.com/notes/4411"])]
DefectId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        description="The vendor's name for the defect; left out, one that begins with FW- is made.",
        examples=["NOTES-4411"],
    ),
]
Moment = Annotated[datetime, Meta(tz=True, examples=["2026-11-21T23:59:59Z"])]
RemedyKind = Literal[
    "wait",
    "upgrade_to",
    "roll_back",
    "workaround",
    "back_up",
    "repair",
    "exchange",
    "credit",
    "contact",
]


class AffectedEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A range of versions, `introduced` to `fixed` or `last_affected`, or a list of `versions`."""

    #: First affected version; "0" is before everything.
    introduced: VersionText | None = None
    #: First version that is no longer affected.
    fixed: VersionText | None = None
    #: Last affected version.
    last_affected: VersionText | None = None
    versions: Annotated[tuple[VersionText, ...], Meta(max_length=20_000)] | None = None


class RemedyOffer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One thing that the customer can do or is offered."""

    kind: RemedyKind
    text: Annotated[str, Meta(max_length=4_000)] | None = None
    version: VersionText | None = None
    url: Address | None = None


class Reference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where more can be read."""

    type: Annotated[str, Meta(min_length=1, max_length=64, examples=["evidence"])]
    url: Address


class DefectReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A flaw against upgrading to some versions, as QA files it."""

    id: DefectId | None = None
    product: Annotated[str, Meta(min_length=1, max_length=200, examples=["notes"])]
    #: One line; a warning's subject is made of it.
    title: Line
    summary: Prose
    severity: Severity
    affected: Annotated[tuple[AffectedEntry, ...], Meta(min_length=1, max_length=1_000)]
    #: The versions whose upgrade is harmed; none: all that are not affected themselves.
    upgrading_from: Annotated[tuple[AffectedEntry, ...], Meta(max_length=1_000)] = ()
    #: What an install's facts must show for the defect to bite; None: nothing, everyone is meant.
    condition: (
        Annotated[str, Meta(max_length=4_000, examples=["notebooks > 0 && storage_format in ['v1', 'v2']"])] | None
    ) = None
    remedies: Annotated[tuple[RemedyOffer, ...], Meta(max_length=50)] = ()
    references: Annotated[tuple[Reference, ...], Meta(max_length=100)] = ()


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a defect is withdrawn or reopened; customers read it."""

    reason: Sentence


class Resolution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The release that no longer has the defect."""

    fixed_in: VersionText


class Hold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An objection or a pause: it runs out by itself."""

    reason: Sentence
    until: Moment


class TestMail(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a warning is sent as a test."""

    to: Annotated[str, Meta(min_length=3, max_length=254, examples=["qa@example.com"])]


class HoldView(msgspec.Struct, frozen=True, omit_defaults=True):
    """An objection or a pause that has not run out; times are RFC 3339 in UTC."""

    person: str
    reason: str
    made_at: str
    until: str
    #: Installs that have taken an affected version since it was made; None: not counted here.
    upgraded_meanwhile: int | None = None


class SignatureView(msgspec.Struct, frozen=True):
    """One person's word for an act that waits for another's."""

    action: Act
    #: What exactly was signed: fixed_in, reason.
    terms: dict[str, Any]
    person: str
    #: RFC 3339, UTC.
    signed_at: str


class Told(msgspec.Struct, frozen=True):
    """How many hear something, and for how many installs."""

    recipients: int
    installs: int


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """What publishing would do to people, counted before it is done; each recipient of a group gets one notice."""

    #: WARNING.
    newly_at_risk: Told
    #: Those of them who had asked before an upgrade to an affected version, and were told to proceed.
    told_to_proceed: Told
    #: RECOVERY.
    newly_upgraded: Told
    #: CORRECTION: told before, and the range or what to do has changed.
    told_otherwise: Told
    #: ALL_CLEAR: told before, and no longer concerned.
    no_longer: Told
    #: Concerned, and there is nothing new to hear.
    unchanged: Told


class LintWarning(msgspec.Struct, frozen=True):
    """A sentence about a place in the report that deserves a second look; it never blocks."""

    #: JSON pointer into the report.
    at: str
    detail: str


class Pending(msgspec.Struct, frozen=True):
    """An act that waits for another person."""

    action: Act
    signed_by: tuple[str, ...]
    #: How many further people must do the same.
    needs: int


class ProposedView(msgspec.Struct, frozen=True):
    """A revision of a published defect that waits to be published."""

    revision: int
    by: str
    at: str
    report: DefectReport


class DefectView(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A defect as it is answered: the live revision, or the draft's; times are RFC 3339 in UTC."""

    id: str
    state: State
    revision: int
    product: str
    title: str
    summary: str
    severity: Severity
    affected: tuple[AffectedEntry, ...]
    upgrading_from: tuple[AffectedEntry, ...]
    condition: str | None = None
    remedies: tuple[RemedyOffer, ...]
    references: tuple[Reference, ...]
    filed_by: str
    filed_at: str
    changed_at: str
    #: First publication.
    published_at: str | None = None
    fixed_in: str | None = None
    #: Why it was withdrawn or reopened.
    reason: str | None = None
    proposed: ProposedView | None = None
    #: What publishing would change in the live revision, in sentences; empty for a draft.
    changes: tuple[str, ...] = ()
    #: Whom publishing would owe what; only where one defect is read, and something waits to be published.
    effect: Effect | None = None
    #: None where nothing is pausing it.
    pause: HoldView | None = None
    objections: tuple[HoldView, ...]
    #: What waits for another person's word.
    signatures: tuple[SignatureView, ...]
    warnings: tuple[LintWarning, ...]
