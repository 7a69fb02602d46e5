"""The clock jumps while mails are under way: leases run out early or late, and nobody is lost or told wrongly."""

from __future__ import annotations

import pytest

from tests.journeys.outbox_story import OutboxStory, People, check, kept_of
from tests.journeys.strikes import Verb, unanswered
from tests.journeys.watched_server import open_watched_server

HOUR = 3600.0


@pytest.mark.parametrize(
    "jumps",
    [
        pytest.param((HOUR,), id="ahead"),
        # What was owed while the clock was ahead is due when it is there again.
        pytest.param((HOUR, -2 * HOUR, 2 * HOUR), id="ahead, back, and ahead again"),
    ],
)
async def test_a_clock_that_jumps_loses_nobody(database_url: str, jumps: tuple[float, ...]) -> None:
    people = People()
    async with open_watched_server(people.server()) as server:
        story = OutboxStory(database_url, server, people, jumps=jumps)
        await story.tell()
    check(story, await kept_of(database_url))


@pytest.mark.torture
async def test_killed_after_its_clock_was_put_back_it_loses_nobody(database_url: str) -> None:
    people = People()
    async with open_watched_server(people.server()) as server:
        story = OutboxStory(database_url, server, people, (unanswered(Verb.DOT, count=3),), jumps=(-HOUR, HOUR))
        await story.tell()
    check(story, await kept_of(database_url))
    assert story.deaths == 1
