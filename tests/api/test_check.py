from __future__ import annotations

from typing import Any

import pytest

from storage import Statement, Tx, open_database
from tests.api.house import (
    AT_RISK,
    DEFECT,
    INSTALL_SECRET,
    PRODUCT,
    House,
    with_defect,
    with_install,
    with_releases,
)

QUESTION = {"product": "notes", "from": "4.1.3", "to": "4.2.0"}
CHECKED = "SELECT decision, from_version, to_version FROM checks ORDER BY no"
CHECKS = Statement("checks", CHECKED, CHECKED)
ACCEPTED = """
    SELECT d.id AS defect, i.id AS install, a.accepted_by FROM accepted_risks a
    JOIN defects d ON d.no = a.defect_no LEFT JOIN installs i ON i.no = a.install_no ORDER BY a.no"""
RISKS = Statement("risks", ACCEPTED, ACCEPTED)


def rows(tx: Tx, statement: Statement) -> list[dict[str, Any]]:
    return tx.all(statement)


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"from": "four"}, "/from"),
        ({"to": "4.2"}, "/to"),
        ({"footprint": {"notebooks": "many"}}, "/footprint/notebooks"),
        ({"footprint": {"notebooks": True}}, "/footprint/notebooks"),
        ({"footprint": {"colour": 1}}, "/footprint/colour"),
        ({"platform": {"os_version": "Sonoma"}}, "/platform/os_version"),
        ({"platform": {"kernel": "6"}}, "/platform/kernel"),
        ({"accept": ["NOTES-1"]}, "/accept/0"),
        ({"as_of": 10_000}, "/as_of"),
        ({"as_of": 0}, "/as_of"),
    ],
)
async def test_what_is_wrong_with_a_question_is_told_at_its_place(
    house: House, change: dict[str, Any], at: str
) -> None:
    told = await house.post("/v1/check", {**QUESTION, **change})
    assert told.status == 422
    assert [error["at"] for error in told.body["errors"]] == [at]


@pytest.mark.parametrize(
    ("query", "at"),
    [
        ("from=four", "/from"),
        ("from=4.1.3&footprint.notebooks=many", "/footprint/notebooks"),
        ("from=4.1.3&footprint.colour=red", "/footprint/colour"),
        ("from=4.1.3&platform.os_version=x", "/platform/os_version"),
        ("from=4.1.3&platform.kernel=6", "/platform.kernel"),
        ("from=4.1.3&accept=NOTES-4411", "/accept"),
        ("from=4.1.3&explain=perhaps", "/explain"),
        ("to=4.1.3", ""),
    ],
)
async def test_what_is_wrong_with_a_question_in_an_address_is_told_at_its_place(
    house: House, query: str, at: str
) -> None:
    told = await house.get(f"/v1/check?product=notes&{query}")
    assert told.status == 422
    assert [error["at"] for error in told.body["errors"]] == [at]


async def test_all_faults_of_a_question_are_told_at_once(house: House) -> None:
    wrong = {**QUESTION, "from": "x", "to": "y", "footprint": {"notebooks": "z", "colour": 1}}
    told = await house.post("/v1/check", wrong)
    places = {error["at"] for error in told.body["errors"]}
    assert places == {"/from", "/to", "/footprint/notebooks", "/footprint/colour"}


async def test_a_product_that_is_not_known_is_not_found(house: House) -> None:
    assert (await house.post("/v1/check", {**QUESTION, "product": "none"})).status == 404


async def test_a_retired_fact_may_still_be_sent_and_counts_no_more(house: House) -> None:
    await with_releases(house)
    await with_defect(house, condition="notebooks > 0")
    facts = {"storage_format": PRODUCT["facts"]["storage_format"]}  # type: ignore[index]
    asked = {**QUESTION, "footprint": {"notebooks": 12}}
    assert (await house.post("/v1/check", asked)).body["decision"] == "hold"
    assert (await house.put("/v1/products/notes", {**PRODUCT, "facts": facts})).status == 200
    told = await house.post("/v1/check", asked)
    assert told.status == 200


async def test_without_a_target_the_upgrade_to_take_is_told(house: House) -> None:
    await with_releases(house)
    await with_defect(house)
    told = await house.post("/v1/check", {"product": "notes", "from": "4.1.3", "footprint": AT_RISK})
    assert (told.body["to"], told.body["decision"]) == ("4.2.2", "proceed")


async def test_what_a_question_leaves_out_is_taken_from_the_install_it_names(each_house: House) -> None:
    await with_releases(each_house)
    await with_defect(each_house)
    await with_install(each_house)
    named = {**QUESTION, "install": "i-1"}
    assert (await each_house.post("/v1/check", QUESTION)).body["findings"][0]["exposure"] == "cannot_tell"
    assert (await each_house.post("/v1/check", named)).body["findings"][0]["exposure"] == "at_risk"
    other = {**named, "footprint": {"notebooks": 0, "storage_format": "v2"}}
    assert (await each_house.post("/v1/check", other)).body["findings"] == []


