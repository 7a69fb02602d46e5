"""Each role comes as far as the contract says, and no further."""

from __future__ import annotations

import re

import pytest

from api.routes import ROUTES
from tests.api.house import DEFECT, House, with_defect, with_install, with_releases

EVERYBODY = {"admin", "approver", "reporter", "viewer", "app"}
READERS = {"admin", "approver", "reporter", "viewer"}

#: Who may do what, written down a second time, as the contract has it.
MAY = {
    "GET /v1/products": READERS,
    "GET /v1/products/{product}": READERS,
    "PUT /v1/products/{product}": {"admin"},
    "GET /v1/products/{product}/releases": READERS,
    "PUT /v1/products/{product}/releases/{version}": {"admin"},
    "GET /v1/customers/{customer}": READERS,
    "PUT /v1/customers/{customer}": {"admin"},
    "DELETE /v1/customers/{customer}": {"admin"},
    "GET /v1/customers/{customer}/export": {"admin", "approver"},
    "PUT /v1/customers/{customer}/preferences": {"admin"},
    "GET /v1/customers/{customer}/claim-codes": {"admin"},
    "POST /v1/customers/{customer}/claim-codes": {"admin"},
    "DELETE /v1/customers/{customer}/claim-codes": {"admin"},
    "GET /v1/installs/{install}": EVERYBODY,
    "GET /v1/installs/{install}/history": EVERYBODY,
    "PUT /v1/installs/{install}": {"admin", "app"},
    "POST /v1/import/{kind}": {"admin"},
    "POST /v1/mail/bounces": {"admin"},
    "POST /v1/check": EVERYBODY,
    "GET /v1/check": EVERYBODY,
    "POST /v1/defects": {"admin", "approver", "reporter"},
    "GET /v1/defects": READERS,
    "GET /v1/defects/{defect}": READERS,
    "GET /v1/defects/{defect}/revisions": READERS,
    "PUT /v1/defects/{defect}": {"admin", "approver", "reporter"},
    "POST /v1/audience": {"admin", "approver", "reporter"},
    "POST /v1/defects/{defect}/publish": {"admin", "approver"},
    "POST /v1/defects/{defect}/discard": {"admin", "approver"},
    "POST /v1/defects/{defect}/reopen": {"admin", "approver"},
    "POST /v1/defects/{defect}/resolve": {"admin", "approver"},
    "POST /v1/defects/{defect}/withdraw": {"admin", "approver"},
    "POST /v1/defects/{defect}/object": {"admin", "approver"},
    "POST /v1/defects/{defect}/pause": {"admin", "approver"},
    "POST /v1/defects/{defect}/resume": {"admin", "approver"},
    "POST /v1/defects/{defect}/test": {"admin", "approver"},
    "GET /v1/defects/{defect}/audience": READERS,
    "GET /v1/defects/{defect}/progress": READERS,
    "GET /v1/defects/{defect}/ledger": READERS,
    "GET /v1/defects/{defect}/funnel": READERS,
    "GET /v1/defects/{defect}/call-list": {"admin", "approver"},
    "GET /v1/defects/{defect}/call-list/counts": READERS,
    "GET /v1/rules": READERS,
    "POST /v1/rules/sign-off": {"admin", "approver"},
    "GET /v1/notices": EVERYBODY,
    "POST /v1/notices/{notice}/seen": {"admin", "app"},
    "POST /v1/notices/{notice}/choose": {"admin", "app"},
    "GET /healthz": set(),
    "GET /readyz": set(),
    "GET /metrics": set(),
    "GET /openapi.json": set(),
}


def test_every_route_is_in_the_table_of_the_contract_and_no_other() -> None:
    assert {f"{route.method} {route.path}": {*route.roles} for route in ROUTES} == MAY


@pytest.mark.parametrize("line", [line for line, roles in MAY.items() if roles])
async def test_each_role_comes_as_far_as_the_table_says(house: House, line: str) -> None:
    method, path = line.split()
    path = re.sub(r"\{kind\}", "releases", path)
    path = re.sub(r"\{\w+\}", "x", path)
    for role in EVERYBODY:
        told = await house.ask(method, path, role=role)
        assert (told.status == 403) is (role not in MAY[line]), (role, told.body)
    without = await house.ask(method, path, role=None)
    assert without.status == 401
    assert without.headers["WWW-Authenticate"].startswith("Bearer ")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/openapi.json"])
async def test_what_is_open_to_all_needs_no_key(house: House, path: str) -> None:
    assert (await house.get(path, role=None)).status == 200


async def test_names_and_addresses_of_customers_are_for_those_who_may_read_them(house: House) -> None:
    await house.put("/v1/customers/c-1", {"name": "Ada", "email": "ada@example.com", "locale": "en-GB"})
    for role in ("admin", "approver"):
        told = await house.get("/v1/customers/c-1", role=role)
        assert (told.body["name"], told.body["email"]) == ("Ada", "ada@example.com")
    for role in ("reporter", "viewer"):
        told = await house.get("/v1/customers/c-1", role=role)
        assert told.body["locale"] == "en-GB"
        assert not {"name", "email", "webhook"} & told.body.keys()


async def test_what_viewers_may_read_holds_no_name_and_no_address_of_a_customer(house: House) -> None:
    await with_releases(house)
    await house.put("/v1/customers/c-1", {"name": "Ada Lovelace", "email": "ada@example.com"})
    await with_install(house, customer="c-1")
    await with_defect(house)
    paths = [
        "/v1/customers/c-1",
        "/v1/installs/i-1",
        "/v1/installs/i-1/history",
        "/v1/notices?customer=c-1",
        "/v1/defects",
        *(
            f"/v1/defects/NOTES-4411{part}"
            for part in ("", "/audience", "/progress", "/ledger", "/funnel", "/call-list/counts")
        ),
    ]
    for path in paths:
        told = await house.get(path, role="viewer")
        assert told.status == 200, path
        assert "Lovelace" not in str(told.body), path
        assert "ada@example.com" not in str(told.body), path


async def test_a_reporter_files_and_revises_but_does_not_publish(house: House) -> None:
    filed = await house.post("/v1/defects", DEFECT, role="reporter")
    assert filed.body["filed_by"] == "Reporter"
    revised = await house.put("/v1/defects/NOTES-4411", {**DEFECT, "title": "Other words"}, role="reporter")
    assert (revised.status, revised.body["title"]) == (200, "Other words")
    assert (await house.post("/v1/defects/NOTES-4411/publish", role="reporter")).status == 403
