from __future__ import annotations

import asyncio
from datetime import timedelta

from api.answers import forget_answers
from tests.api.house import DEFECT, INSTALL_SECRET, OTHER_SECRET, House, with_releases

KEYED = {"Idempotency-Key": "5f0c6f3e"}


async def test_a_write_that_comes_again_is_done_once_and_answered_alike(each_house: House) -> None:
    report = {name: value for name, value in DEFECT.items() if name != "id"}
    first = await each_house.post("/v1/defects", report, headers=KEYED)
    again = await each_house.post("/v1/defects", report, headers=KEYED)
    assert (first.status, again.status) == (201, 201)
    assert first.body == again.body
    assert len((await each_house.get("/v1/defects")).body["items"]) == 1


async def test_writes_that_come_at_the_same_moment_are_done_once(each_house: House) -> None:
    report = {name: value for name, value in DEFECT.items() if name != "id"}
    told = await asyncio.gather(*(each_house.post("/v1/defects", report, headers=KEYED) for _ in range(8)))
    assert {one.status for one in told} == {201}
    assert len({one.body["id"] for one in told}) == 1


async def test_another_request_under_the_same_key_is_refused(each_house: House) -> None:
    await each_house.put("/v1/customers/c-1", {"name": "Ada"}, headers=KEYED)
    for path, body in (("/v1/customers/c-1", {"name": "Eve"}), ("/v1/customers/c-2", {"name": "Ada"})):
        told = await each_house.put(path, body, headers=KEYED)
        assert told.status == 422
        assert told.body["type"] == "urn:forewarn:problem:idempotency-key-reused"
    assert (await each_house.get("/v1/customers/c-1")).body["name"] == "Ada"


async def test_a_write_that_was_refused_may_be_tried_again_under_its_key(each_house: House) -> None:
    path = "/v1/defects/NOTES-4411/publish"
    assert (await each_house.post(path, headers=KEYED)).status == 404
    await with_releases(each_house)
    await each_house.post("/v1/defects", DEFECT)
    assert (await each_house.post(path, headers=KEYED)).status == 200
    assert (await each_house.post(path, headers=KEYED)).status == 200


async def test_the_keys_of_two_askers_are_apart(each_house: House) -> None:
    body = {"product": "notes", "version": "4.1.3"}
    mine = {**KEYED, "Install-Token": INSTALL_SECRET}
    not_mine = {**KEYED, "Install-Token": OTHER_SECRET}
    assert (await each_house.put("/v1/installs/i-1", body, role="app", headers=mine)).status == 200
    assert (await each_house.put("/v1/installs/i-1", body, role="app", headers=not_mine)).status == 404
    assert (await each_house.put("/v1/installs/i-1", body, role="app", headers=KEYED)).status == 422
    assert (await each_house.put("/v1/installs/i-1", body, headers=KEYED)).status == 200


async def test_an_answer_is_kept_for_a_day(each_house: House) -> None:
    for name in ("Ada", "Eve"):
        assert (await each_house.put("/v1/customers/c-1", {"name": name}, headers=KEYED)).status == 200
        each_house.clock.advance(timedelta(hours=24, seconds=1))
    assert (await each_house.get("/v1/customers/c-1")).body["name"] == "Eve"
    database = each_house.parts.database
    assert await database.call(forget_answers, each_house.clock.now()) == 1
    assert await database.call(forget_answers, each_house.clock.now()) == 0


async def test_an_erasure_is_answered_alike_when_it_comes_again(each_house: House) -> None:
    await each_house.put("/v1/customers/c-1", {"name": "Ada"})
    told = [await each_house.ask("DELETE", "/v1/customers/c-1", headers=KEYED) for _ in range(2)]
    assert [(one.status, one.body) for one in told] == [(204, b""), (204, b"")]
    assert (await each_house.ask("DELETE", "/v1/customers/c-1")).status == 404


async def test_an_erased_customer_is_in_no_answer_that_is_kept(each_house: House) -> None:
    await each_house.put("/v1/customers/c-1", {"name": "Ada"}, headers=KEYED)
    await each_house.put("/v1/customers/c-2", {"name": "Eve"}, headers={"Idempotency-Key": "another"})
    await each_house.ask("DELETE", "/v1/customers/c-1")
    kept = await each_house.parts.database.read(lambda tx: tx.built("SELECT body FROM answers", {}))
    assert [("Ada" in row["body"], "Eve" in row["body"]) for row in kept] == [(False, True)]
