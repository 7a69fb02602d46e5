"""The route table: every address of the interface, who may use it, and what goes in and comes out."""

from __future__ import annotations

from typing import Any, Final

from api import open_doors
from api.asking import Route, Serve, Work
from api.bounces import MEDIA_TYPES as BOUNCES
from api.bounces import take_bounce
from api.call_list import get_call_list
from api.check import check_by_body, check_by_query
from api.check_ins import take_check_in
from api.handlers import customers, defects, history, installs, notices, products, rules
from api.imports import MEDIA_TYPES, take_import
from api.keys import Role
from api.ledgers import get_funnel, get_ledger
from api.previewing import get_audience
from api.sample_mail import send_sample
from api.types import (
    AudienceQuery,
    BounceTaken,
    CallListQuery,
    CheckByQuery,
    CheckQuestion,
    Choice,
    DefectsQuery,
    Health,
    ImportQuery,
    ImportReport,
    LedgerQuery,
    NoticesQuery,
    Page,
    PageQuery,
    SampleSent,
    VerdictView,
    Witness,
)
from api.watching import get_progress
from feeds.rules import RulesView, SignOffWish
from feeds.types import DefectReport, DefectView, Hold, Reason, Resolution, TestMail
from installs_registry.claims import ClaimCodeView, ClaimCodeWish, NewClaimCode
from installs_registry.history import History
from installs_registry.preferences import PreferencesWish
from installs_registry.types import (
    CheckIn,
    CustomerRecord,
    CustomerView,
    InstallView,
    ProductDeclaration,
    ProductView,
    ReleaseDeclaration,
    ReleaseView,
)
from notifier.call_list import CallCounts, Entry
from notifier.revisions import RevisionView
from notifier.types import (
    AudienceView,
    CheckInAnswer,
    FunnelView,
    LedgerView,
    NoticeView,
    PendingView,
    ProgressView,
    PublishedView,
    PublishPendingView,
    ReleaseAnswer,
)

ANYBODY: Final[frozenset[Role]] = frozenset()
ALL: Final = frozenset(Role)
ADMIN: Final = frozenset({Role.ADMIN})
DECIDES: Final = ADMIN | {Role.APPROVER}
FILES: Final = DECIDES | {Role.REPORTER}
READS: Final = FILES | {Role.VIEWER}
ADMIN_OR_APP: Final = ADMIN | {Role.APP}
READS_OR_APP: Final = READS | {Role.APP}

#: The facts of a check by GET: each is a parameter of its own.
FOOTPRINT_PARAMETERS: Final = {
    "name": "facts",
    "in": "query",
    "style": "form",
    "explode": True,
    "description": "The footprint, each fact as `footprint.NAME`; a set's members have ; between them.",
    "schema": {
        "type": "object",
        "patternProperties": {"^footprint\\.[a-z][a-z0-9_]{0,62}$": {"type": "string"}},
        "additionalProperties": False,
    },
    "example": {"footprint.notebooks": "12", "footprint.storage_format": "v2"},
}

#: The answers of an act that may wait for a second person.
_SIGNED: Final = {200: DefectView, 202: PendingView}


def _read(
    path: str,
    roles: frozenset[Role],
    work: Work,
    answer: object,
    *,
    query: object = None,
    cached: bool = False,
    tokens: bool = False,
) -> Route:
    return Route(
        method="GET",
        path=path,
        roles=roles,
        work=work,
        answers={200: answer},
        query=query,
        cached=cached,
        tokens=tokens,
    )


def _put(
    path: str,
    roles: frozenset[Role],
    work: Work,
    body: object,
    answer: object,
    *,
    publishes: bool = False,
    tokens: bool = False,
) -> Route:
    return Route(
        method="PUT",
        path=path,
        roles=roles,
        work=work,
        body=body,
        answers={200: answer},
        writes=True,
        publishes=publishes,
        tokens=tokens,
    )


