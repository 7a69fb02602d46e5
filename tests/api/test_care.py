"""What customers may ask of the vendor: codes that link their installs, their choices, who cannot be reached."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

from api.attempts import MOST
from notifier.sweeping import sweep_page
from tests.api.house import AT_RISK, INSTALL_SECRET, OTHER_SECRET, House, Told, with_defect, with_install, with_releases

CUSTOMER = {"name": "Ada Lovelace", "email": "ada@example.com"}
CODES = "/v1/customers/c-1/claim-codes"


async def check_in(house: House, install: str = "app-1", token: str = INSTALL_SECRET, **body: Any) -> Told:
    """Check in as a client app does."""
    report = {"product": "notes", "version": "4.1.3", **body}
    return await house.put(f"/v1/installs/{install}", report, role="app", headers={"Install-Token": token})


async def with_code(house: House, **wish: int) -> str:
    await house.put("/v1/customers/c-1", CUSTOMER)
    made = await house.post(CODES, wish)
    assert made.status == 201, made.body
    return str(made.body["code"])


async def test_a_claim_code_links_an_install_of_a_client_app_to_its_customer(each_house: House) -> None:
    code = await with_code(each_house)
    await check_in(each_house)
    for _ in range(2):
        linked = await check_in(each_house, claim=code)
        assert (linked.status, linked.body["install"]["customer"]) == (200, "c-1")
    assert (await check_in(each_house)).body["install"]["customer"] == "c-1"


async def test_a_claim_code_links_a_new_install_with_its_first_check_in(each_house: House) -> None:
    linked = await check_in(each_house, claim=await with_code(each_house))
    assert linked.body["install"]["customer"] == "c-1"


async def test_a_code_that_links_nothing_stores_nothing_of_the_check_in(each_house: House) -> None:
    code = await with_code(each_house)
    await check_in(each_house, claim=code)
    answers = [
        await check_in(each_house, "app-2", OTHER_SECRET, claim=code),
        await check_in(each_house, "app-2", OTHER_SECRET, claim="AAAAA-AAAAA-AAAAA-AAAAA"),
    ]
    each_house.clock.advance(timedelta(days=15))
    late = await with_code(each_house)
    each_house.clock.advance(timedelta(days=15))
    answers.append(await check_in(each_house, "app-2", OTHER_SECRET, claim=late))
    assert {answer.status for answer in answers} == {422}
    assert len({str(answer.body["errors"]) for answer in answers}) == 1
    assert (await each_house.get("/v1/installs/app-2")).status == 404


async def test_a_code_is_shown_once_and_not_kept_for_the_same_request_coming_again(each_house: House) -> None:
    await each_house.put("/v1/customers/c-1", CUSTOMER)
    headers = {"Idempotency-Key": "make-a-code"}
    first = await each_house.post(CODES, {}, headers=headers)
    again = await each_house.post(CODES, {}, headers=headers)
    assert (first.status, again.status) == (201, 201)
    assert again.body == {**first.body, "code": None}
    kept = await each_house.parts.database.read(lambda tx: tx.built("SELECT body FROM answers", {}))
    assert first.body["code"] not in str(kept)
    assert [listed["id"] for listed in (await each_house.get(CODES)).body] == [first.body["id"]]


async def test_a_code_that_was_taken_back_links_nothing(each_house: House) -> None:
    code = await with_code(each_house)
    each_house.clock.advance(timedelta(seconds=1))
    assert (await each_house.ask("DELETE", CODES)).status == 204
    assert (await check_in(each_house, claim=code)).status == 422


async def test_a_key_that_sends_many_wrong_codes_has_to_wait_and_its_check_ins_do_not(house: House) -> None:
    code = await with_code(house)
    for _ in range(MOST):
        assert (await check_in(house, claim="WRONG")).status == 422
    refused = await check_in(house, claim=code)
    assert (refused.status, refused.headers["Retry-After"]) == (429, "60")
    assert (await check_in(house)).status == 200
    house.clock.advance(timedelta(minutes=1))
    assert (await check_in(house, claim=code)).status == 200


async def test_a_code_whose_name_is_spelled_with_an_escape_is_counted_too(house: House) -> None:
    report = b'{"product": "notes", "version": "4.1.3", "cl\\u0061im": "WRONG"}'
    headers = {"Install-Token": INSTALL_SECRET, "Content-Type": "application/json"}
    answers = [
        await house.ask("PUT", "/v1/installs/app-1", role="app", headers=headers, data=report) for _ in range(MOST + 1)
    ]
    assert [answer.status for answer in answers] == [422] * MOST + [429]
    assert answers[0].body["errors"][0]["at"] == "/claim"
    without = b'{"product": "notes", "version": "4.1.3", "acquired_through": "Caf\\u00e9"}'
    assert (await house.ask("PUT", "/v1/installs/app-1", role="app", headers=headers, data=without)).status == 200


async def test_an_install_warned_in_the_app_is_not_warned_again_by_mail_once_it_is_claimed(each_house: House) -> None:
    await with_releases(each_house)
    await with_defect(each_house)
    warned = await check_in(each_house, footprint=AT_RISK)
    assert [notice["kind"] for notice in warned.body["notices"]] == ["warning"]
    linked = await check_in(each_house, claim=await with_code(each_house))
    assert [notice["id"] for notice in linked.body["notices"]] == [warned.body["notices"][0]["id"]]
    told = await each_house.get("/v1/notices?customer=c-1")
    assert [(notice["id"], notice["state"]) for notice in told.body["items"]] == [
        (warned.body["notices"][0]["id"], "sent")
    ]
    assert (await each_house.get("/v1/defects/NOTES-4411/progress")).body["by_channel"] == {"in_app": 1}


async def test_a_customers_choice_is_stored_on_the_word_of_the_keys_person(each_house: House) -> None:
    await each_house.put("/v1/customers/c-1", CUSTOMER)
    path = "/v1/customers/c-1/preferences"
    chosen = await each_house.put(path, {"email": "data-loss", "webhook": "nothing"})
    assert {name: each["floor"] for name, each in chosen.body["preferences"].items()} == {
        "email": "data-loss",
        "webhook": "nothing",
    }
    assert (await each_house.put(path, {"email": None})).body["preferences"].keys() == {"webhook"}
    assert (await each_house.put(path, {"email": "some"})).status == 422
    assert (await each_house.put("/v1/customers/nobody/preferences", {})).status == 404
    assert "preferences" not in (await each_house.get("/v1/customers/c-1", role="viewer")).body


async def test_the_history_of_an_install_names_versions_and_changed_facts_but_no_values(each_house: House) -> None:
    await with_install(each_house, footprint={"notebooks": 7_731, "storage_format": "v2"})
    each_house.clock.advance(timedelta(days=1))
    await with_install(each_house, version="4.2.0", footprint={"notebooks": 7_732, "storage_format": "v2"})
    history = (await each_house.get("/v1/installs/i-1/history", role="viewer")).body
    assert [(each["version"], each["since"][:10]) for each in history["versions"]] == [
        ("4.1.3", "2026-01-01"),
        ("4.2.0", "2026-01-02"),
    ]
    assert [change["facts"] for change in history["footprint_changes"]] == [["notebooks"]]
    assert "773" not in str(history)


async def test_a_client_app_sees_the_history_of_its_own_install_only(each_house: House) -> None:
    await check_in(each_house)
    for token, status in ((INSTALL_SECRET, 200), (OTHER_SECRET, 404)):
        asked = await each_house.get("/v1/installs/app-1/history", role="app", headers={"Install-Token": token})
        assert asked.status == status


async def with_people(house: House) -> None:
    """Let four customers be at risk: one reached by mail, one with no address, one who wants none, one formula."""
    await with_releases(house)
    for customer, record in {
        "c-mail": CUSTOMER,
        "c-none": {"name": "No Address", "partner": "Resellers Ltd"},
        "c-chose": {"name": "Chose So", "email": "chose@example.com"},
        "c-formula": {"name": '=HYPERLINK("https://evil.example")'},
    }.items():
        await house.put(f"/v1/customers/{customer}", record)
        await with_install(house, f"{customer}-1", customer=customer)
    await with_install(house, "nobodys")
    await house.put("/v1/customers/c-chose/preferences", {"email": "nothing"})
    await with_defect(house)
    await sweep(house)


async def sweep(house: House) -> None:
    while await house.parts.database.call(sweep_page, house.parts.rulebook, house.clock.now()):
        pass


async def test_the_call_list_names_those_whom_nothing_reaches_and_why(each_house: House) -> None:
    await with_people(each_house)
    told = await each_house.get("/v1/defects/NOTES-4411/call-list", role="approver")
    assert told.status == 200, told.body
    why = {entry["customer"]: (entry["why"], entry["partner"]) for entry in told.body["items"]}
    assert why == {
        None: (["no_address"], None),
        "c-none": (["no_address"], "Resellers Ltd"),
        "c-chose": (["chose_so"], None),
        "c-formula": (["no_address"], None),
    }
    counts = (await each_house.get("/v1/defects/NOTES-4411/call-list/counts", role="viewer")).body
    assert (counts["recipients"], counts["installs"]) == (4, 4)
    assert counts["why"] == {"no_address": 3, "chose_so": 1, "refused": 0, "left_alone": 0, "not_seen": 0}
    assert (await each_house.get("/v1/defects/none/call-list")).status == 404


async def test_the_call_list_comes_in_pages_and_as_a_table_without_formulas(each_house: House) -> None:
    await with_people(each_house)
    whole = (await each_house.get("/v1/defects/NOTES-4411/call-list")).body["items"]
    paged: list[Any] = []
    after = ""
    while True:
        page = (await each_house.get(f"/v1/defects/NOTES-4411/call-list?limit=1{after}")).body
        paged += page["items"]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert paged == whole
    table = await each_house.get("/v1/defects/NOTES-4411/call-list?format=csv")
    assert table.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(table.body.decode())))
    assert [row["customer"] for row in rows] == [entry["customer"] or "" for entry in whole]
    assert "'=HYPERLINK" in {row["name"][:11] for row in rows}


async def test_an_app_that_was_not_seen_for_a_month_is_not_counted_on(each_house: House) -> None:
    await with_releases(each_house)
    await check_in(each_house, footprint=AT_RISK)
    await with_defect(each_house)
    await sweep(each_house)
    assert (await each_house.get("/v1/defects/NOTES-4411/call-list")).body["items"] == []
    each_house.clock.advance(timedelta(days=31))
    (entry,) = (await each_house.get("/v1/defects/NOTES-4411/call-list")).body["items"]
    assert (entry["why"], [install["install"] for install in entry["installs"]]) == (["not_seen"], ["app-1"])
