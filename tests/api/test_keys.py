"""A key is a secret of one person, and holds until it is revoked, in memory too."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from api.access import Keys, bearer_hash
from api.keys import Role, create_key, has_admin_key, hash_of, list_keys, revoke_key
from storage import Database
from storage.outcomes import Invalid, NotFound
from tests.api.house import PRODUCT, House, with_defect, with_install, with_releases
from tests.conftest import FakeClock


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
    async with asyncio.timeout(60):
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
