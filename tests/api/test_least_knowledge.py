"""A client app's key, which anybody can take out of a copy of the app, cannot find out who else exists."""

from __future__ import annotations

from typing import Any

import pytest

from notifier.sweeping import sweep_page
from tests.api.house import AT_RISK, INSTALL_SECRET, OTHER_SECRET, House, with_defect, with_install, with_releases
from tests.statements import watched

#: Ways to ask about an install, with {} for its id.
ASKED = {
    "it": ("GET", "/v1/installs/{}", None),
    "its history": ("GET", "/v1/installs/{}/history", None),
    "its notices": ("GET", "/v1/notices?install={}", None),
    "a check of it": ("POST", "/v1/check", {"product": "notes", "from": "4.1.3", "install": "{}"}),
    "a check of it by address": ("GET", "/v1/check?product=notes&from=4.1.3&install={}", None),
}


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    return watched(monkeypatch)


async def with_others(house: House) -> None:
    """Let there be an install of the vendor's, one of another app, both warned; each of one customer."""
    await with_releases(house)
    await house.put("/v1/customers/c-1", {"name": "Ada", "email": "ada@example.com"})
    await with_install(house, "vendors", customer="c-1")
    body = {"product": "notes", "version": "4.1.3", "footprint": AT_RISK}
    told = await house.put("/v1/installs/others", body, role="app", headers={"Install-Token": OTHER_SECRET})
    assert told.status == 200, told.body
    await with_defect(house)
    while await house.parts.database.call(sweep_page, house.parts.rulebook, house.clock.now()):
        pass


async def asked(house: House, way: str, install: str, statements: list[str]) -> tuple[int, Any, list[str]]:
    method, path, body = ASKED[way]
    request = {} if body is None else {"json": {**body, "install": install}}
    del statements[:]
    told = await house.ask(
        method, path.format(install), role="app", headers={"Install-Token": INSTALL_SECRET}, **request
    )
    return told.status, told.body, list(statements)


def without_id(body: Any) -> Any:
    return {name: value for name, value in body.items() if name != "request_id"}


@pytest.mark.parametrize("way", ASKED)
async def test_an_install_of_others_and_none_at_all_are_answered_alike_with_the_same_work(
    each_house: House, way: str, statements: list[str]
) -> None:
    await with_others(each_house)
    await each_house.parts.verdicts.refresh()
    unknown = await asked(each_house, way, "nobodys", statements)
    assert unknown[0] == 404
    assert unknown[2]
    for install in ("vendors", "others"):
        status, body, done = await asked(each_house, way, install, statements)
        assert (status, without_id(body), done) == (unknown[0], without_id(unknown[1]), unknown[2])


async def test_a_notice_of_others_and_none_at_all_are_answered_alike_with_the_same_work(
    each_house: House, statements: list[str]
) -> None:
    await with_others(each_house)
    report = {"product": "notes", "version": "4.1.3"}
    answer = await each_house.put("/v1/installs/others", report, role="app", headers={"Install-Token": OTHER_SECRET})
    (foreign,) = [notice["id"] for notice in answer.body["notices"]]
    for act, body in (("seen", None), ("choose", {"remedy": 0})):
        seen = []
        for notice in ("no-such-notice", foreign):
            del statements[:]
            told = await each_house.post(
                f"/v1/notices/{notice}/{act}", body, role="app", headers={"Install-Token": INSTALL_SECRET}
            )
            seen.append((told.status, without_id(told.body), list(statements)))
        assert seen[0] == seen[1]
        assert seen[0][0] == 404


async def test_what_an_app_is_answered_about_its_own_install_names_nobody(each_house: House) -> None:
    await with_others(each_house)
    body = {"product": "notes", "version": "4.1.3", "footprint": AT_RISK}
    mine = {"Install-Token": INSTALL_SECRET}
    code = (await each_house.post("/v1/customers/c-1/claim-codes", {})).body["code"]
    told = await each_house.put("/v1/installs/mine", {**body, "claim": code}, role="app", headers=mine)
    for answer in (told.body, (await each_house.get("/v1/installs/mine", role="app", headers=mine)).body):
        text = str(answer)
        assert "vendors" not in text
        assert "others" not in text
        assert "Ada" not in text
        assert "ada@example.com" not in text
