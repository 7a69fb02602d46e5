from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from api.access import Keys, bearer_hash
from api.keys import Role, create_key, has_admin_key, hash_of, list_keys, revoke_key
from api.routes import ROUTES
from storage import Database
from storage.outcomes import Invalid, NotFound
from tests.api.house import (
    DEFECT,
    INSTALL_SECRET,
    OTHER_SECRET,
    PRODUCT,
    House,
    with_defect,
    with_install,
    with_releases,
)
from tests.conftest import FakeClock

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


@pytest.mark.parametrize("key", ["correct horse battery staple and more", "ключ" * 8, "\"'\\%{}<>;," * 4])
def test_the_admin_key_of_the_settings_may_be_any_text(key: str) -> None:
    keys = Keys(key)
    for scheme in ("Bearer", "bearer", "BEARER"):
        assert keys.recent(bearer_hash(f"{scheme} {key}")) is not None


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer no-such-key", "Bearer a b", "Bearer \udcff"]
)
async def test_a_header_without_a_key_in_force_is_refused(house: House, header: str) -> None:
    for path in ("/v1/products", "/v1/check?product=notes&from=4.1.3"):
        assert (await house.get(path, role=None, headers={"Authorization": header})).status == 401


async def test_a_revoked_key_does_nothing_more(each_house: House) -> None:
    key = await each_house.another_key(Role.ADMIN, "Anna")
    headers = {"Authorization": f"Bearer {key}"}
    await each_house.parts.keys.refresh(each_house.parts.database)
    assert (await each_house.get("/v1/products", role=None, headers=headers)).status == 200
    keys = await each_house.parts.database.read(list_keys)
    (made,) = [known for known in keys if known.person == "Anna"]
    await each_house.parts.database.call(revoke_key, made.id, each_house.clock.now())
    assert (await each_house.get("/v1/products", role=None, headers=headers)).status == 401
    assert (await each_house.put("/v1/products/new", PRODUCT, role=None, headers=headers)).status == 401
    await each_house.parts.keys.refresh(each_house.parts.database)
    check = "/v1/check?product=notes&from=4.1.3"
    assert (await each_house.get(check, role=None, headers=headers)).status == 401


DEFECT_PATH = "/v1/defects/NOTES-4411"
CHECK_OF_AN_INSTALL = {"product": "notes", "from": "4.1.3", "to": "4.2.0", "install": "i-1"}


@pytest.mark.parametrize(
    ("method", "path", "request_"),
    [
        ("GET", "/v1/products", {}),
        ("GET", f"{DEFECT_PATH}/audience", {}),
        ("GET", f"{DEFECT_PATH}/progress", {}),
        ("GET", f"{DEFECT_PATH}/progress", {"headers": {"Accept": "text/event-stream"}}),
        ("GET", f"{DEFECT_PATH}/ledger", {}),
        ("GET", f"{DEFECT_PATH}/ledger?format=csv", {}),
        ("GET", f"{DEFECT_PATH}/funnel", {}),
        ("GET", f"{DEFECT_PATH}/call-list", {}),
        ("GET", f"{DEFECT_PATH}/call-list?format=csv", {}),
        ("POST", f"{DEFECT_PATH}/test", {"json": {"to": "qa@example.com"}}),
        ("POST", "/v1/check", {"json": CHECK_OF_AN_INSTALL}),
        ("POST", "/v1/check", {"json": {"product": "notes", "from": "4.1.3", "accept": ["NOTES-4411"]}}),
        ("POST", "/v1/import/releases", {"data": b"{}", "headers": {"Content-Type": "application/x-ndjson"}}),
        ("PUT", "/v1/installs/i-1", {"json": {"product": "notes", "version": "4.1.3"}}),
    ],
)
async def test_a_revoked_key_that_is_still_in_memory_reads_and_changes_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch, method: str, path: str, request_: dict[str, Any]
) -> None:
    await with_releases(house)
    await with_defect(house)
    await with_install(house)
    key = await house.another_key(Role.ADMIN, "Anna")
    await house.parts.keys.refresh(house.parts.database)
    monkeypatch.setattr(Keys, "refresh", nothing_is_refreshed)
    (made,) = [known for known in await house.parts.database.read(list_keys) if known.person == "Anna"]
    await house.parts.database.call(revoke_key, made.id, house.clock.now())
    assert house.parts.keys.recent(hash_of(key)) is not None
    headers = {**request_.get("headers", {}), "Authorization": f"Bearer {key}"}
    told = await house.ask(method, path, role=None, **{**request_, "headers": headers})
    assert told.status == 401, told.body


