"""The outbox is killed with SIGKILL at each named point: nobody is lost, told twice or told after a withdrawal."""

from __future__ import annotations

import pytest

from tests.journeys.outbox_story import OutboxStory, People, check, kept_of
from tests.journeys.strikes import Phase, Strike, Verb, after, answered, before, committed, unanswered, uncommitted
from tests.journeys.watched_server import open_watched_server

CLEARING = Phase.CLEARING

PUBLISHING = (
    before("insert_publication"),
    after("insert_sweep"),
    uncommitted("insert_sweep"),
    committed("insert_sweep"),
)
SWEEPING = (
    after("write_exposures"),
    after("write_notices"),
    before("write_deliveries"),
    uncommitted("write_deliveries", "finish_sweep"),
    committed("write_deliveries", "finish_sweep"),
)
CLAIMING = (
    after("claim"),
    uncommitted("claim"),
    committed("claim"),
    after("lines_of"),
)
TALKING: tuple[Strike, ...] = (
    *map(unanswered, Verb),
    *map(answered, Verb),
    unanswered(Verb.MAIL, count=5),
    answered(Verb.RCPT, count=6),
    unanswered(Verb.DOT, count=4),
)
BEGINNING = (
    before("hand_over"),
    after("hand_over"),
    uncommitted("hand_over"),
    committed("hand_over"),
    committed("hand_over", count=2),
)
SETTLING = (
    before("settle"),
    after("settle"),
    uncommitted("settle"),
    committed("settle"),
    committed("settle", count=2),
)
#: A publication signs and sweeps too, so the second time it is the withdrawal.
WITHDRAWING = (
    after("add_signature", count=2),
    committed("add_signature", count=2),
    uncommitted("insert_sweep", "spend_signatures", count=2),
    committed("insert_sweep", "spend_signatures", count=2),
    after("look_at_span", CLEARING),
    uncommitted("finish_sweep", phase=CLEARING),
    committed("finish_sweep", phase=CLEARING),
)
CLEARED = (
    committed("claim", phase=CLEARING),
    before("matters", phase=CLEARING),
    uncommitted("hand_over", phase=CLEARING),
    committed("hand_over", phase=CLEARING),
    unanswered(Verb.RCPT, CLEARING),
    unanswered(Verb.DOT, CLEARING),
    answered(Verb.DOT, CLEARING, 3),
    committed("settle", phase=CLEARING),
)
#: Killed twice: what the first leaves behind is taken up by the one that is killed next.
TAKEN_UP = (
    (committed("claim"), before("expired")),
    (committed("hand_over"), after("expired")),
    (unanswered(Verb.DOT), uncommitted("expired", "settle")),
    (unanswered(Verb.DOT), committed("expired", "settle")),
    (unanswered(Verb.DOT), committed("insert_sweep", "spend_signatures")),
    (committed("insert_sweep", "spend_signatures", count=2), committed("expired", "heads", phase=CLEARING)),
    (unanswered(Verb.DOT, CLEARING), committed("expired", "settle", phase=CLEARING)),
)
ONCE: tuple[Strike, ...] = (*PUBLISHING, *SWEEPING, *CLAIMING, *TALKING, *BEGINNING, *SETTLING, *WITHDRAWING, *CLEARED)
POINTS: tuple[tuple[Strike, ...], ...] = (*((point,) for point in ONCE), *TAKEN_UP)

#: One from each part of the way, in its order.
SLICE: tuple[Strike, ...] = (
    committed("insert_sweep"),
    committed("claim"),
    committed("hand_over"),
    unanswered(Verb.DOT),
    committed("insert_sweep", "spend_signatures"),
    uncommitted("settle", phase=CLEARING),
)


async def told(url: str, *strikes: Strike, pipelining: bool = True) -> OutboxStory:
    """Tell a story that is killed at these points, and check what must hold whatever they are."""
    people = People()
    server = people.server()
    server.pipelining = pipelining
    async with open_watched_server(server):
        story = OutboxStory(url, server, people, strikes)
        await story.tell()
    check(story, await kept_of(url))
    assert story.deaths == len(strikes)
    return story


async def test_unharmed_it_tells_everybody_once(database_url: str) -> None:
    story = await told(database_url)
    assert len(story.server.taken) == 2 * len(story.people.told())


async def test_killed_at_six_points_in_a_row_it_tells_everybody_and_takes_everything_back(database_url: str) -> None:
    await told(database_url, *SLICE)


def test_there_are_forty_points_and_no_two_are_alike() -> None:
    assert len({tuple(map(str, strikes)) for strikes in POINTS}) == len(POINTS) >= 40


@pytest.mark.torture
@pytest.mark.parametrize("strikes", [pytest.param(each, id=" then ".join(map(str, each))) for each in POINTS])
async def test_killed_at_a_named_point_it_tells_everybody_and_takes_everything_back(
    database_url: str, strikes: tuple[Strike, ...]
) -> None:
    await told(database_url, *strikes)


@pytest.mark.torture
@pytest.mark.parametrize(
    ("database_url", "look"), [("sqlite", "may_all_go"), ("postgresql", "matters")], indirect=["database_url"]
)
async def test_killed_before_the_look_that_marks_it_tells_everybody(database_url: str, look: str) -> None:
    await told(database_url, before(look))


@pytest.mark.torture
@pytest.mark.parametrize("strike", [pytest.param(each, id=str(each)) for each in TALKING])
async def test_killed_in_a_talk_of_one_command_at_a_time_it_tells_everybody(database_url: str, strike: Strike) -> None:
    await told(database_url, strike, pipelining=False)
