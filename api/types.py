"""What the HTTP face itself reads and answers; all else comes from the packages below."""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from feeds.life import State
from feeds.types import DefectId, RemedyOffer
from installs_registry.types import CustomerId, InstallId, Platform, ProductId, VersionText, Word
from risk import Decision, Exposure, Severity

# A query parameter that is not sent is UNSET: with None, msgspec would read the text "null" as not sent.
T = TypeVar("T")

#: Items of a list, unless `limit` says otherwise.
PAGE = 100

Cursor = Annotated[str, Meta(min_length=1, max_length=300, description="`next` of the page before")]
Sequence = Annotated[int, Meta(ge=1, le=2**53 - 1, description="a past `sequence`: the answer as it was then")]
Limit = Annotated[int, Meta(ge=1, le=1000, description="how many at most")]


class Page(Struct, Generic[T], frozen=True):
    """A part of a list."""

    items: list[T]
    #: For `after`; null: there is no more.
    next: str | None
    #: Set where the list is kept back from the asker's role: it would name fewer recipients than this.
    fewer_than: int | UnsetType = UNSET


class PageQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which part of a list."""

    limit: Limit = PAGE
    after: Cursor | UnsetType = UNSET


class DefectsQuery(PageQuery, frozen=True, forbid_unknown_fields=True):
    """Which defects."""

    product: ProductId | UnsetType = UNSET
    state: State | UnsetType = UNSET


class AudienceQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """What is counted beside the audience."""

    backtest: (
        Annotated[int, Meta(ge=1, le=3650, description="also test it against the upgrades seen in so many days")]
        | UnsetType
    ) = UNSET


class NoticesQuery(PageQuery, frozen=True, forbid_unknown_fields=True):
    """Whose notices, or of what: exactly one of the three."""

    install: InstallId | UnsetType = UNSET
    customer: CustomerId | UnsetType = UNSET
    defect: DefectId | UnsetType = UNSET


class CallListQuery(PageQuery, frozen=True, forbid_unknown_fields=True):
    """Which part of a call list, or all of it as a table."""

    format: Annotated[Literal["json", "csv"], Meta(description="csv: the whole list, one line per install")] = "json"


class LedgerQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """In which form a ledger is answered; left out, the Accept header decides."""

    format: (
        Annotated[Literal["json", "csv"], Meta(description="csv: a table, one line per exposure or part")] | UnsetType
    ) = UNSET


class Witness(Struct, frozen=True, forbid_unknown_fields=True):
    """Which install a client app speaks for; its token says as much."""

    install: InstallId | UnsetType = UNSET


class Choice(Struct, frozen=True, forbid_unknown_fields=True):
    """What a recipient chose."""

    remedy: Annotated[int, Meta(ge=0, le=1000, description="index into the notice's `remedies`")]


class SampleSent(Struct, frozen=True):
    """A test mail went out."""

    to: str
    sent: bool


class LineError(Struct, frozen=True):
    """Why a line of an import was rejected."""

    line: Annotated[int, Meta(description="counted from 1; a CSV file's heading is line 1")]
    detail: str


class ImportQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """How an import is taken."""

    all_or_nothing: Annotated[
        bool, Meta(description="store nothing where a line is rejected; the body is stored in one transaction")
    ] = False
    dry_run: Annotated[bool, Meta(description="store nothing, and tell what would become of the lines")] = False


class BounceTaken(Struct, frozen=True):
    """What became of a mail that came back."""

    result: Annotated[
        str,
        Meta(
            description="no_report (it says nothing of a delivery), not_ours, known, delivered, delayed, "
            "again (it is sent again), or failed"
        ),
    ]


class ImportReport(Struct, frozen=True, kw_only=True):
    """What became of an import."""

    #: Lines that were right.
    accepted: int
    rejected: int
    #: The first thousand.
    errors: list[LineError]
    #: Of the accepted: what they tell of was not known, was known otherwise, or just so.
    new: int
    changed: int
    unchanged: int
    #: Installs that are at risk of an open defect, or cannot be told to be safe, and were not before.
    newly_at_risk: int
    #: Whether the accepted lines are stored: not in a dry run, and not where it is all or nothing and one is rejected.
    stored: bool


class CheckQuestion(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The question before an upgrade: may this install go there, or where may it go."""

    product: ProductId
    from_version: VersionText = msgspec.field(name="from")
    to_version: Annotated[VersionText | None, Meta(description="left out: which upgrade should I take?")] = (
        msgspec.field(name="to", default=None)
    )
    platform: Platform | UnsetType = UNSET
    footprint: Annotated[
        dict[str, Any] | UnsetType,
        Meta(
            description="values of declared facts; left out, those that `install` reported last",
            examples=[{"notebooks": 12, "storage_format": "v2"}],
        ),
    ] = UNSET
    install: Annotated[InstallId | None, Meta(description="who asks; the check is recorded for it")] = None
    accept: Annotated[
        list[DefectId],
        Meta(
            max_length=100,
            description="defects whose risk is accepted: recorded by name, then left out",
        ),
    ] = []
    explain: Annotated[bool, Meta(description="also list every defect of the product, and why it counts or not")] = (
        False
    )
    as_of: Sequence | None = None


