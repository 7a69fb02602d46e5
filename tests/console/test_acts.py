"""Deciding from a defect's page."""

from __future__ import annotations

from typing import Any

import pytest

from api.keys import Role
from notifier import publishing
from tests.console.house import House, propose


async def _defect(house: House) -> Any:
    return await house.stage.database.read(publishing.view, "NOTES-4411", house.stage.now)


async def test_an_approver_publishes_a_draft(each_house: House) -> None:
    await each_house.stage.holds("ann", "ann-1")
    await each_house.stage.file()
    await each_house.enter(Role.APPROVER, "Anna")

    done = await each_house.post("/defects/NOTES-4411/publish", revision="1")
    await each_house.stage.sweep()

    assert (done.status, done.headers["Location"]) == (303, "/defects/NOTES-4411")
    assert (await _defect(each_house)).state == "published"
    assert await each_house.stage.kinds() == [("warning", "pending")]
    assert "<b>Anna</b> published revision 1." in (await each_house.get("/defects/NOTES-4411")).text


async def test_resolving_takes_a_second_person(each_house: House) -> None:
    await each_house.stage.publish()
    await each_house.enter(Role.APPROVER, "Anna")
    for _ in range(2):
        await each_house.post("/defects/NOTES-4411/resolve", revision="1", fixed_in="4.2.2")
    assert (await _defect(each_house)).state == "published"
    assert "as Anna has signed: fixed in 4.2.2" in (await each_house.get("/defects/NOTES-4411")).text

    await each_house.enter(Role.APPROVER, "Omar")
    await each_house.post("/defects/NOTES-4411/resolve", revision="1", fixed_in="4.2.2")

    assert (await _defect(each_house)).state == "resolved"
    assert (
        "<b>Omar</b> resolved it: fixed in 4.2.2, signed also by Anna."
        in (await each_house.get("/defects/NOTES-4411")).text
    )


@pytest.mark.parametrize(
    ("act", "said", "then"),
    [
        ("object", {"reason": "The fair!", "until": "2026-01-02T10:00"}, "objected, until 2 January 2026 at 10:00 UTC"),
        ("pause", {"reason": "Checking.", "until": "2026-01-02T10:00"}, "paused the sending, until 2 January 2026"),
        ("withdraw", {"reason": "The test rig."}, "signed for withdrawing it"),
    ],
)
async def test_other_acts_carry_their_reason(house: House, act: str, said: dict[str, str], then: str) -> None:
    await house.stage.publish()
    await house.enter()

    done = await house.post(f"/defects/NOTES-4411/{act}", revision="1", **said)

    page = (await house.get("/defects/NOTES-4411")).text
    assert done.status == 303
    assert then in page
    assert f"<q>{said['reason']}</q>" in page


async def test_a_pause_runs_until_the_time_in_the_visitors_zone(house: House) -> None:
    await house.stage.publish()
    await house.enter()
    await house.post("/time-zone", time_zone="Asia/Tokyo")

    await house.post("/defects/NOTES-4411/pause", revision="1", reason="Checking.", until="2026-01-02T10:00")

    pause = (await _defect(house)).pause
    assert pause.until == "2026-01-02T01:00:00.000000Z"


@pytest.mark.parametrize("role", [Role.REPORTER, Role.VIEWER])
async def test_who_may_not_decide_changes_nothing(house: House, role: Role) -> None:
    await house.stage.file()
    await house.enter(role)

    refused = await house.post("/defects/NOTES-4411/publish", revision="1")

    assert refused.status == 403
    assert (await _defect(house)).state == "draft"


async def test_nobody_publishes_what_they_have_not_seen(house: House) -> None:
    await house.stage.file()
    await house.enter()
    await propose(house.stage, severity="outage")

    refused = await house.post("/defects/NOTES-4411/publish", revision="1")

    assert refused.status == 409
    assert "has changed since you opened its page" in refused.text
    assert 'href="/defects/NOTES-4411"' in refused.text
    assert (await _defect(house)).state == "draft"


async def test_whoever_is_not_signed_in_decides_nothing(house: House) -> None:
    await house.stage.file()

    sent = await house.post("/defects/NOTES-4411/publish", revision="1")

    assert sent.headers["Location"] == "/sign-in"
    assert (await _defect(house)).state == "draft"


@pytest.mark.parametrize(
    ("act", "said", "status"),
    [
        ("resolve", {"fixed_in": ""}, 422),
        ("resolve", {"fixed_in": "not a version"}, 422),
        ("resolve", {"fixed_in": "4.1.0"}, 422),
        ("withdraw", {"reason": " "}, 422),
        ("withdraw", {"reason": "nul \0"}, 422),
        ("pause", {"reason": "Checking.", "until": "soon"}, 422),
        ("pause", {"reason": "Checking.", "until": "2025-12-31T10:00"}, 422),
        ("pause", {"reason": "Checking.", "until": "9999-12-31T23:59-12:00"}, 422),
        ("reopen", {"reason": "Too early."}, 409),
        ("publish", {}, 409),
        ("revise", {}, 404),
        ("nope", {}, 404),
    ],
)
async def test_an_act_that_cannot_be_is_refused_and_leaves_no_trace(
    each_house: House, act: str, said: dict[str, str], status: int
) -> None:
    await each_house.stage.publish()
    await each_house.enter()
    before = await _defect(each_house)

    refused = await each_house.post(f"/defects/NOTES-4411/{act}", revision="1", **said)

    assert refused.status == status
    assert await _defect(each_house) == before


async def test_only_what_is_open_is_offered(house: House) -> None:
    await house.stage.file()
    await house.enter()

    draft = (await house.get("/defects/NOTES-4411")).text
    await house.post("/defects/NOTES-4411/publish", revision="1")
    live = (await house.get("/defects/NOTES-4411")).text

    assert _offered(draft) == {"publish", "discard", "object"}
    assert _offered(live) == {"resolve", "withdraw", "pause", "object"}
    assert "takes two people" in live


def _offered(page: str) -> set[str]:
    return {part.split('"')[0] for part in page.split('action="/defects/NOTES-4411/')[1:]}