def _act(name: str, work: Work, body: object = None, *, signed: bool = False, publishes: bool = False) -> Route:
    return Route(
        method="POST",
        path=f"/v1/defects/{{defect}}/{name}",
        roles=DECIDES,
        work=work,
        body=body,
        answers=_SIGNED if signed else {200: DefectView},
        writes=True,
        publishes=publishes,
    )


def _open(path: str, serve: Serve, answer: object) -> Route:
    return Route(method="GET", path=path, roles=ANYBODY, serve=serve, answers={200: answer})


ROUTES: Final[tuple[Route, ...]] = (
    # Products and releases
    _read("/v1/products", READS, products.list_products, Page[ProductView], query=PageQuery, cached=True),
    _read("/v1/products/{product}", READS, products.get_product, ProductView, cached=True),
    _put(
        "/v1/products/{product}",
        ADMIN,
        products.put_product,
        ProductDeclaration,
        ProductView,
        publishes=True,
    ),
    _read(
        "/v1/products/{product}/releases",
        READS,
        products.list_releases,
        Page[ReleaseView],
        query=PageQuery,
        cached=True,
    ),
    _put(
        "/v1/products/{product}/releases/{version}",
        ADMIN,
        products.put_release,
        ReleaseDeclaration,
        ReleaseAnswer,
        publishes=True,
    ),
    # Customers and installs
    _read("/v1/customers/{customer}", READS, customers.get_customer, CustomerView),
    _put("/v1/customers/{customer}", ADMIN, customers.put_customer, CustomerRecord, CustomerView),
    Route(
        method="DELETE",
        path="/v1/customers/{customer}",
        roles=ADMIN,
        work=customers.erase_customer,
        answers={204: None},
        writes=True,
    ),
    _read("/v1/customers/{customer}/export", DECIDES, customers.export_customer, dict[str, Any]),
    _put("/v1/customers/{customer}/preferences", ADMIN, customers.put_preferences, PreferencesWish, CustomerView),
    _read("/v1/customers/{customer}/claim-codes", ADMIN, customers.list_claim_codes, list[ClaimCodeView]),
    Route(
        method="POST",
        path="/v1/customers/{customer}/claim-codes",
        roles=ADMIN,
        work=customers.make_claim_code,
        body=ClaimCodeWish,
        answers={201: NewClaimCode},
        writes=True,
    ),
    Route(
        method="DELETE",
        path="/v1/customers/{customer}/claim-codes",
        roles=ADMIN,
        work=customers.void_claim_codes,
        answers={204: None},
        writes=True,
    ),
    _read("/v1/installs/{install}", READS_OR_APP, installs.get_install, InstallView, tokens=True),
    _read("/v1/installs/{install}/history", READS_OR_APP, history.get_history, History, tokens=True),
    Route(
        method="PUT",
        path="/v1/installs/{install}",
        roles=ADMIN_OR_APP,
        serve=take_check_in,
        body=CheckIn,
        answers={200: CheckInAnswer},
        writes=True,
        tokens=True,
    ),
    Route(
        method="POST",
        path="/v1/import/{kind}",
        roles=ADMIN,
        serve=take_import,
        query=ImportQuery,
        streams=MEDIA_TYPES,
        answers={200: ImportReport},
    ),
    Route(
        method="POST",
        path="/v1/mail/bounces",
        roles=ADMIN,
        serve=take_bounce,
        streams=BOUNCES,
        answers={200: BounceTaken},
    ),
    # The upgrade check
    Route(
        method="POST",
        path="/v1/check",
        roles=ALL,
        serve=check_by_body,
        body=CheckQuestion,
        answers={200: VerdictView},
        tokens=True,
    ),
    Route(
        method="GET",
        path="/v1/check",
        roles=ALL,
        serve=check_by_query,
        query=CheckByQuery,
        loose_query=FOOTPRINT_PARAMETERS,
        answers={200: VerdictView},
        tokens=True,
    ),
    # Defects
    Route(
        method="POST",
        path="/v1/defects",
        roles=FILES,
        work=defects.file_defect,
        body=DefectReport,
        answers={201: DefectView},
        writes=True,
    ),
    _read("/v1/defects", READS, defects.list_defects, Page[DefectView], query=DefectsQuery, cached=True),
    _read("/v1/defects/{defect}", READS, defects.get_defect, DefectView, cached=True),
    _read(
        "/v1/defects/{defect}/revisions",
        READS,
        defects.list_revisions,
        Page[RevisionView],
        query=PageQuery,
        cached=True,
    ),
    _put("/v1/defects/{defect}", FILES, defects.revise, DefectReport, DefectView),
    Route(
        method="POST",
        path="/v1/audience",
        roles=FILES,
        work=defects.preview,
        query=AudienceQuery,
        body=DefectReport,
        answers={200: AudienceView},
    ),
    Route(
        method="POST",
        path="/v1/defects/{defect}/publish",
        roles=DECIDES,
        work=defects.publish,
        answers={200: PublishedView, 202: PublishPendingView},
        writes=True,
        publishes=True,
    ),
    _act("discard", defects.discard),
    _act("reopen", defects.reopen, Reason, publishes=True),
    _act("resolve", defects.resolve, Resolution, signed=True, publishes=True),
    _act("withdraw", defects.withdraw, Reason, signed=True, publishes=True),
    _act("object", defects.object_to, Hold),
    _act("pause", defects.pause, Hold),
    _act("resume", defects.resume, signed=True),
    Route(
        method="POST",
        path="/v1/defects/{defect}/test",
        roles=DECIDES,
        serve=send_sample,
        body=TestMail,
        answers={200: SampleSent},
    ),
    Route(
        method="GET",
        path="/v1/defects/{defect}/audience",
        roles=READS,
        serve=get_audience,
        query=AudienceQuery,
        answers={200: AudienceView},
    ),
    Route(
        method="GET",
        path="/v1/defects/{defect}/progress",
        roles=READS,
        serve=get_progress,
        answers={200: ProgressView, 204: None},
        also=("text/event-stream",),
    ),
    Route(
        method="GET",
        path="/v1/defects/{defect}/ledger",
        roles=READS,
        serve=get_ledger,
        query=LedgerQuery,
        answers={200: LedgerView},
        also=("text/csv",),
    ),
    Route(
        method="GET",
        path="/v1/defects/{defect}/funnel",
        roles=READS,
        serve=get_funnel,
        query=LedgerQuery,
        answers={200: FunnelView},
        also=("text/csv",),
    ),
    Route(
        method="GET",
        path="/v1/defects/{defect}/call-list",
        roles=DECIDES,
        serve=get_call_list,
        query=CallListQuery,
        answers={200: Page[Entry]},
        also=("text/csv",),
    ),
    _read("/v1/defects/{defect}/call-list/counts", READS, defects.count_calls, CallCounts),
    # The vendor's own rules
    _read("/v1/rules", READS, rules.get_rules, RulesView),
    Route(
        method="POST",
        path="/v1/rules/sign-off",
        roles=DECIDES,
        work=rules.sign_off,
        body=SignOffWish,
        answers={200: RulesView, 202: RulesView},
        writes=True,
    ),
    # Notices
    _read(
        "/v1/notices",
        READS_OR_APP,
        notices.list_notices,
        Page[NoticeView],
        query=NoticesQuery,
        tokens=True,
    ),
    Route(
        method="POST",
        path="/v1/notices/{notice}/seen",
        roles=ADMIN_OR_APP,
        work=notices.seen,
        query=Witness,
        answers={200: NoticeView},
        writes=True,
        tokens=True,
    ),
    Route(
        method="POST",
        path="/v1/notices/{notice}/choose",
        roles=ADMIN_OR_APP,
        work=notices.choose,
        query=Witness,
        body=Choice,
        answers={200: NoticeView},
        writes=True,
        tokens=True,
    ),
    # Without a key
    _open("/healthz", open_doors.healthz, Health),
    _open("/readyz", open_doors.readyz, Health),
    _open("/metrics", open_doors.metrics, str),
    _open("/openapi.json", open_doors.openapi, dict[str, Any]),
)
