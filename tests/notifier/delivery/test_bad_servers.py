"""Whatever a mail server does at whichever point: what becomes of the notice, and how often the mail was sent.

Each case publishes a warning to one recipient, on a real socket, while the server misbehaves, and goes on when it
behaves again.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from notifier.channels.terms import TERMS, Terms
from tests.listening import listening
from tests.notifier.delivery.bad_server import BadServer, Point, Way
from tests.notifier.delivery.test_delivering import rows
from tests.notifier.post_office import PostOffice, a_postman
from tests.notifier.stage import Stage

#: Seconds: a test waits as long for a server that says nothing. With one that behaves there is no hurry,
#: whatever else the machine does meanwhile.
IMPATIENT = Terms(command_timeout=0.5, message_timeout=0.5)

BEFORE_THE_DOT = tuple(point for point in Point if point is not Point.DOT)
#: To the final dot these are an answer: the message was not taken.
REFUSALS = (Way.CLOSES, Way.ASKS_FOR_PATIENCE)
SILENCE = tuple(way for way in Way if way not in REFUSALS)


@dataclass(frozen=True)
class Row:
    """What is written down of the newest delivery."""

    state: object
    #: Whether the recipient may have it.
    has_left: bool
    was_doubtful: bool
    message_id: object


async def the_row(stage: Stage) -> Row:
    found = await rows(stage, "d.state, d.handed_over_at, d.doubtful_at, d.message_id")
    state, handed_over_at, doubtful_at, message_id = found[-1]
    return Row(state, handed_over_at is not None, doubtful_at is not None, message_id)


async def deliver(stage: Stage, server: BadServer) -> Row:
    """Let a process deliver what is due; return what is written down then."""
    postman = a_postman(stage, PostOffice(port=server.port), terms=TERMS if server.behaves else IMPATIENT)
    await postman.deliver_due()
    await postman.close()
    return await the_row(stage)


async def owe(stage: Stage, severity: str = "data-loss") -> None:
    await stage.holds("ada", "ada-mac")
    await stage.publish(severity=severity)


@pytest.mark.parametrize("way", Way)
async def test_before_the_final_dot_nothing_has_left_and_the_mail_goes_once_later(stage: Stage, way: Way) -> None:
    await stage.holds("ada", "ada-mac")
    for point in BEFORE_THE_DOT:
        await stage.publish(id=f"NOTES-{point.name}")
        for pipelining in (False, True):
            async with listening(BadServer(point, way, pipelining)) as server:
                row = await deliver(stage, server)
                assert (row.state, row.has_left, row.was_doubtful) == ("PENDING", False, False), (point, pipelining)
                assert server.came == []
                stage.later(hours=5)
        async with listening(BadServer(point, way, behaves=True)) as server:
            row = await deliver(stage, server)
        assert (row.state, server.taken) == ("SENT", [row.message_id]), point
    assert await stage.kinds() == [("warning", "sent")] * len(BEFORE_THE_DOT)


@pytest.mark.parametrize("pipelining", [False, True])
@pytest.mark.parametrize("way", REFUSALS)
async def test_a_final_dot_that_is_refused_for_now_leaves_nothing_in_doubt(
    stage: Stage, way: Way, *, pipelining: bool
) -> None:
    await owe(stage)
    async with listening(BadServer(Point.DOT, way, pipelining)) as server:
        row = await deliver(stage, server)
        assert (row.state, row.has_left, row.was_doubtful) == ("PENDING", False, False)
        server.behaves = True
        stage.later(minutes=5)
        row = await deliver(stage, server)
    assert await stage.kinds() == [("warning", "sent")]
    assert (server.taken, set(server.came)) == ([row.message_id], {row.message_id})


@pytest.mark.parametrize("pipelining", [False, True])
@pytest.mark.parametrize("way", SILENCE)
async def test_a_grave_warning_whose_final_dot_is_not_answered_goes_again_under_its_message_id(
    stage: Stage, way: Way, *, pipelining: bool
) -> None:
    await owe(stage)
    async with listening(BadServer(Point.DOT, way, pipelining)) as server:
        row = await deliver(stage, server)
        assert (row.state, row.has_left, row.was_doubtful) == ("PENDING", True, True)
        server.behaves = True
        stage.later(minutes=5)
        row = await deliver(stage, server)
    assert await stage.kinds() == [("warning", "sent")]
    assert server.taken == [row.message_id]
    # Two while nobody answered, the first at once and one more, and the one that was answered.
    assert server.came == [row.message_id] * 3


@pytest.mark.parametrize("pipelining", [False, True])
@pytest.mark.parametrize("way", SILENCE)
async def test_a_lesser_warning_whose_final_dot_is_not_answered_stays_in_doubt_and_gets_the_all_clear(
    stage: Stage, way: Way, *, pipelining: bool
) -> None:
    await owe(stage, "outage")
    async with listening(BadServer(Point.DOT, way, pipelining)) as server:
        row = await deliver(stage, server)
        assert (row.state, row.has_left, server.came) == ("IN_DOUBT", True, [row.message_id])
        server.behaves = True
        stage.later(days=1)
        assert (await deliver(stage, server)).state == "IN_DOUBT"
        assert server.came == [row.message_id]
        view = await stage.ledger("NOTES-4411")
        assert view.in_doubt == 1
        await stage.withdraw("NOTES-4411")
        postman = a_postman(stage, PostOffice(port=server.port))
        await postman.deliver_due()
        await postman.close()
    assert await stage.kinds() == [("warning", "in_doubt"), ("all_clear", "sent")]
    assert len(set(server.came)) == 2
