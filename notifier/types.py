"""What the notifier answers with; the same types make the OpenAPI document."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from feeds.life import State
from feeds.types import DefectView, LintWarning, Pending, RemedyOffer
from installs_registry.types import InstallView
from notifier.states import NoticeKind


class NoticeView(Struct, frozen=True, kw_only=True):
    """A notice as the app, the console and the customer's page show it."""

    id: str
    kind: NoticeKind
    defect: str
    revision: int
    title: str
    summary: str
    severity: str
    state: Annotated[str, Meta(description="pending, sending, sent, failed, cancelled or in_doubt")]
    installs: list[str]
    remedies: list[RemedyOffer]
    chosen: Annotated[int | None, Meta(description="index into remedies")]
    created_at: str
    sent_at: str | None
    seen_at: str | None
    url: str | None


class CheckInAnswer(Struct, frozen=True):
    """What a check-in is answered with: the install as it now stands, and what its holder should know."""

    install: InstallView
    notices: list[NoticeView]


class PendingView(Struct, frozen=True):
    """The answer 202: nothing has changed yet."""

    state: State
    pending: Pending


class Acted(Struct, frozen=True):
    """What became of an act on a defect."""

    #: 200 done, 202 waits for another person.
    status: int
    view: DefectView | PendingView


class Headcount(Struct, frozen=True):
    """How many installs, and how many known customers hold them."""

    installs: int
    customers: int


class NotAtRiskBecause(Struct, frozen=True):
    """Why installs of the product are not concerned, counted."""

    version: int
    condition: int


class NotAtRisk(Struct, frozen=True):
    """The installs that will hear nothing."""

    installs: int
    because: NotAtRiskBecause


class Reachable(Struct, frozen=True):
    """Recipients of the audience by the ways to reach them; one recipient may count in several."""

    email: int
    web_push: int
    webhook: int
    in_app: int
    nobody: int


class AudienceView(Struct, frozen=True, kw_only=True):
    """The exposures a defect would have, counted."""

    at_risk: Headcount
    cannot_tell: Headcount
    already_upgraded: Headcount
    repair_owed: Headcount
    not_at_risk: NotAtRisk
    reachable: Reachable
    warnings: list[LintWarning]
    as_of: int


class ProgressView(Struct, frozen=True, kw_only=True):
    """How far a defect's deliveries have come."""

    total: int
    pending: int
    sending: int
    sent: int
    failed: int
    cancelled: int
    in_doubt: int
    by_channel: dict[str, int]
    per_second: Annotated[float, Meta(description="sent per second over the last minute")]
    seconds_left: Annotated[float | None, Meta(description="null where nothing is pending or nothing moves")]


class LedgerView(Struct, frozen=True, kw_only=True):
    """What became of each exposure of a defect, and the times."""

    filed_at: str
    published_at: str | None
    first_delivered_at: str | None
    delivered_p50_seconds: Annotated[float | None, Meta(description="from publishing to delivery, median")]
    delivered_p95_seconds: float | None
    exposed: Annotated[int, Meta(description="installs that have ever been exposed")]
    warned_before_install: Annotated[int, Meta(description="told before they had an affected version")]
    warned_after_install: Annotated[int, Meta(description="had an affected version first, told afterwards")]
    installed_unwarned: Annotated[int, Meta(description="had an affected version and were never told")]
    held_back: Annotated[int, Meta(description="told in time, and still on the version they had")]
    moved_to_safe: Annotated[int, Meta(description="told in time, and now on a release that is not affected")]
    accepted_risk: int
    unreachable: Annotated[int, Meta(description="exposed, not told, and with no channel that could tell them")]
    in_doubt: int
