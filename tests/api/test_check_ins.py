"""Check-ins over HTTP: gathered into transactions, each answered by itself."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from api.app import create_app
from api.check_ins import DESK, CheckInDesk
from api.keys import revoke_key
from installs_registry.types import CheckIn
from notifier.registering import VENDOR, Reported
from storage import instant
from tests.api.house import AT_RISK, INSTALL_SECRET, OTHER_SECRET, House, with_defect, with_releases

BODY = {"product": "notes", "version": "4.1.3", "footprint": AT_RISK}


async def test_check_ins_that_arrive_together_are_each_answered_by_themselves(each_house: House) -> None:
    await with_releases(each_house)
    await with_defect(each_house)
    bodies = [BODY, {**BODY, "version": "four"}, BODY, {**BODY, "product": "none"}, {**BODY, "footprint": {"x": 1}}]
    told = await asyncio.gather(*(each_house.put(f"/v1/installs/i-{place}", body) for place, body in enumerate(bodies)))
    assert [one.status for one in told] == [200, 422, 200, 422, 422]
    assert [one.body["errors"][0]["at"] for one in told if one.status == 422] == [
        "/version",
        "/product",
        "/footprint/x",
    ]
    assert [notice["defect"] for notice in told[0].body["notices"]] == ["NOTES-4411"]


async def test_an_app_of_another_token_is_refused_beside_those_that_are_taken(each_house: House) -> None:
    def app(secret: str, install: str) -> object:
        headers = {"Install-Token": secret}
        return each_house.ask("PUT", f"/v1/installs/{install}", role="app", json=BODY, headers=headers)

    assert (await app(INSTALL_SECRET, "i-1")).status == 200  # type: ignore[misc]
    told = await asyncio.gather(app(OTHER_SECRET, "i-1"), app(INSTALL_SECRET, "i-1"), app(OTHER_SECRET, "i-2"))  # type: ignore[call-overload]
    assert [one.status for one in told] == [404, 200, 200]


async def test_a_key_that_was_revoked_checks_nothing_in_though_it_is_still_in_memory(each_house: House) -> None:
    key = await each_house.parts.database.read(lambda tx: each_house.parts.keys.current(tx, ""))
    assert key is None
    app_key = each_house.keys["app"]
    headers = {"Authorization": f"Bearer {app_key}", "Install-Token": INSTALL_SECRET}
    assert (await each_house.ask("PUT", "/v1/installs/i-1", role=None, json=BODY, headers=headers)).status == 200
    rows = await each_house.parts.database.read(lambda tx: tx.built("SELECT id FROM keys WHERE role = 'app'", {}))
    await each_house.parts.database.call(revoke_key, rows[0]["id"], each_house.clock.now())
    assert (await each_house.ask("PUT", "/v1/installs/i-1", role=None, json=BODY, headers=headers)).status == 401


async def test_when_an_install_was_last_seen_is_answered_at_once_and_stored_later(each_house: House) -> None:
    desk = CheckInDesk(each_house.parts)
    reported = Reported("i-1", CheckIn(product="notes", version="4.1.3"), VENDOR)
    admin = each_house.parts.keys._admin_hash  # noqa: SLF001 - the key of the settings is in no table
    assert admin is not None
    await desk.take(reported, admin)
    first = each_house.clock.now()
    each_house.clock.advance(timedelta(hours=1))
    answer = await desk.take(reported, admin)
    assert answer.install.last_seen_at == instant(each_house.clock.now())
    assert (await each_house.get("/v1/installs/i-1")).body["last_seen_at"] == instant(first)
    await desk.flush()
    assert (await each_house.get("/v1/installs/i-1")).body["last_seen_at"] == instant(each_house.clock.now())


async def test_installs_that_check_in_time_and_again_at_once_end_as_each_said_last(each_house: House) -> None:
    desk = CheckInDesk(each_house.parts)
    admin = each_house.parts.keys._admin_hash  # noqa: SLF001 - the key of the settings is in no table
    assert admin is not None
    installs = [f"i-{no}" for no in range(5)]
    told = [CheckIn(product="notes", version="4.1.3", footprint={"notebooks": no}) for no in range(40)]
    await asyncio.gather(
        *(desk.take(Reported(installs[no % 5], body, VENDOR), admin) for no, body in enumerate(told)),
    )
    stored = [(await each_house.get(f"/v1/installs/{install}")).body["footprint"]["notebooks"] for install in installs]
    assert stored == [35, 36, 37, 38, 39]


async def test_a_check_in_under_an_idempotency_key_is_answered_as_the_first_time(each_house: House) -> None:
    headers = {"Idempotency-Key": "once"}
    first = await each_house.put("/v1/installs/i-1", BODY, headers=headers)
    each_house.clock.advance(timedelta(minutes=5))
    again = await each_house.put("/v1/installs/i-1", BODY, headers=headers)
    assert again.body == first.body
    assert (await each_house.put("/v1/installs/i-1", {**BODY, "version": "4.2.0"}, headers=headers)).status == 422


def test_every_application_has_a_desk_of_its_own(house: House) -> None:
    assert isinstance(create_app(house.parts)[DESK], CheckInDesk)
