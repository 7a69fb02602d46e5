"""Lanes that rest, and mail that is held, where an operator looks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from api.keys import Role
from console.words import pace
from notifier.delivery import lane_store
from notifier.delivery.breaker import Rest
from notifier.delivery.lane import Standing
from storage import Tx, instant
from tests.console.house import House

SAID = "550 5.7.1 <ann@example.com>: blocked using zen.spamhaus.org"


async def slowed_and_paused(house: House) -> None:
    """Let one lane be paused for ten minutes, and another be slow."""
    now = house.stage.now
    rest = Rest(SAID, now - timedelta(minutes=3), now + timedelta(minutes=7), timedelta(minutes=10))
    standings = [Standing("google", rest, 0.5), Standing("yahoo", None, 0.05)]
    await house.stage.database.call(lane_store.tell, standings, now)


def hold(tx: Tx, at: str) -> None:
    tx.run_built("INSERT INTO mail_hold (one, reason, since) VALUES (1, 'restored from a backup', :at)", {"at": at})


async def test_the_page_says_which_lanes_rest_why_until_when_and_at_what_pace(each_house: House) -> None:
    await slowed_and_paused(each_house)
    await each_house.enter()
    page = (await each_house.get("/lanes")).text
    assert '<th scope="row">google</th>' in page
    assert "paused since 1 January 2026 at 11:57 UTC, for 10 minutes at a time now" in page
    assert "1 January 2026 at 12:07 UTC" in page
    assert "30 mails a minute" in page
    assert "550 5.7.1 &lt;ann@example.com&gt;: blocked using zen.spamhaus.org" in page
    assert "open, and slower" in page
    assert "3 mails a minute" in page


async def test_without_any_it_says_that_all_are_open(house: House) -> None:
    await house.enter()
    assert "All lanes are open" in (await house.get("/lanes")).text
    assert "paused" not in (await house.get("/")).text


async def test_what_a_server_said_is_only_for_those_who_may_see_customers(house: House) -> None:
    await slowed_and_paused(house)
    await house.enter(Role.VIEWER)
    assert (await house.get("/lanes")).status == 403
    page = (await house.get("/")).text
    assert "1 lane is paused" in page
    assert "/lanes" not in page


async def test_the_first_page_and_a_defects_say_that_a_lane_is_paused(house: House) -> None:
    await slowed_and_paused(house)
    await house.stage.holds("ann", "ann-1")
    defect = await house.stage.publish()
    await house.enter()
    assert '<a href="/lanes">Which, why and until when</a>' in (await house.get("/")).text
    frame = (await house.get(f"/defects/{defect}/progress")).text
    assert "The lane google is paused.</b> Its next mail is tried on 1 January 2026 at 12:07 UTC" in frame


async def test_mail_that_is_held_is_told_on_the_first_page_and_beside_each_defect(house: House) -> None:
    await house.stage.holds("ann", "ann-1")
    defect = await house.stage.publish()
    await house.stage.database.call(hold, instant(house.stage.now))
    await house.enter()
    assert "All mail is held</b> since 1 January 2026" in (await house.get("/")).text
    assert "forewarn mail release" in (await house.get("/lanes")).text
    assert "All mail is held." in (await house.get(f"/defects/{defect}/progress")).text


@pytest.mark.parametrize(
    ("rate", "told"), [(20.4, "20 mails a second"), (1.0, "1 mail a second"), (1 / 60, "1 mail a minute")]
)
def test_a_pace_is_told_in_whole_mails(rate: float, told: str) -> None:
    assert pace(rate) == told
