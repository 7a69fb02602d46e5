"""The route table: every address of the interface, who may use it, and what goes in and comes out."""

from __future__ import annotations

from typing import Any, Final

from api import open_doors
from api.asking import Route, Serve, Work
from api.check import check_by_body, check_by_query
from api.handlers import customers, defects, installs, notices, products
from api.imports import MEDIA_TYPES, take_import
from api.keys import Role
from api.sample_mail import send_sample
from api.types import (
    CheckByQuery,
    CheckQuestion,
    Choice,
    DefectsQuery,
    Health,
    ImportReport,
    NoticesQuery,
    Page,
    PageQuery,
    SampleSent,
    VerdictView,
    Witness,
)
from feeds.types import DefectReport, DefectView, Hold, Reason, Resolution, TestMail
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
from notifier.types import AudienceView, CheckInAnswer, LedgerView, NoticeView, PendingView, ProgressView

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
        ReleaseView,
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
    _read("/v1/installs/{install}", READS_OR_APP, installs.get_install, InstallView, tokens=True),
    _put("/v1/installs/{install}", ADMIN_OR_APP, installs.check_in, CheckIn, CheckInAnswer, tokens=True),
    Route(
        method="POST",
        path="/v1/import/{kind}",
        roles=ADMIN,
        serve=take_import,
        streams=MEDIA_TYPES,
        answers={200: ImportReport},
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
    _put("/v1/defects/{defect}", FILES, defects.revise, DefectReport, DefectView),
    Route(
        method="POST",
        path="/v1/audience",
        roles=FILES,
        work=defects.preview,
        body=DefectReport,
        answers={200: AudienceView},
    ),
    _act("publish", defects.publish, signed=True, publishes=True),
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
    _read("/v1/defects/{defect}/audience", READS, defects.get_audience, AudienceView),
    _read("/v1/defects/{defect}/progress", READS, defects.get_progress, ProgressView),
    _read("/v1/defects/{defect}/ledger", READS, defects.get_ledger, LedgerView),
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