async def nothing_is_refreshed(*_: object) -> None:
    """Leave the keys in memory as they are."""


async def test_the_keys_in_memory_follow_those_of_the_database(each_house: House) -> None:
    key = hash_of(await each_house.another_key(Role.VIEWER, "Anna"))
    async with asyncio.timeout(10):
        while each_house.parts.keys.recent(key) is None:  # noqa: ASYNC110 - the cache has no event to wait for
            await asyncio.sleep(0)


async def test_a_key_is_kept_only_as_its_hash_and_listed_without_it(database: Database, clock: FakeClock) -> None:
    made = await database.call(create_key, Role.ADMIN, "Anna", mail="anna@example.com", now=clock.now())
    (listed,) = await database.read(list_keys)
    assert (listed.person, listed.mail, listed.role, listed.revoked_at) == ("Anna", "anna@example.com", "admin", None)
    assert made.text not in str(listed)
    assert hash_of(made.text) not in str(listed)
    assert await database.read(has_admin_key)


async def test_one_person_is_one_person_however_the_name_is_written(database: Database, clock: FakeClock) -> None:
    for person in ("Anna Lee", " anna  LEE ", "Anna Lee"):
        await database.call(create_key, Role.APPROVER, person, now=clock.now())
    assert {key.person for key in await database.read(list_keys)} == {"Anna Lee"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"person": ""},
        {"person": "a\x07b"},
        {"person": "x" * 201},
        {"mail": "nobody"},
        {"role": Role.APP},
        {"product": "notes"},
    ],
)
async def test_a_key_that_makes_no_sense_is_not_made(
    database: Database, clock: FakeClock, wrong: dict[str, Any]
) -> None:
    given = {"role": Role.ADMIN, "person": "Anna", "now": clock.now(), **wrong}
    with pytest.raises(Invalid):
        await database.call(create_key, **given)
    assert await database.read(list_keys) == []


async def test_revoking_a_key_that_is_not_in_force_is_refused(database: Database, clock: FakeClock) -> None:
    with pytest.raises(NotFound):
        await database.call(revoke_key, "none", clock.now())


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


CHECK_IN = {"product": "notes", "version": "4.1.3"}
MINE = {"Install-Token": INSTALL_SECRET}
NOT_MINE = {"Install-Token": OTHER_SECRET}


async def test_an_app_key_learns_nothing_of_installs_that_are_not_its_own(each_house: House) -> None:
    await with_install(each_house, "vendors")
    mine = await each_house.put("/v1/installs/mine", CHECK_IN, role="app", headers=MINE)
    again = await each_house.put("/v1/installs/mine", CHECK_IN, role="app", headers=MINE)
    assert (mine.status, again.status) == (200, 200)
    assert (await each_house.get("/v1/installs/mine", role="app", headers=MINE)).status == 200
    unknown = await each_house.get("/v1/installs/none", role="app", headers=MINE)
    for install, headers in (("mine", NOT_MINE), ("mine", {}), ("vendors", MINE)):
        read = await each_house.get(f"/v1/installs/{install}", role="app", headers=headers)
        listed = await each_house.get(f"/v1/notices?install={install}", role="app", headers=headers)
        question = {"product": "notes", "from": "4.1.3", "install": install}
        checked = await each_house.post("/v1/check", question, role="app", headers=headers)
        for told in (read, listed, checked):
            assert (told.status, told.body["detail"]) == (404, unknown.body["detail"])
    for install, headers in (("mine", NOT_MINE), ("vendors", MINE)):
        taken = await each_house.put(f"/v1/installs/{install}", CHECK_IN, role="app", headers=headers)
        assert taken.status == 404


async def test_an_app_key_may_not_link_a_customer_nor_check_in_without_a_token(each_house: House) -> None:
    await each_house.put("/v1/customers/c-1", {"name": "Ada"})
    body = {**CHECK_IN, "customer": "c-1"}
    linked = await each_house.put("/v1/installs/mine", body, role="app", headers=MINE)
    bare = await each_house.put("/v1/installs/mine", CHECK_IN, role="app")
    assert linked.status in {403, 422}
    assert bare.status == 422
    assert (await each_house.get("/v1/installs/mine")).status == 404


