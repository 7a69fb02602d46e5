from __future__ import annotations

import pytest

from tests.api.house import DEFECT, House, with_defect, with_install, with_releases

ASKED = {"people": 1, "signed_by": ["admin"], "needs": 1}


async def test_another_number_of_people_waits_for_a_second_person(each_house: House) -> None:
    first = await each_house.post("/v1/rules/sign-off", {"people": 1})
    again = await each_house.post("/v1/rules/sign-off", {"people": 1})
    shown = await each_house.get("/v1/rules", role="viewer")
    assert (first.status, again.status, shown.status) == (202, 202, 200)
    assert first.body == again.body == shown.body
    assert (shown.body["signatures_needed"], shown.body["asked"]) == (2, ASKED)
    second = await each_house.post("/v1/rules/sign-off", {"people": 1}, role="approver")
    assert (second.status, second.body["signatures_needed"], second.body["asked"]) == (200, 1, None)


@pytest.mark.parametrize(("role", "status"), [("reporter", 403), ("viewer", 403), ("app", 403)])
async def test_only_who_decides_on_defects_may_ask(house: House, role: str, status: int) -> None:
    assert (await house.post("/v1/rules/sign-off", {"people": 1}, role=role)).status == status


@pytest.mark.parametrize("body", [{}, {"people": 0}, {"people": 3}, {"people": "1"}, {"people": 1, "more": 1}])
async def test_a_number_that_cannot_be_is_refused(house: House, body: dict[str, object]) -> None:
    assert (await house.post("/v1/rules/sign-off", body)).status == 422


async def test_a_proposed_revision_is_answered_with_what_it_changes_and_does(each_house: House) -> None:
    await with_releases(each_house)
    await with_install(each_house)
    defect = await with_defect(each_house)
    wider = {**DEFECT, "affected": [{"introduced": "4.1.9", "fixed": "4.2.2"}]}
    revised = await each_house.put(f"/v1/defects/{defect}", wider)
    shown = await each_house.get(f"/v1/defects/{defect}")
    assert shown.body["changes"] == revised.body["changes"] == ["affected range widened: 4.2.0 → 4.1.9"]
    assert shown.body["effect"]["newly_at_risk"] == {"recipients": 1, "installs": 1}
    assert "effect" not in revised.body
    assert "effect" not in (await each_house.get(f"/v1/defects/{defect}", role="viewer")).body
    assert "effect" not in (await each_house.get("/v1/defects")).body["items"][0]
