"""Caught mails."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from api.keys import Role
from storage import open_database
from tests.console.house import House, Serve, a_house


@pytest.fixture
async def house_without_box(aiohttp_client: Serve, migrated_sqlite_url: str) -> AsyncIterator[House]:
    database = open_database(migrated_sqlite_url)
    yield await a_house(aiohttp_client, database, with_box=False)
    await database.close()


async def test_mails_are_listed_newest_first(house: House) -> None:
    house.box.catch(house.stage, "ann@example.com")
    house.stage.later(hours=1)
    house.box.catch(house.stage, "bo@example.com")
    await house.enter()

    page = (await house.get("/mails")).text

    assert page.index("bo@example.com") < page.index("ann@example.com")
    assert "Please do not install Notes 4.2 yet ⚠" in page
    assert "1 January 2026 at 13:00 UTC" in page


async def test_a_mail_is_shown_as_drawn_as_text_and_with_its_header(house: House) -> None:
    house.box.catch(house.stage, "ann@example.com")
    house.box.catch(house.stage, "ann@example.com")
    await house.enter(Role.APPROVER)

    page = (await house.get("/mails/1")).text

    assert '<iframe src="/mails/1/html" title="The mail" sandbox="allow-popups allow-popups-to-escape-sandbox">' in page
    assert "Please wait &amp; read." in page
    assert "&lt;1@notes.example&gt;" in page
    assert '<a href="/mails/2">' in page


async def test_a_mails_html_runs_no_script_and_fetches_nothing(house: House) -> None:
    house.box.catch(house.stage, "ann@example.com")
    await house.enter()

    frame = await house.get("/mails/1/html")

    policy = frame.headers["Content-Security-Policy"]
    assert "<h1>Please wait</h1>" in frame.text
    assert "default-src 'none'" in policy
    assert "sandbox allow-popups allow-popups-to-escape-sandbox" in policy
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert "frame-ancestors 'self'" in policy


async def test_mails_are_found_by_address_and_subject(house: House) -> None:
    house.box.catch(house.stage, "ann@example.com")
    house.box.catch(house.stage, "bo@example.com", b"Subject: All clear\n\nGo on.")
    await house.enter()

    by_address = (await house.get("/mails?find=ANN@")).text
    by_subject = (await house.get("/mails?find=all+clear")).text

    assert ("ann@example.com" in by_address, "bo@example.com" in by_address) == (True, False)
    assert ("ann@example.com" in by_subject, "bo@example.com" in by_subject) == (False, True)
    assert "No mail like that." in (await house.get("/mails?find=%3Cscript%3E")).text


async def test_many_mails_are_shown_in_pages(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.mails.PAGE", 2)
    for number in range(3):
        house.box.catch(house.stage, f"c{number}@example.com")
    await house.enter()

    first = (await house.get("/mails?find=c")).text
    older = (await house.get("/mails?find=c&before=2")).text

    assert 'href="/mails?find=c&amp;before=2"' in first
    assert ("c0@" in first, "c2@" in first) == (False, True)
    assert ("c0@" in older, "c1@" in older) == (True, False)


async def test_a_mail_without_parts_or_subject_is_shown_still(house: House) -> None:
    house.box.catch(house.stage, "ann@example.com", b"X: y\r\n\r\nbare text")
    house.box.catch(house.stage, "ann@example.com", b"\xff\xfe\x00")
    await house.enter()

    assert "(no subject)" in (await house.get("/mails")).text
    assert "bare text" in (await house.get("/mails/1")).text
    assert "<iframe" not in (await house.get("/mails/1")).text
    assert (await house.get("/mails/2")).status == 200


@pytest.mark.parametrize("role", [Role.REPORTER, Role.VIEWER])
async def test_who_may_not_see_addresses_sees_no_mails(house: House, role: Role) -> None:
    house.box.catch(house.stage, "ann@example.com")
    await house.enter(role)

    for path in ("/mails", "/mails/1", "/mails/1/html"):
        refused = await house.get(path)
        assert refused.status == 403
        assert "ann@" not in refused.text
    assert 'href="/mails"' not in (await house.get("/")).text


@pytest.mark.parametrize("path", ["/mails", "/mails/1", "/mails/1/html"])
async def test_without_a_catcher_there_are_no_mails(house_without_box: House, path: str) -> None:
    await house_without_box.enter()

    assert (await house_without_box.get(path)).status == 404
    assert 'href="/mails"' not in (await house_without_box.get("/")).text


@pytest.mark.parametrize("number", ["0", "2", "999999999"])
async def test_a_mail_that_is_not_there_is_missed(house: House, number: str) -> None:
    house.box.catch(house.stage, "ann@example.com")
    await house.enter()

    assert (await house.get(f"/mails/{number}")).status == 404