async def test_an_app_key_knows_one_product(each_house: House) -> None:
    await each_house.put("/v1/products/other", PRODUCT)
    for path in ("/v1/check?product=other&from=4.1.3", "/v1/check?product=none&from=4.1.3"):
        assert (await each_house.get(path, role="app")).status == 404
    assert (await each_house.get("/v1/check?product=other&from=4.1.3")).status == 200
    body = {**CHECK_IN, "product": "other"}
    told = await each_house.put("/v1/installs/mine", body, role="app", headers=MINE)
    none = await each_house.put("/v1/installs/mine", {**body, "product": "none"}, role="app", headers=MINE)
    assert (told.status, told.body["errors"]) == (none.status, none.body["errors"])
    assert told.body["errors"][0]["at"] == "/product"


async def test_an_app_answers_only_the_notices_of_its_own_install(each_house: House) -> None:
    await with_releases(each_house)
    await with_defect(each_house)
    body = {**CHECK_IN, "footprint": {"notebooks": 12, "storage_format": "v2"}}
    told = await each_house.put("/v1/installs/mine", body, role="app", headers=MINE)
    assert [notice["kind"] for notice in told.body["notices"]] == ["warning"]
    await each_house.put("/v1/installs/other", CHECK_IN, role="app", headers=NOT_MINE)
    notice = f"/v1/notices/{told.body['notices'][0]['id']}/seen"
    assert (await each_house.post(notice, role="app", headers=NOT_MINE)).status == 404
    assert (await each_house.post(notice, role="app")).status == 404
    assert (await each_house.post(notice, role="app", headers=MINE)).status == 200
    assert (await each_house.post(f"{notice}?install=other", role="app", headers=NOT_MINE)).status == 404
    assert (await each_house.post(f"{notice}?install=mine", role="app", headers=NOT_MINE)).status == 404
    assert (await each_house.post(f"{notice}?install=mine", role="app", headers=MINE)).status == 200


async def test_a_notice_tells_a_client_app_nothing_of_the_other_installs_of_its_customer(each_house: House) -> None:
    await with_releases(each_house)
    await with_defect(each_house)
    await each_house.put("/v1/customers/c-1", {"name": "Ada"})
    await each_house.put("/v1/installs/mine", CHECK_IN, role="app", headers=MINE)
    for install in ("mine", "other"):
        await with_install(each_house, install, customer="c-1")
    checked_in = await each_house.put("/v1/installs/mine", CHECK_IN, role="app", headers=MINE)
    listed = await each_house.get("/v1/notices?install=mine", role="app", headers=MINE)
    own = listed.body["items"][-1]
    opened = await each_house.post(f"/v1/notices/{own['id']}/seen", role="app", headers=MINE)
    whole = await each_house.get("/v1/notices?customer=c-1")
    assert whole.body["items"][0]["installs"] == ["mine", "other"]
    assert {tuple(notice["installs"]) for notice in checked_in.body["notices"]} == {("mine",)}
    assert own["installs"] == opened.body["installs"] == ["mine"]


async def test_two_keys_of_one_person_do_not_make_two_signatures(each_house: House) -> None:
    await with_releases(each_house)
    defect = await with_defect(each_house)
    statuses = []
    for person in ("Anna", "anna", "Ben"):
        key = await each_house.another_key(Role.APPROVER, person)
        headers = {"Authorization": f"Bearer {key}"}
        path = f"/v1/defects/{defect}/resolve"
        statuses.append((await each_house.post(path, {"fixed_in": "4.2.2"}, role=None, headers=headers)).status)
    assert statuses == [202, 202, 200]


async def test_a_reporter_files_and_revises_but_does_not_publish(house: House) -> None:
    filed = await house.post("/v1/defects", DEFECT, role="reporter")
    assert filed.body["filed_by"] == "Reporter"
    revised = await house.put("/v1/defects/NOTES-4411", {**DEFECT, "title": "Other words"}, role="reporter")
    assert (revised.status, revised.body["title"]) == (200, "Other words")
    assert (await house.post("/v1/defects/NOTES-4411/publish", role="reporter")).status == 403