class CheckByQuery(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The same question in an address; the facts are parameters too, such as `footprint.notebooks=12`."""

    product: ProductId
    from_version: VersionText = msgspec.field(name="from")
    to_version: VersionText | UnsetType = msgspec.field(name="to", default=UNSET)
    os: Annotated[Word | UnsetType, Meta(examples=["macos"])] = msgspec.field(name="platform.os", default=UNSET)
    os_version: Annotated[Word | UnsetType, Meta(examples=["14.6.1"])] = msgspec.field(
        name="platform.os_version", default=UNSET
    )
    arch: Annotated[Word | UnsetType, Meta(examples=["arm64"])] = msgspec.field(name="platform.arch", default=UNSET)
    install: InstallId | UnsetType = UNSET
    explain: bool = False
    as_of: Sequence | UnsetType = UNSET

    def question(self, footprint: dict[str, object]) -> CheckQuestion:
        """Return the question that a body would ask."""
        platform = Platform(os=self.os, os_version=self.os_version, arch=self.arch)
        return CheckQuestion(
            product=self.product,
            from_version=self.from_version,
            to_version=self.to_version or None,
            platform=UNSET if platform == Platform() else platform,
            footprint=footprint or UNSET,
            install=self.install or None,
            explain=self.explain,
            as_of=self.as_of or None,
        )


class FindingView(Struct, frozen=True):
    """What a defect means for this upgrade."""

    defect: str
    revision: int
    title: str
    severity: Severity
    exposure: Exposure
    #: The facts that the condition matched on.
    because: tuple[str, ...]
    #: The facts whose absence leaves it open.
    missing: tuple[str, ...]
    remedies: list[RemedyOffer]
    url: str | None


class SafeTarget(Struct, frozen=True):
    """The highest release that can be reached without a hold."""

    version: str
    #: The releases to install, one after another; the last is `version`.
    path: tuple[str, ...]


class Considered(Struct, frozen=True):
    """A defect of the product, and why it does or does not count."""

    defect: str
    counts: bool
    why: str


class VerdictView(Struct, frozen=True, kw_only=True):
    """The answer to an upgrade check."""

    decision: Decision
    product: str
    from_version: str = msgspec.field(name="from")
    #: What was judged; null: there is nothing to upgrade to.
    to_version: str | None = msgspec.field(name="to")
    findings: list[FindingView]
    safe_target: SafeTarget | None
    #: What the verdict was judged by; `as_of` it, the answer is the same for ever.
    sequence: int
    valid_for_seconds: int
    #: The defects that the verdict leaves out because their risk was taken.
    accepted: tuple[str, ...] | UnsetType = UNSET
    #: With `explain`.
    considered: list[Considered] | UnsetType = UNSET


class Health(Struct, frozen=True):
    """How the service is."""

    status: Literal["ok", "starting"]
