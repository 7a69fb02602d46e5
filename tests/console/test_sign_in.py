"""Who gets in, how they get out, and whose forms count."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from api.keys import Role, list_keys, revoke_key
from storage import Database, open_database
from tests.console.house import ADMIN_KEY, PUBLIC_URL, House, Serve, a_house


@pytest.fixture
async def database_file(migrated_sqlite_url: str) -> AsyncIterator[Database]:
    database = open_database(migrated_sqlite_url)
    yield database
    await database.close()


@pytest.mark.parametrize("role", [Role.ADMIN, Role.APPROVER, Role.REPORTER, Role.VIEWER])
async def test_a_key_of_every_role_for_people_signs_in(each_house: House, role: Role) -> None:
    await each_house.enter(role)

    page = await each_house.get("/")

    assert page.status == 200
    assert role.value in page.text


async def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(house: House) -> None:
    entered = await house.post("/sign-in", key=f" {ADMIN_KEY}\n")

    cookie = entered.headers["Set-Cookie"]
    assert entered.headers["Location"] == "/"
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Secure" not in cookie
    assert ADMIN_KEY not in cookie


async def test_the_cookie_travels_encrypted_only_where_the_service_is_reached_so(
    aiohttp_client: Serve, database_file: Database
) -> None:
    house = await a_house(aiohttp_client, database_file, public_url="https://warn.example")

    entered = await house.post("/sign-in", key=ADMIN_KEY)

    assert "Secure" in entered.headers["Set-Cookie"]


@pytest.mark.parametrize("key", ["", "wrong", "x" * 5000, "\0\ud83d", "fw_admin_0123456789"])
async def test_a_wrong_key_signs_nobody_in(each_house: House, key: str) -> None:
    refused = await each_house.post("/sign-in", key=key.encode("utf-8", "replace").decode())

    assert refused.status == 401
    assert "Set-Cookie" not in refused.headers
    assert (await each_house.get("/")).status == 303


async def test_a_key_for_client_apps_signs_nobody_in(house: House) -> None:
    refused = await house.post("/sign-in", key=await house.a_key(Role.APP))

    assert refused.status == 401


async def test_whoever_is_not_signed_in_comes_back_to_the_page_they_wanted(house: House) -> None:
    sent = await house.get("/defects/NOTES-4411/told?after=3")
    asked = await house.get(sent.headers["Location"])

    assert sent.headers["Location"] == "/sign-in?next=%2Fdefects%2FNOTES-4411%2Ftold%3Fafter%3D3"
    assert 'value="/defects/NOTES-4411/told?after=3"' in asked.text
    entered = await house.post("/sign-in", key=ADMIN_KEY, next="/defects/NOTES-4411/told?after=3")
    assert entered.headers["Location"] == "/defects/NOTES-4411/told?after=3"


@pytest.mark.parametrize(
    "elsewhere",
    ["//evil.example", "https://evil.example", "/\\evil.example", "", "/a\r\nSet-Cookie: x=y", "javascript:1"],
)
async def test_signing_in_leads_nowhere_else(house: House, elsewhere: str) -> None:
    entered = await house.post("/sign-in", key=ADMIN_KEY, next=elsewhere)

    assert entered.headers["Location"] == "/"


async def test_a_revoked_key_is_signed_out_at_once(each_house: House) -> None:
    await each_house.enter(Role.VIEWER)
    (key,) = await each_house.stage.database.read(list_keys)

    await each_house.stage.database.call(revoke_key, key.id, each_house.stage.now)

    assert (await each_house.get("/")).headers["Location"] == "/sign-in"


async def test_a_session_ends_after_a_working_day(each_house: House) -> None:
    await each_house.enter()
    each_house.stage.later(hours=11, minutes=59)
    assert (await each_house.get("/")).status == 200
    each_house.stage.later(minutes=1)

    assert (await each_house.get("/")).status == 303


async def test_signing_out_makes_the_old_cookie_worthless(each_house: House) -> None:
    await each_house.enter()
    cookies = {
        name: morsel.value
        for name, morsel in each_house.client.session.cookie_jar.filter_cookies(each_house.client.make_url("/")).items()
    }

    left = await each_house.post("/sign-out")

    assert left.headers["Location"] == "/sign-in"
    assert (await each_house.get("/", cookies=cookies)).status == 303


async def test_a_link_signs_in_once_and_only_by_its_button(each_house: House) -> None:
    code = await each_house.code()
    for _ in range(2):
        opened = await each_house.get(f"/sign-in?code={code}")
        assert opened.status == 200
        assert "Set-Cookie" not in opened.headers
        assert f'value="{code}"' in opened.text

    entered = await each_house.post("/sign-in", code=code)
    again = await each_house.post("/sign-in", code=code)

    assert entered.status == 303
    assert again.status == 401
    assert "used before" in again.text


async def test_a_link_runs_out(each_house: House) -> None:
    code = await each_house.code()
    each_house.stage.later(hours=12)

    assert (await each_house.post("/sign-in", code=code)).status == 401


async def test_a_link_of_a_revoked_key_signs_nobody_in(house: House) -> None:
    code = await house.code(await house.a_key(Role.VIEWER))
    (key,) = await house.stage.database.read(list_keys)
    await house.stage.database.call(revoke_key, key.id, house.stage.now)

    assert (await house.post("/sign-in", code=code)).status == 401


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://warn.example.evil.example", None])
@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/time-zone", "/defects/NOTES-4411/publish"])
async def test_a_form_of_another_site_does_nothing(house: House, path: str, origin: str | None) -> None:
    await house.enter()

    refused = await house.post(path, origin=origin, key=ADMIN_KEY, time_zone="Europe/Vienna")

    assert refused.status == 403
    assert "not ours" in refused.text
    assert "Times are in UTC" in (await house.get("/")).text


async def test_a_form_counts_under_the_address_that_customers_use(house: House) -> None:
    assert (await house.post("/sign-in", origin=PUBLIC_URL, key=ADMIN_KEY)).status == 303


async def test_times_are_shown_in_the_zone_that_was_chosen(each_house: House) -> None:
    await each_house.stage.file()
    await each_house.enter()
    assert "1 January 2026 at 12:00 UTC" in (await each_house.get("/defects/NOTES-4411")).text
    assert "Asia/Tokyo" in (await each_house.get("/time-zone")).text

    await each_house.post("/time-zone", time_zone="Asia/Tokyo")

    assert "1 January 2026 at 21:00 JST" in (await each_house.get("/defects/NOTES-4411")).text


@pytest.mark.parametrize("zone", ["", "Middle/Earth", "../../etc/passwd"])
async def test_a_zone_that_is_none_is_refused(house: House, zone: str) -> None:
    await house.enter()

    assert (await house.post("/time-zone", time_zone=zone)).status == 422


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"\xff\xfe&key=%ff", "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % number for number in range(500)), "application/x-www-form-urlencoded"),
        (b'{"key": 1}', "application/json"),
        (b"--x\r\n", "multipart/form-data; boundary=x"),
        (b"key=1", "application/x-www-form-urlencoded; charset=nonsense"),
    ],
)
async def test_a_body_that_is_no_form_signs_nobody_in(house: House, body: bytes, media_type: str) -> None:
    headers = {"Origin": house.own_origin, "Content-Type": media_type}

    answer = await house.client.post("/sign-in", data=body, headers=headers)

    assert answer.status == 401
