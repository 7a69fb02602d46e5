"""What the notifier answers with; the same types make the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from feeds.life import State
from feeds.types import DefectView, LintWarning, Pending, RemedyOffer
from installs_registry.types import InstallView, ReleaseView
from notifier.proofs import Proof
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
    #: Set where the true count is below it and kept back: both numbers are then the most that it may be.
    fewer_than: int | UnsetType = UNSET


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


class InVainBecause(Struct, frozen=True):
    """Why warnings would have been in vain, counted."""

    version: Annotated[int, Meta(description="the version that was taken is not affected")]
    unknown: Annotated[int, Meta(description="it is affected, and the facts that decide are missing")]


class InVain(Struct, frozen=True):
    """Upgrades that would have been warned of without need, as far as can be said."""

    upgrades: int
    because: InVainBecause


class BacktestView(Struct, frozen=True, kw_only=True):
    """Of the upgrades that were seen, how many a defect would have warned of."""

    days: Annotated[int, Meta(description="how far back was looked")]
    upgrades: Annotated[int, Meta(description="all that were seen, from a version to a higher one")]
    warned: Annotated[int, Meta(description="their holders would have been warned before: harmed and in vain")]
    harmed: Annotated[int, Meta(description="they went to an affected version, with facts that match")]
    in_vain: InVain


class ThenAndNow(Struct, frozen=True):
    """Installs with one exposure, when it was previewed and now."""

    then: int
    now: int


class DriftView(Struct, frozen=True, kw_only=True):
    """How an audience has changed since it was previewed."""

    person: Annotated[str, Meta(description="who was shown the preview")]
    at: Annotated[str, Meta(description="when")]
    revision: int
    at_risk: ThenAndNow
    cannot_tell: ThenAndNow
    already_upgraded: ThenAndNow
    repair_owed: ThenAndNow
    new: Annotated[int, Meta(description="first seen since, and at risk or perhaps so")]
    upgraded: Annotated[int, Meta(description="have gone to an affected version since")]
    sentence: Annotated[str, Meta(examples=["+12 new, −3 upgraded"])]


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
    #: Where it was asked for.
    backtest: BacktestView | UnsetType = UNSET


class PublishedView(DefectView, frozen=True, omit_defaults=True, kw_only=True):
    """A defect just published, and how its audience has changed since it was previewed."""

    #: None where nobody was shown a preview of this revision.
    drift: DriftView | None = None


class PublishPendingView(PendingView, frozen=True, omit_defaults=True, kw_only=True):
    """A publication that waits for another person, and how its audience has changed since it was previewed."""

    #: None where nobody was shown a preview of this revision.
    drift: DriftView | None = None


class ReleaseAnswer(ReleaseView, frozen=True, kw_only=True):
    """A release just registered or changed."""

    #: Published defects of which nobody has said whether the release carries them.
    warnings: tuple[LintWarning, ...]


class TakenBackView(Struct, frozen=True, kw_only=True):
    """What became of the deliveries that a withdrawal or a narrowing took back; each is in one of the first four."""

    by: Annotated[Literal["withdrawn", "narrowed"], Meta(description="what took them back")]
    at: Annotated[str, Meta(description="since when")]
    never_sent: Annotated[int, Meta(description="had not left, and never will")]
    in_doubt: Annotated[int, Meta(description="had left, and no answer came: the recipient may have it")]
    sent: int
    refused: Annotated[int, Meta(description="the other side had refused it for good, so nobody has it")]
    all_clears: Annotated[int, Meta(description="deliveries of an all-clear, owed to those who have it or may have it")]
    all_clears_sent: Annotated[int, Meta(description="of these, sent")]


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
    channels: Annotated[dict[str, dict[str, int]], Meta(description="by channel and state, pending, sending …")]
    lanes: Annotated[
        dict[str, dict[str, int]],
        Meta(description="mails that were tried, by the lane they went over (a provider, or the relay) and state"),
    ]
    retrying: Annotated[int, Meta(description="pending ones that were tried before")]
    waiting_in_app: Annotated[int, Meta(description="pending ones that arrive when the app asks next")]
    per_second: Annotated[float, Meta(description="sent per second, lately; without what apps have fetched")]
    rate_over_seconds: Annotated[float, Meta(description="over how long that was measured: a minute at most")]
    seconds_left: Annotated[float | None, Meta(description="null where nothing is to be sent or nothing moves")]
    sweeping: Annotated[bool, Meta(description="installs are still being looked at, so the total may grow")]
    resting: Annotated[
        dict[str, str], Meta(description="lanes that are paused, whosever mail it is, and when the next mail is tried")
    ]
    held_since: Annotated[str | None, Meta(description="no mail leaves since then, as the database was put back")]
    paused_until: Annotated[str | None, Meta(description="null: no pause")]
    done: Annotated[bool, Meta(description="nothing is left to send")]
    taken_back: Annotated[
        TakenBackView | None, Meta(description="by the last withdrawal or narrowing; null: nothing was taken back")
    ]


class StepView(Struct, frozen=True, kw_only=True):
    """One step of the way from publishing to installing, and how long it took."""

    step: Annotated[str, Meta(description="owed, accepted, delivered, shown, seen, chosen or installed")]
    count: Annotated[int, Meta(description="exposed installs that have come so far")]
    first_at: str | None
    last_at: str | None
    p50_seconds: Annotated[
        float | None,
        Meta(description="median: owed and installed from the first publication, if after it; the others from owed"),
    ]
    p95_seconds: float | None


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
    installed: Annotated[int, Meta(description="have had an affected version")]
    proof_at_install: Annotated[
        dict[Proof, int],
        Meta(description="of these, the strongest proof from before that their holder was told"),
    ]
    proof_now: Annotated[dict[Proof, int], Meta(description="of all exposed, the strongest proof so far")]
    steps: list[StepView]
    taken_back: Annotated[
        TakenBackView | None, Meta(description="by the last withdrawal or narrowing; null: nothing was taken back")
    ]


class Share(Struct, frozen=True, kw_only=True):
    """A part of those concerned."""

    installs: int
    installs_percent: Annotated[float, Meta(description="of the population's")]
    recipients: int
    recipients_percent: float


class FunnelView(Struct, frozen=True, kw_only=True):
    """A defect's effectiveness check, in the terms of recall status reports (21 CFR 7.53)."""

    defect: str
    title: str
    published_at: str | None
    notified_first_at: str | None
    notified_last_at: str | None
    as_of: str
    population: Annotated[Share, Meta(description="all that were ever exposed; recipients: all of their installs")]
    notified: Annotated[Share, Meta(description="told, by proof of acceptance at least")]
    responded: Annotated[Share, Meta(description="notified, and have opened the notice or answered it")]
    acted: Annotated[Share, Meta(description="notified, and chose a remedy, repaired, or left for a safe version")]
    not_responded: Annotated[Share, Meta(description="notified, and neither responded nor acted")]
    in_doubt: Annotated[Share, Meta(description="may have been notified: the connection broke at the last moment")]
    unreachable: Annotated[Share, Meta(description="not notified, and there is no way to tell them")]
    not_notified: Annotated[Share, Meta(description="not notified, for all other reasons")]
    installed_unwarned: Annotated[Share, Meta(description="had an affected version and were never told")]
    methods: Annotated[dict[str, int], Meta(description="recipients notified, by channel; one may count in several")]
