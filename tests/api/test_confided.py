"""Customers' names and addresses are for those who decide; whatever a viewer or a reporter asks, none is answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from api.routes import ROUTES
from notifier.sweeping import sweep_page
from tests.api.house import DEFECT, House, with_defect, with_install, with_releases

CUSTOMER = {
    "name": "Zebulon Quagmire",
    "email": "zebulon@quagmire.example.com",
    "webhook": "https://hooks.example.com/zebulon",
}
ID = "C-7731"
LIMITED = ["viewer", "reporter"]

#: What stands in a path.
PATH = {
    "product": "notes",
    "version": "4.2.0",
    "customer": ID,
    "install": "i-1",
    "defect": "NOTES-4411",
    "kind": "customers",
}
#: What a question holds; a route that is not here takes none, or none is needed.
ASKED: Mapping[str, list[dict[str, Any]]] = {
    "POST /v1/check": [{"json": {"product": "notes", "from": "4.1.3", "install": "i-1", "explain": True}}],
    "GET /v1/check": [{"params": {"product": "notes", "from": "4.1.3", "install": "i-1"}}],
    "POST /v1/defects": [{"json": {**DEFECT, "id": "OTHER"}}],
    "PUT /v1/defects/{defect}": [{"json": {**DEFECT, "title": "Other words"}}],
    "POST /v1/audience": [{"json": DEFECT}],
    "GET /v1/notices": [{"params": {"defect": "NOTES-4411"}}, {"params": {"customer": ID}}],
    "GET /v1/defects/{defect}/call-list": [{}, {"params": {"format": "csv"}}],
}
#: Who names a customer or an install is answered with the customer's id; no list says it.
NAMED = {
    "GET /v1/customers/{customer}",
    "GET /v1/installs/{install}",
}


async def _with_the_told(house: House) -> str:
    """Let one customer and one install of nobody's be warned; return a notice's id."""
    await with_releases(house)
    assert (await house.put(f"/v1/customers/{ID}", CUSTOMER)).status == 200
    await with_install(house, "i-1", customer=ID)
    await with_install(house, "nobodys")
    await with_defect(house)
    while await house.parts.database.call(sweep_page, house.parts.rulebook, house.clock.now()):
        pass
    [notice] = (await house.get(f"/v1/notices?customer={ID}")).body["items"]
    return str(notice["id"])


@pytest.mark.parametrize("role", LIMITED)
async def test_no_route_tells_a_name_or_an_address(each_house: House, role: str) -> None:
    notice = await _with_the_told(each_house)
    await each_house.parts.verdicts.refresh()
    answered = []
    for route in ROUTES:
        line = f"{route.method} {route.path}"
        for request in ASKED.get(line, [{}]):
            path = route.path.format(**PATH, notice=notice)
            told = await each_house.ask(route.method, path, role=role, **request)
            text = str(told.body)
            assert not any(value in text for value in CUSTOMER.values()), line
            assert ID not in text or line in NAMED, line
            if role in {each.value for each in route.roles}:
                assert told.status in {200, 201}, (line, told.body)
                answered.append(line)
    assert len(answered) > len(LIMITED)


@pytest.mark.parametrize("role", LIMITED)
async def test_few_recipients_are_listed_to_nobody_who_may_not_see_customers(each_house: House, role: str) -> None:
    await _with_the_told(each_house)
    for address in ("/v1/notices?defect=NOTES-4411", "/v1/notices?defect=NOTES-4411&after=1"):
        told = await each_house.get(address, role=role)
        assert told.body == {"items": [], "next": None, "fewer_than": 5}
    trusted = await each_house.get("/v1/notices?defect=NOTES-4411", role="approver")
    assert sorted(item["installs"] for item in trusted.body["items"]) == [["i-1"], ["nobodys"]]
    assert "fewer_than" not in trusted.body


async def test_many_recipients_are_listed_and_so_is_the_end_of_the_list(each_house: House) -> None:
    for number in range(3):
        await with_install(each_house, f"more-{number}")
    await _with_the_told(each_house)
    told = await each_house.get("/v1/notices?defect=NOTES-4411&limit=4", role="viewer")
    assert len(told.body["items"]) == 4
    rest = await each_house.get(f"/v1/notices?defect=NOTES-4411&after={told.body['next']}", role="viewer")
    assert len(rest.body["items"]) == 1
    assert "fewer_than" not in rest.body


async def test_an_app_learns_nothing_of_a_defects_recipients(each_house: House) -> None:
    await _with_the_told(each_house)
    told = await each_house.get("/v1/notices?defect=NOTES-4411", role="app")
    assert told.status == 422


async def test_a_defect_that_nobody_was_told_of_has_an_empty_list(each_house: House) -> None:
    assert (await each_house.post("/v1/defects", DEFECT)).status == 201
    told = await each_house.get("/v1/notices?defect=NOTES-4411", role="viewer")
    assert told.body == {"items": [], "next": None}