async def test_an_install_of_another_product_cannot_be_named(house: House) -> None:
    await with_install(house)
    await house.put("/v1/products/other", PRODUCT)
    told = await house.post("/v1/check", {**QUESTION, "product": "other", "install": "i-1"})
    assert (told.status, told.body["errors"][0]["at"]) == (422, "/install")


async def test_checks_that_name_an_install_are_recorded_and_others_are_not(each_house: House) -> None:
    await with_releases(each_house)
    await with_defect(each_house)
    await with_install(each_house)
    await each_house.post("/v1/check", QUESTION)
    await each_house.post("/v1/check", {**QUESTION, "install": "i-1"})
    await each_house.client.close()
    await each_house.parts.database.close()
    reopened = open_database(each_house.parts.database.url)
    recorded = await reopened.read(rows, CHECKS)
    await reopened.close()
    assert recorded == [{"decision": "hold", "from_version": "4.1.3", "to_version": "4.2.0"}]


async def test_an_accepted_risk_is_stored_by_name_and_left_out_of_the_verdict(each_house: House) -> None:
    await with_releases(each_house)
    await with_defect(each_house)
    await each_house.put("/v1/customers/c-1", {"name": "Ada"})
    mine = {"Install-Token": INSTALL_SECRET}
    body = {"product": "notes", "version": "4.1.3", "footprint": AT_RISK}
    await each_house.put("/v1/installs/mine", body, role="app", headers=mine)
    accepting = {**QUESTION, "footprint": AT_RISK, "accept": ["NOTES-4411"]}
    for role, headers, install in (("admin", {}, None), ("app", mine, "mine")):
        told = await each_house.post("/v1/check", {**accepting, "install": install}, role=role, headers=headers)
        assert told.status == 200
        assert (told.body["decision"], told.body["accepted"]) == ("proceed", ["NOTES-4411"])
    stored = await each_house.parts.database.read(rows, RISKS)
    assert stored == [
        {"defect": "NOTES-4411", "install": None, "accepted_by": "admin"},
        {"defect": "NOTES-4411", "install": "mine", "accepted_by": "mine"},
    ]


async def test_a_risk_that_is_accepted_again_is_counted_once(each_house: House) -> None:
    await with_releases(each_house)
    await with_defect(each_house)
    await with_install(each_house, "i-1")
    for install in ("i-1", "i-1", None, None):
        asked = {**QUESTION, "install": install, "accept": ["NOTES-4411"]}
        assert (await each_house.post("/v1/check", asked)).status == 200
    assert (await each_house.get("/v1/defects/NOTES-4411/ledger")).body["accepted_risk"] == 2


@pytest.mark.parametrize("role", ["app", "viewer", "reporter", "approver"])
async def test_a_risk_is_accepted_by_an_admin_or_for_an_install_of_ones_own(house: House, role: str) -> None:
    await with_releases(house)
    await with_defect(house)
    told = await house.post("/v1/check", {**QUESTION, "accept": ["NOTES-4411"]}, role=role)
    assert told.status == 403


async def test_the_verdict_as_of_a_sequence_stays_the_same_for_ever(each_house: House) -> None:
    await with_releases(each_house)
    asked = {**QUESTION, "footprint": AT_RISK}
    before = await each_house.post("/v1/check", asked)
    await with_defect(each_house)
    after = await each_house.post("/v1/check", asked)
    assert before.body["decision"] == "proceed"
    assert after.body["decision"] == "hold"
    assert after.body["sequence"] > before.body["sequence"]
    for verdict in (before, after):
        told = await each_house.post("/v1/check", {**asked, "as_of": verdict.body["sequence"]})
        assert told.body == verdict.body
    assert (await each_house.post("/v1/check", {**asked, "as_of": 1, "accept": ["NOTES-4411"]})).status == 422


async def test_explain_tells_of_every_defect_why_it_counts_or_not(house: House) -> None:
    await with_releases(house)
    await with_defect(house)
    await with_defect(house, id="NOTES-1", affected=[{"introduced": "3.0.0", "fixed": "3.1.0"}])
    told = await house.post("/v1/check", {**QUESTION, "footprint": AT_RISK, "explain": True})
    considered = {each["defect"]: each["counts"] for each in told.body["considered"]}
    assert considered == {"NOTES-4411": True, "NOTES-1": False}
    assert all(each["why"] for each in told.body["considered"])


async def test_a_check_without_an_install_does_not_touch_the_database(house: House) -> None:
    await with_releases(house)
    await with_defect(house)
    await house.parts.keys.refresh(house.parts.database)
    await house.parts.database.close()
    told = await house.post("/v1/check", {**QUESTION, "footprint": AT_RISK}, role="app")
    assert (told.status, told.body["decision"]) == (200, "hold")


async def test_a_remedy_comes_with_its_finding(house: House) -> None:
    await with_releases(house)
    await with_defect(house)
    told = await house.post("/v1/check", {**QUESTION, "footprint": AT_RISK})
    assert told.body["findings"][0]["remedies"] == DEFECT["remedies"]
