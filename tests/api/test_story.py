from __future__ import annotations

from tests.api.house import AT_RISK, DEFECT, House, with_defect, with_install, with_releases


async def test_a_filed_and_published_defect_makes_the_check_answer_hold(each_house: House) -> None:
    await with_releases(each_house)
    question = {"product": "notes", "from": "4.1.3", "to": "4.2.0", "footprint": AT_RISK}
    before = await each_house.post("/v1/check", question, role="app")
    assert (before.status, before.body["decision"]) == (200, "proceed")

    await with_defect(each_house)
    after = await each_house.post("/v1/check", question, role="app")

    assert after.status == 200
    assert after.body["decision"] == "hold"
    assert after.body["safe_target"] == {"version": "4.2.2", "path": ["4.2.2"]}
    finding = after.body["findings"][0]
    assert (finding["defect"], finding["exposure"], finding["severity"]) == ("NOTES-4411", "at_risk", "data-loss")
    assert after.body["valid_for_seconds"] > 0


async def test_the_same_question_by_get_has_the_same_answer(each_house: House) -> None:
    await with_releases(each_house)
    await with_defect(each_house)
    by_body = await each_house.post(
        "/v1/check", {"product": "notes", "from": "4.1.3", "to": "4.2.0", "footprint": AT_RISK}
    )
    by_query = await each_house.get(
        "/v1/check?product=notes&from=4.1.3&to=4.2.0&footprint.notebooks=12&footprint.storage_format=v2"
    )
    assert by_query.body == by_body.body


async def test_an_audience_is_counted_before_anything_is_stored(each_house: House) -> None:
    await with_releases(each_house)
    await with_install(each_house)
    await with_install(each_house, "i-2", footprint={"notebooks": 0, "storage_format": "v2"})
    told = await each_house.post("/v1/audience", DEFECT, role="reporter")
    assert told.status == 200
    assert told.body["at_risk"]["installs"] == 1
    assert told.body["not_at_risk"]["installs"] == 1
    assert (await each_house.get("/v1/defects")).body["items"] == []


async def test_withdrawing_takes_two_people_and_the_same_one_twice_changes_nothing(each_house: House) -> None:
    await with_releases(each_house)
    defect = await with_defect(each_house)
    reason = {"reason": "It was another release."}
    first = await each_house.post(f"/v1/defects/{defect}/withdraw", reason)
    again = await each_house.post(f"/v1/defects/{defect}/withdraw", reason)
    assert (first.status, again.status) == (202, 202)
    assert first.body["state"] == "published"
    assert first.body["pending"]["needs"] == 1
    assert again.body["pending"]["signed_by"] == ["admin"]
    second = await each_house.post(f"/v1/defects/{defect}/withdraw", reason, role="approver")
    assert (second.status, second.body["state"]) == (200, "withdrawn")


async def test_a_check_in_after_publication_is_answered_with_its_notice(each_house: House) -> None:
    await with_releases(each_house)
    await with_defect(each_house)
    told = await with_install(each_house)
    assert told.body["install"]["footprint"] == AT_RISK
    listed = await each_house.get("/v1/notices?install=i-1")
    assert [notice["kind"] for notice in listed.body["items"]] == ["warning"]
    notice = listed.body["items"][0]["id"]
    seen = await each_house.post(f"/v1/notices/{notice}/seen")
    assert seen.body["seen_at"] is not None
    chosen = await each_house.post(f"/v1/notices/{notice}/choose", {"remedy": 1})
    assert chosen.body["chosen"] == 1
    wrong = await each_house.post(f"/v1/notices/{notice}/choose", {"remedy": 2})
    assert (wrong.status, wrong.body["errors"][0]["at"]) == (422, "/remedy")
