"""The route table: every address of the interface, who may use it, and what goes in and comes out."""

from __future__ import annotations

from typing import Any, Final

from api import open_doors
from api.asking import Route
from api.bounces import MEDIA_TYPES as BOUNCES
from api.bounces import take_bounce
from api.call_list import get_call_list
from api.check import check_by_body, check_by_query
from api.check_ins import take_check_in
from api.handlers import customers, defects, history, installs, notices, products, rules
from api.import_requests import take_import
from api.imports import MEDIA_TYPES
from api.ledgers import get_funnel, get_ledger
from api.previewing import get_audience
from api.route_kinds import (
    ADMIN,
    ADMIN_OR_APP,
    ALL,
    ANYBODY,
    DECIDES,
    FILES,
    READS,
    READS_OR_APP,
    act,
    delete,
    post,
    put,
    read,
    serve,
    take,
    told,
)
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
    ProgressView,
    PublishedView,
    PublishPendingView,
    ReleaseAnswer,
)

_RELEASES: Final = "/v1/products/{product}/releases"
_CUSTOMER: Final = "/v1/customers/{customer}"
_INSTALL: Final = "/v1/installs/{install}"
_DEFECT: Final = "/v1/defects/{defect}"
_CSV: Final = ("text/csv",)

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

ROUTES: Final[tuple[Route, ...]] = (
    # Products and releases
    read("/v1/products", READS, products.list_products, Page[ProductView], query=PageQuery, cached=True),
    read("/v1/products/{product}", READS, products.get_product, ProductView, cached=True),
    put("/v1/products/{product}", ADMIN, products.put_product, ProductDeclaration, ProductView, publishes=True),
    read(_RELEASES, READS, products.list_releases, Page[ReleaseView], query=PageQuery, cached=True),
    put(f"{_RELEASES}/{{version}}", ADMIN, products.put_release, ReleaseDeclaration, ReleaseAnswer, publishes=True),
    # Customers and installs
    read(_CUSTOMER, READS, customers.get_customer, CustomerView),
    put(_CUSTOMER, ADMIN, customers.put_customer, CustomerRecord, CustomerView),
    delete(_CUSTOMER, ADMIN, customers.erase_customer),
    read(f"{_CUSTOMER}/export", DECIDES, customers.export_customer, dict[str, Any]),
    put(f"{_CUSTOMER}/preferences", ADMIN, customers.put_preferences, PreferencesWish, CustomerView),
    read(f"{_CUSTOMER}/claim-codes", ADMIN, customers.list_claim_codes, list[ClaimCodeView]),
    post(f"{_CUSTOMER}/claim-codes", ADMIN, customers.make_claim_code, ClaimCodeWish, {201: NewClaimCode}),
    delete(f"{_CUSTOMER}/claim-codes", ADMIN, customers.void_claim_codes),
    read(_INSTALL, READS_OR_APP, installs.get_install, InstallView, tokens=True),
    read(f"{_INSTALL}/history", READS_OR_APP, history.get_history, History, tokens=True),
    Route(
        method="PUT",
        path=_INSTALL,
        roles=ADMIN_OR_APP,
        serve=take_check_in,
        body=CheckIn,
        answers={200: CheckInAnswer},
        writes=True,
        tokens=True,
    ),
    take("/v1/import/{kind}", take_import, MEDIA_TYPES, ImportReport, query=ImportQuery),
    take("/v1/mail/bounces", take_bounce, BOUNCES, BounceTaken),
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
    post("/v1/defects", FILES, defects.file_defect, DefectReport, {201: DefectView}),
    read("/v1/defects", READS, defects.list_defects, Page[DefectView], query=DefectsQuery, cached=True),
    read(_DEFECT, READS, defects.get_defect, DefectView, cached=True),
    read(f"{_DEFECT}/revisions", READS, defects.list_revisions, Page[RevisionView], query=PageQuery, cached=True),
    put(_DEFECT, FILES, defects.revise, DefectReport, DefectView),
    Route(
        method="POST",
        path="/v1/audience",
        roles=FILES,
        work=defects.preview,
        query=AudienceQuery,
        body=DefectReport,
        answers={200: AudienceView},
    ),
    post(
        f"{_DEFECT}/publish",
        DECIDES,
        defects.publish,
        None,
        {200: PublishedView, 202: PublishPendingView},
        publishes=True,
    ),
    act("discard", defects.discard),
    act("reopen", defects.reopen, Reason, publishes=True),
    act("resolve", defects.resolve, Resolution, signed=True, publishes=True),
    act("withdraw", defects.withdraw, Reason, signed=True, publishes=True),
    act("object", defects.object_to, Hold),
    act("pause", defects.pause, Hold),
    act("resume", defects.resume, signed=True),
    Route(
        method="POST",
        path=f"{_DEFECT}/test",
        roles=DECIDES,
        serve=send_sample,
        body=TestMail,
        answers={200: SampleSent},
    ),
    serve(f"{_DEFECT}/audience", READS, get_audience, AudienceView, query=AudienceQuery),
    serve(f"{_DEFECT}/progress", READS, get_progress, ProgressView, also=("text/event-stream",), nothing=True),
    serve(f"{_DEFECT}/ledger", READS, get_ledger, LedgerView, query=LedgerQuery, also=_CSV),
    serve(f"{_DEFECT}/funnel", READS, get_funnel, FunnelView, query=LedgerQuery, also=_CSV),
    serve(f"{_DEFECT}/call-list", DECIDES, get_call_list, Page[Entry], query=CallListQuery, also=_CSV),
    read(f"{_DEFECT}/call-list/counts", READS, defects.count_calls, CallCounts),
    # The vendor's own rules
    read("/v1/rules", READS, rules.get_rules, RulesView),
    post("/v1/rules/sign-off", DECIDES, rules.sign_off, SignOffWish, {200: RulesView, 202: RulesView}),
    # Notices
    read("/v1/notices", READS_OR_APP, notices.list_notices, Page[NoticeView], query=NoticesQuery, tokens=True),
    told("seen", notices.seen),
    told("choose", notices.choose, Choice),
    # Without a key
    serve("/healthz", ANYBODY, open_doors.healthz, Health),
    serve("/readyz", ANYBODY, open_doors.readyz, Health),
    serve("/metrics", ANYBODY, open_doors.metrics, str),
    serve("/openapi.json", ANYBODY, open_doors.openapi, dict[str, Any]),
)
