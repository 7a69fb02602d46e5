"""Mails that came back, handed in over HTTP."""

from __future__ import annotations

import random
from typing import Any

import pytest

from api.access import Keys
from api.keys import Key, Role
from notifier.delivery.bouncing import Doorkeeper
from notifier.delivery.retrying import Patience
from storage import Database
from tests.api.house import House, a_house
from tests.conftest import FakeClock

FAILURE = (
    b"From: MAILER-DAEMON@mx.example\r\nTo: bounces@notes.example\r\nSubject: failure notice\r\n\r\n"
    b"<ada@example.com>: no such user here\r\n"
)
AS_MAIL = {"Content-Type": "message/rfc822"}
PATH = "/v1/mail/bounces"


async def a_house_with_a_door(serve: Any, database: Database, clock: FakeClock) -> House:
    return await a_house(serve, database, clock, doorkeeper=Doorkeeper(Patience(random.Random(1)), None))


async def test_what_is_handed_in_is_told_apart(aiohttp_client: Any, database: Database, clock: FakeClock) -> None:
    house = await a_house_with_a_door(aiohttp_client, database, clock)
    told = await house.post(PATH, headers=AS_MAIL, data=FAILURE)
    assert (told.status, told.body) == (200, {"result": "not_ours"})
    told = await house.post(PATH, headers=AS_MAIL, data=b"Subject: hello\r\n\r\nHi.\r\n")
    assert told.body == {"result": "no_report"}
    for bytes_of_anything in (b"", b"\x00\xff" * 100, b"Content-Type: multipart/report; boundary=\r\n\r\n--"):
        assert (await house.post(PATH, headers=AS_MAIL, data=bytes_of_anything)).status == 200


async def test_only_an_admin_may_and_only_a_mail_is_taken(
    aiohttp_client: Any, database: Database, clock: FakeClock
) -> None:
    house = await a_house_with_a_door(aiohttp_client, database, clock)
    for role in ("approver", "reporter", "viewer", "app"):
        assert (await house.post(PATH, role=role, headers=AS_MAIL, data=FAILURE)).status == 403
    assert (await house.post(PATH, {"a": 1})).status == 415


async def test_a_revoked_key_that_is_still_in_memory_hands_nothing_in(
    aiohttp_client: Any, database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = await a_house_with_a_door(aiohttp_client, database, clock)
    monkeypatch.setattr(Keys, "admit", still_admitted)
    headers = {**AS_MAIL, "Authorization": "Bearer a-key-that-was-revoked"}
    assert (await house.post(PATH, role=None, headers=headers, data=FAILURE)).status == 401


async def still_admitted(*_: object) -> Key:
    return Key("k-1", Role.ADMIN, "Anna")


async def test_where_no_mail_is_sent_none_can_come_back(
    aiohttp_client: Any, database: Database, clock: FakeClock
) -> None:
    house = await a_house(aiohttp_client, database, clock)
    assert (await house.post(PATH, headers=AS_MAIL, data=FAILURE)).status == 409
