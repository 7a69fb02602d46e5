"""A key that is in every copy of the client app lets an install speak of itself alone."""

from __future__ import annotations

from tests.api.house import INSTALL_SECRET, OTHER_SECRET, PRODUCT, House, with_defect, with_install, with_releases

CHECK_IN = {"product": "notes", "version": "4.1.3"}
MINE = {"Install-Token": INSTALL_SECRET}
NOT_MINE = {"Install-Token": OTHER_SECRET}


async def test_an_app_key_learns_nothing_of_installs_that_are_not_its_own(each_house: House) -> None:
    await with_install(each_house, "vendors")
    mine = await each_house.put("/v1/installs/mine", CHECK_IN, role="app", headers=MINE)
    again = await each_house.put("/v1/installs/mine", CHECK_IN, role="app", headers=MINE)
    assert (mine.status, again.status) == (200, 200)
    assert (await each_house.get("/v1/installs/mine", role="app", headers=MINE)).status == 200
    unknown = await each_house.get("/v1/installs/none", role="app", headers=MINE)
    for install, headers in (("mine", NOT_MINE), ("mine", {}), ("vendors", MINE)):
        read = await each_house.get(f"/v1/installs/{install}", role="app", headers=headers)
        listed = await each_house.get(f"/v1/notices?install={install}", role="app", headers=headers)
        question = {"product": "notes", "from": "4.1.3", "install": install}
        checked = await each_house.post("/v1/check", question, role="app", headers=headers)
        for told in (read, listed, checked):
            assert (told.status, told.body["detail"]) == (404, unknown.body["detail"])
    for install, headers in (("mine", NOT_MINE), ("vendors", MINE)):
        taken = await each_house.put(f"/v1/installs/{install}", CHECK_IN, role="app", headers=headers)
        assert taken.status == 404


async def test_an_app_key_may_not_link_a_customer_nor_check_in_without_a_token(each_house: House) -> None:
    await each_house.put("/v1/customers/c-1", {"name": "Ada"})
    body = {**CHECK_IN, "customer": "c-1"}
    linked = await each_house.put("/v1/installs/mine", body, role="app", headers=MINE)
    bare = await each_house.put("/v1/installs/mine", CHECK_IN, role="app")
    assert linked.status in {403, 422}
    assert bare.status == 422
    assert (await each_house.get("/v1/installs/mine")).status == 404


async def test_an_app_key_knows_one_product(each_house: House) -> None:
    await each_house.put("/v1/products/other", PRODUCT)
    for path in ("/v1/check?product=other&from=4.1.3", "/v1/check?product=none&from=4.1.3"):
        assert (await each_house.get(path, role="app")).status == 404
    assert (await each_house.get("/v1/check?product=other&from=4.1.3")).status == 200
    body = {**CHECK_IN, "product": "other"}
    told = await each_house.put("/v1/installs/mine", body, role="app", headers=MINE)
    none = await each_house.put("/v1/installs/mine", {**body, "product": "none"}, role="app", headers=MINE)
    assert (told.status, told.body["errors"]) == (none.status, none.body["errors"])
    assert told.body["errors"][0]["at"] == "/product"


async def test_an_app_answers_only_the_notices_of_its_own_install(each_house: House) -> None:
    await with_releases(each_house)
    await with_defect(each_house)
    body = {**CHECK_IN, "footprint": {"notebooks": 12, "storage_format": "v2"}}
    told = await each_house.put("/v1/installs/mine", body, role="app", headers=MINE)
    assert [notice["kind"] for notice in told.body["notices"]] == ["warning"]
    await each_house.put("/v1/installs/other", CHECK_IN, role="app", headers=NOT_MINE)
    notice = f"/v1/notices/{told.body['notices'][0]['id']}/seen"
    assert (await each_house.post(notice, role="app", headers=NOT_MINE)).status == 404
    assert (await each_house.post(notice, role="app")).status == 404
    assert (await each_house.post(notice, role="app", headers=MINE)).status == 200
    assert (await each_house.post(f"{notice}?install=other", role="app", headers=NOT_MINE)).status == 404
    assert (await each_house.post(f"{notice}?install=mine", role="app", headers=NOT_MINE)).status == 404
    assert (await each_house.post(f"{notice}?install=mine", role="app", headers=MINE)).status == 200


async def test_a_notice_tells_a_client_app_nothing_of_the_other_installs_of_its_customer(each_house: House) -> None:
    await with_releases(each_house)
    await with_defect(each_house)
    await each_house.put("/v1/customers/c-1", {"name": "Ada"})
    await each_house.put("/v1/installs/mine", CHECK_IN, role="app", headers=MINE)
    for install in ("mine", "other"):
        await with_install(each_house, install, customer="c-1")
    checked_in = await each_house.put("/v1/installs/mine", CHECK_IN, role="app", headers=MINE)
    listed = await each_house.get("/v1/notices?install=mine", role="app", headers=MINE)
    own = listed.body["items"][-1]
    opened = await each_house.post(f"/v1/notices/{own['id']}/seen", role="app", headers=MINE)
    whole = await each_house.get("/v1/notices?customer=c-1")
    assert whole.body["items"][0]["installs"] == ["mine", "other"]
    assert {tuple(notice["installs"]) for notice in checked_in.body["notices"]} == {("mine",)}
    assert own["installs"] == opened.body["installs"] == ["mine"]
