"""How far the deliveries are, and following them."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import pytest

from feeds.types import Hold
from notifier import publishing
from notifier.delivery import lane_store
from notifier.delivery.breaker import Rest
from notifier.delivery.lane import Standing
from notifier.progress import Watching, mark, progress
from notifier.registering import Reporter
from notifier.types import ProgressView
from storage import StorageError
from storage.outcomes import NotFound
from tests.notifier.post_office import PostOffice, StageClock, a_postman, open_post_office
from tests.notifier.stage import AT_RISK, Stage
from tests.statements import watched


class Ticks:
    """Lets the watching look again when it is told to."""

    def __init__(self) -> None:
        self._turns: asyncio.Queue[None] = asyncio.Queue()
        self.waits: asyncio.Queue[float] = asyncio.Queue()

    async def pause(self, seconds: float) -> None:
        self.waits.put_nowait(seconds)
        await self._turns.get()

    def tick(self) -> None:
        self._turns.put_nowait(None)


def a_watching(stage: Stage) -> tuple[Watching, Ticks]:
    ticks = Ticks()
    return Watching(stage.database, StageClock(stage), pause=ticks.pause), ticks


async def seen(stage: Stage, defect: str, **later: float) -> ProgressView:
    return await stage.database.read(progress, defect, stage.now + timedelta(**later))


async def test_it_counts_deliveries_by_state_and_channel(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    await stage.holds("bob", "bob-1")
    await stage.check_in("lone", reporter=Reporter("t" * 32, 1), footprint={"notebooks": 1, "storage_format": "v1"})
    defect = await stage.publish()
    await stage.deliver(customer="ann")
    view = await seen(stage, defect)
    assert (view.total, view.pending, view.sent, view.waiting_in_app) == (3, 2, 1, 1)
    assert view.by_channel == {"email": 2, "in_app": 1}
    assert view.channels == {"email": {"pending": 1, "sent": 1}, "in_app": {"pending": 1}}


async def test_the_rate_is_of_this_sending_over_a_minute_at_most(stage: Stage) -> None:
    for number in range(6):
        await stage.holds(f"c{number}", f"i{number}")
    defect = await stage.publish()
    stage.later(seconds=10)
    for number in range(2):
        await stage.deliver(customer=f"c{number}")
    early, late = await seen(stage, defect), await seen(stage, defect, seconds=59)
    assert (early.per_second, early.rate_over_seconds, early.seconds_left) == (0.2, 10.0, 20.0)
    assert (late.per_second, late.rate_over_seconds) == (round(2 / 60, 3), 60.0)
    assert (await seen(stage, defect, seconds=61)).seconds_left is None


async def test_it_is_done_when_nothing_is_left_but_what_apps_will_fetch(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    await stage.check_in("lone", reporter=Reporter("t" * 32, 1), footprint=AT_RISK)
    defect = await stage.file()
    await stage.database.call(publishing.publish, defect, stage.by("ada"))
    assert (await seen(stage, defect)).sweeping
    assert not (await seen(stage, defect)).done
    await stage.sweep()
    assert not (await seen(stage, defect)).done
    await stage.deliver(customer="ann")
    view = await seen(stage, defect)
    assert view.done
    assert view.waiting_in_app == 1


async def test_a_pause_is_told_and_nothing_counts_as_done_meanwhile(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    defect = await stage.publish()
    await stage.act(publishing.pause, defect, Hold("Look again.", stage.now + timedelta(hours=1)))
    view = await seen(stage, defect)
    assert view.paused_until == "2026-01-01T13:00:00.000000Z"
    assert not view.done
    assert (await seen(stage, defect, hours=2)).paused_until is None


async def test_lanes_that_rest_and_mail_that_is_held_are_told(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    defect = await stage.publish()
    view = await seen(stage, defect)
    assert (view.resting, view.held_since) == ({}, None)
    rest = Rest("550 5.7.1 blocked", stage.now, stage.now + timedelta(minutes=5), timedelta(minutes=5))
    await stage.database.call(
        lane_store.tell, [Standing("google", rest, None), Standing("yahoo", None, 1.0)], stage.now
    )
    hold = "INSERT INTO mail_hold (one, reason, since) VALUES (1, 'a copy', '2026-01-01T00:00:00.000000Z')"
    await stage.database.call(lambda tx: tx.run_built(hold, {}))
    view = await seen(stage, defect)
    assert view.resting == {"google": "2026-01-01T12:05:00.000000Z"}
    assert view.held_since == "2026-01-01T00:00:00.000000Z"


async def test_followers_see_each_change_and_the_end(stage: Stage) -> None:
    for name in ("ann", "bob"):
        await stage.holds(name, f"{name}-1")
    defect = await stage.publish()
    watching, ticks = a_watching(stage)
    async with aclosing(watching.follow(defect)) as views:
        assert (await anext(views)).sent == 0
        await stage.deliver(customer="ann")
        ticks.tick()
        assert (await anext(views)).sent == 1
        await stage.deliver(customer="bob")
        ticks.tick()
        assert (await anext(views)).done
        with pytest.raises(StopAsyncIteration):
            await anext(views)
    assert watching.followers == 0


async def test_however_many_follow_there_is_one_look_a_tick(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    await stage.holds("ann", "ann-1")
    defect = await stage.publish()
    watching, ticks = a_watching(stage)
    statements = watched(monkeypatch)
    followers = [watching.follow(defect) for _ in range(20)]
    await asyncio.gather(*(anext(each) for each in followers))
    await stage.deliver(customer="ann")
    ticks.tick()
    last = await asyncio.gather(*(anext(each) for each in followers))
    assert all(view.done for view in last)
    assert statements.count("count_deliveries") == 2
    for each in followers:
        await each.aclose()


async def test_nobody_looks_when_nobody_follows(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    await stage.holds("ann", "ann-1")
    defect = await stage.publish()
    watching, ticks = a_watching(stage)
    async with aclosing(watching.follow(defect)) as views:
        await anext(views)
    statements = watched(monkeypatch)
    ticks.tick()
    await asyncio.sleep(0)
    assert not statements
    async with aclosing(watching.follow(defect)) as views:
        assert (await anext(views)).total == 1


async def test_looking_takes_a_small_part_of_the_time(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    defect = await stage.publish()
    watching, ticks = a_watching(stage)
    async with aclosing(watching.follow(defect)) as views:
        await anext(views)
        assert await ticks.waits.get() >= 1.0


async def test_a_database_that_is_away_for_a_moment_ends_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    await stage.holds("ann", "ann-1")
    defect = await stage.publish()
    watching, ticks = a_watching(stage)
    read = stage.database.read
    async with aclosing(watching.follow(defect)) as views:
        await anext(views)
        await stage.deliver(customer="ann")

        async def away(*work: Any) -> Any:
            del work
            monkeypatch.setattr(stage.database, "read", read)
            ticks.tick()
            raise StorageError("away")

        monkeypatch.setattr(stage.database, "read", away)
        ticks.tick()
        assert (await anext(views)).done


async def test_who_follows_what_does_not_exist_is_told(stage: Stage) -> None:
    watching, _ = a_watching(stage)
    async with aclosing(watching.follow("NONE-1")) as views:
        with pytest.raises(NotFound):
            await anext(views)


async def test_closing_lets_followers_go(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    defect = await stage.publish()
    watching, _ = a_watching(stage)
    async with aclosing(watching.follow(defect)) as views:
        await anext(views)
        watching.close()
        with pytest.raises(StopAsyncIteration):
            await anext(views)


async def test_a_mark_is_of_the_counts_and_not_of_the_moment(stage: Stage) -> None:
    for name in ("ann", "bob"):
        await stage.holds(name, f"{name}-1")
    defect = await stage.publish()
    await stage.deliver(customer="ann")
    early, late = await seen(stage, defect, seconds=2), await seen(stage, defect, seconds=30)
    assert early != late
    assert mark(early) == mark(late)
    await stage.deliver(customer="bob")
    assert mark(await seen(stage, defect)) != mark(early)


async def test_a_pause_holds_back_all_but_what_is_in_hand_and_going_on_sends_the_rest(stage: Stage) -> None:
    for number in range(40):
        await stage.holds(f"c{number}", f"i{number}")
    defect = await stage.publish()

    async def pause_at_once() -> None:
        if not office.received:
            hold = Hold("Look again.", stage.now + timedelta(hours=1))
            await stage.database.call(publishing.pause, defect, hold, stage.by("ada"))

    office = PostOffice(on_message=pause_at_once)
    async with open_post_office(office):
        postman = a_postman(stage, office, connections=2)
        try:
            await postman.deliver_due()
            # What had passed the last moment when the pause was made: at most one for each connection.
            assert 1 <= len(office.received) <= 2
            assert (await seen(stage, defect)).pending >= 38
            for person in ("ada", "omar"):
                await stage.act(publishing.resume, defect, person=person)
            await postman.deliver_due()
        finally:
            await postman.close()
    assert len(office.received) == 40
    assert (await seen(stage, defect)).done
