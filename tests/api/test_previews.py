"""The preview over HTTP: lint, back-test, what a viewer may know of a small audience, and drift at publishing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.api.house import DEFECT, House, with_defect, with_install, with_releases


async def _installs(house: House, count: int, begin: int = 0) -> None:
    for number in range(begin, begin + count):
        await house.put(f"/v1/customers/c-{number}", {"name": f"C {number}", "email": f"c{number}@example.com"})
        await with_install(house, f"i-{number}", customer=f"c-{number}")


async def test_what_looks_odd_is_answered_with_its_place_and_blocks_nothing(house: House) -> None:
    await with_releases(house)
    await _installs(house, 1)
    odd = {**DEFECT, "condition": "storage_format == 'v1|v2'", "remedies": []}
    preview = await house.post("/v1/audience", odd)
    filed = await house.post("/v1/defects", odd)
    assert (preview.status, filed.status) == (200, 201)
    assert preview.body["warnings"] == filed.body["warnings"]
    said = {warning["at"]: warning["detail"] for warning in filed.body["warnings"]}
    assert "storage_format in ['v1', 'v2']" in said["/condition"]
    assert "offers no remedy" in said["/remedies"]


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"affected": []}, "/affected"),
        ({"condition": "storage_format > 1"}, "/condition"),
        ({"condition": "storage_format ==="}, "/condition"),
        ({"remedies": [{"kind": "upgrade_to", "version": "4.2.1"}]}, "/remedies/0/version"),
    ],
)
async def test_only_what_cannot_be_meant_is_refused(house: House, changes: dict[str, object], at: str) -> None:
    told = await house.post("/v1/audience", {**DEFECT, **changes})
    assert told.status == 422
    assert [error["at"] for error in told.body["errors"]] == [at]


@pytest.mark.parametrize("act", ["object", "pause"])
async def test_an_until_in_the_past_cannot_be_meant(house: House, act: str) -> None:
    defect = await with_defect(house, severity="degraded")
    until = (house.clock.now() - timedelta(days=1)).isoformat()
    told = await house.post(f"/v1/defects/{defect}/{act}", {"reason": "Wait.", "until": until})
    assert (told.status, [error["at"] for error in told.body["errors"]]) == (422, ["/until"])


async def test_a_back_test_is_answered_where_it_is_asked_for(each_house: House) -> None:
    await with_releases(each_house)
    await _installs(each_house, 2)
    await with_install(each_house, "i-0", version="4.2.0")
    told = await each_house.post("/v1/audience?backtest=90", DEFECT)
    in_vain = {"upgrades": 0, "because": {"version": 0, "unknown": 0}}
    expected = {"days": 90, "upgrades": 1, "warned": 1, "harmed": 1, "in_vain": in_vain}
    assert told.body["backtest"] == expected
    filed = await each_house.post("/v1/defects", DEFECT)
    path = f"/v1/defects/{filed.body['id']}/audience"
    assert (await each_house.get(f"{path}?backtest=90")).body["backtest"] == expected
    assert "backtest" not in (await each_house.get(path)).body


@pytest.mark.parametrize("days", ["0", "3651", "soon", ""])
async def test_days_that_cannot_be_meant_are_refused(house: House, days: str) -> None:
    told = await house.post(f"/v1/audience?backtest={days}", DEFECT)
    assert (told.status, told.body["errors"][0]["at"]) == (422, "/backtest")


async def test_a_viewer_is_not_told_how_few_are_concerned(house: House) -> None:
    await with_releases(house)
    await _installs(house, 2)
    filed = await house.post("/v1/defects", DEFECT)
    path = f"/v1/defects/{filed.body['id']}/audience"
    kept_back = {"installs": 4, "customers": 4, "fewer_than": 5}
    assert (await house.get(path, role="viewer")).body["at_risk"] == kept_back
    for role in ("admin", "approver", "reporter"):
        assert (await house.get(path, role=role)).body["at_risk"] == {"installs": 2, "customers": 2}
    await _installs(house, 3, begin=2)
    assert (await house.get(path, role="viewer")).body["at_risk"] == {"installs": 5, "customers": 5}


async def test_publishing_tells_what_has_changed_since_the_publishers_own_preview(each_house: House) -> None:
    await with_releases(each_house)
    await _installs(each_house, 2)
    defect = (await each_house.post("/v1/defects", DEFECT, role="reporter")).body["id"]
    each_house.clock.advance(timedelta(hours=1))
    await _installs(each_house, 1, begin=2)
    await each_house.get(f"/v1/defects/{defect}/audience", role="approver")
    each_house.clock.advance(timedelta(hours=1))
    await _installs(each_house, 2, begin=3)
    await with_install(each_house, "i-0", version="4.2.0")
    told = await each_house.post(f"/v1/defects/{defect}/publish", role="approver")
    assert (told.status, told.body["state"]) == (200, "published")
    drift = told.body["drift"]
    assert (drift["person"], drift["at_risk"]) == ("Approver", {"then": 3, "now": 4})
    assert (drift["new"], drift["upgraded"], drift["sentence"]) == (2, 1, "+2 new, −1 upgraded")


async def test_the_drift_is_told_too_where_a_second_person_is_needed(each_house: House) -> None:
    await with_releases(each_house)
    await _installs(each_house, 1)
    defect = await with_defect(each_house)
    narrower = {**DEFECT, "severity": "degraded"}
    assert (await each_house.put(f"/v1/defects/{defect}", narrower, role="reporter")).status == 200
    each_house.clock.advance(timedelta(hours=1))
    await _installs(each_house, 2, begin=1)
    waits = await each_house.post(f"/v1/defects/{defect}/publish", role="approver")
    assert (waits.status, waits.body["pending"]["needs"]) == (202, 1)
    assert (waits.body["drift"]["person"], waits.body["drift"]["sentence"]) == ("Reporter", "+2 new")
    done = await each_house.post(f"/v1/defects/{defect}/publish")
    assert (done.status, done.body["drift"]) == (200, waits.body["drift"])


async def test_old_texts_are_answered_with_what_each_changed(each_house: House) -> None:
    await with_releases(each_house)
    defect = await with_defect(each_house)
    await each_house.put(f"/v1/defects/{defect}", {**DEFECT, "title": "Upgrading erases notes"}, role="reporter")
    told = await each_house.get(f"/v1/defects/{defect}/revisions", role="viewer")
    old, new = told.body["items"]
    assert (old["state"], old["report"]["title"], old["changes"]) == ("live", DEFECT["title"], [])
    assert (new["state"], new["by"], new["changes"]) == ("proposed", "Reporter", ["title reworded"])
    first = (await each_house.get(f"/v1/defects/{defect}/revisions?limit=1")).body
    assert [item["revision"] for item in first["items"]] == [1]
    rest = (await each_house.get(f"/v1/defects/{defect}/revisions?limit=1&after={first['next']}")).body
    assert ([item["revision"] for item in rest["items"]], rest["next"]) == ([2], None)
    assert (await each_house.get("/v1/defects/D-1/revisions")).status == 404


async def test_a_viewers_look_is_no_preview(house: House) -> None:
    defect = (await house.post("/v1/defects", DEFECT, role="reporter")).body["id"]
    await house.get(f"/v1/defects/{defect}/audience", role="viewer")
    told = await house.post(f"/v1/defects/{defect}/publish", role="approver")
    assert told.body["drift"]["person"] == "Reporter"


async def test_a_release_just_behind_an_open_range_is_answered_with_a_question(house: House) -> None:
    await with_releases(house)
    defect = await with_defect(house, affected=[{"introduced": "4.2.0", "last_affected": "4.2.2"}], remedies=[])
    told = await house.put("/v1/products/notes/releases/4.2.3", {"offered_at": "2025-12-05T09:00:00Z"})
    assert told.status == 200
    [warning] = told.body["warnings"]
    assert warning["detail"].startswith(f"{defect}: 4.2.3 was registered after revision 1")
    shown = (await house.get(f"/v1/defects/{defect}")).body["warnings"]
    assert [each["at"] for each in shown] == ["/affected/0/last_affected"]


async def test_the_audience_of_a_stranger_is_not_told(house: House) -> None:
    assert (await house.get("/v1/defects/D-1/audience")).status == 404
    assert (await house.get("/v1/defects/D-1/audience", role="app")).status == 403
    assert (await house.get("/v1/defects/D-1/audience", role=None)).status == 401
    assert (await house.get("/v1/defects/D-1/audience?surprise=1")).status == 422
