"""What the service keeps for itself: made once, however many processes start at once."""

from __future__ import annotations

import asyncio

from api.keys import Role, create_key, list_keys
from commands.keeping import first_admin_key, hold_mail, kept_secret, mail_hold, resume_mail
from commands.serving.held_mail import mail_released
from storage import Database, open_database
from tests.conftest import FakeClock


async def test_everybody_gets_the_same_secret(database: Database, clock: FakeClock) -> None:
    other = open_database(database.url)
    asked = [each.call(kept_secret, clock.now()) for each in (database, other) for _ in range(4)]
    secrets = set(await asyncio.gather(*asked))
    await other.close()
    assert len(secrets) == 1
    assert len(secrets.pop()) >= 32


async def test_only_the_first_of_many_starters_makes_the_admin_key(database: Database, clock: FakeClock) -> None:
    other = open_database(database.url)
    asked = [each.call(first_admin_key, clock.now()) for each in (database, other) for _ in range(4)]
    made = [key for key in await asyncio.gather(*asked) if key is not None]
    await other.close()
    assert len(made) == 1
    assert [key.role for key in await database.read(list_keys)] == [Role.ADMIN]


async def test_no_admin_key_is_made_where_there_is_one(database: Database, clock: FakeClock) -> None:
    await database.call(create_key, Role.ADMIN, "Anna", now=clock.now())
    assert await database.call(first_admin_key, clock.now()) is None


async def test_mail_is_released_at_once_where_nothing_holds_it(database: Database) -> None:
    await asyncio.wait_for(mail_released(database), 60)


async def test_a_hold_keeps_its_first_reason_and_ends_when_told(database: Database, clock: FakeClock) -> None:
    await database.call(hold_mail, "restored", clock.now())
    await database.call(hold_mail, "restored again", clock.now())
    hold = await database.read(mail_hold)
    assert hold is not None
    assert hold.reason == "restored"
    waiting = asyncio.create_task(mail_released(database))
    done, _ = await asyncio.wait([waiting], timeout=0)
    assert not done
    other = open_database(database.url)
    await other.call(resume_mail)
    await asyncio.wait_for(waiting, 60)
    await other.close()
