"""Killed with SIGKILL anywhere between filing and the last mail, and started again: nobody is missed or told twice."""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from typing import Any

import pytest

from commands.doctor import examine
from storage import Row, Tx, open_database
from tests.journeys.killing import Event, Killer, Moment, ObservedOffice, Phase
from tests.journeys.story import Fleet, Story
from tests.notifier.post_office import message_id, open_post_office

#: Draws the moments; another one finds others.
SEED = int(os.environ.get("FOREWARN_TEST_SEED", "4411"))

#: Where a kill may land, and after how many events at the latest.
PLACES = (
    (Phase.FILING, Event.CHECK_IN, 3),
    (Phase.PUBLISHING, Event.CHECK_IN, 4),
    (Phase.SENDING, Event.CHECK_IN, 30),
    (Phase.SENDING, Event.MAIL, 110),
    (Phase.SENDING, Event.RCPT, 110),
    (Phase.SENDING, Event.DATA, 110),
    (Phase.SENDING, Event.MESSAGE, 110),
)

#: The server that the tests start does not wait for the disk, and doctor is right to say so.
OF_THE_TESTS = {"fsync", "full_page_writes"}


def drawn(number: int, *, latest: int = 110) -> Moment:
    """Return the moment of a number: each place in turn, the count by chance."""
    phase, event, most = PLACES[number % len(PLACES)]
    return Moment(phase, event, random.Random(SEED + number).randint(1, min(most, latest)))


async def told(url: str, moments: list[Moment], **story: Any) -> Story:
    """Tell a story that is killed at these moments; check what must hold whatever they are."""
    office = ObservedOffice(killer=Killer(moments))
    async with open_post_office(office):
        told = Story(url, office, **story)
        await asyncio.to_thread(told.tell)
    await check_what_is_kept(told)
    return told


async def check_what_is_kept(story: Story) -> None:
    database = open_database(story.database)
    try:
        wrong = {each.what for each in await examine(database) if each.good is False}
        installs, deliveries = await database.read(_kept)
    finally:
        await database.close()
    assert wrong <= OF_THE_TESTS
    assert set(story.checked_in) <= installs
    by_kind = Counter((row["kind"], row["address"]) for row in deliveries)
    warnings, recoveries = (
        {("warning", each) for each in story.warned()},
        {("recovery", each) for each in story.recovered()},
    )
    assert by_kind == Counter(warnings | recoveries)
    check_mails(story, deliveries)


def _kept(tx: Tx) -> tuple[set[str], list[Row]]:
    installs = {row["id"] for row in tx.built("SELECT id FROM installs", {})}
    deliveries = tx.built(
        "SELECT d.address, d.state, d.message_id, d.doubtful_at, n.kind, n.state AS notice_state"
        " FROM deliveries d JOIN notices n ON n.no = d.notice_no",
        {},
    )
    return installs, deliveries


def check_mails(story: Story, deliveries: list[Row]) -> None:
    """Compare what has arrived with what is written down."""
    sent = {row["address"]: row for row in deliveries}
    arrived = Counter((mail.rcpt_tos[0], message_id(mail)) for mail in story.office.received)
    assert {row["notice_state"] for row in deliveries} == {row["state"] for row in deliveries} <= {"SENT", "IN_DOUBT"}
    assert set(arrived) <= {(row["address"], row["message_id"]) for row in deliveries}
    assert {address for address, _ in arrived} >= {row["address"] for row in deliveries if row["state"] == "SENT"}
    twice = {address for (address, _), mails in arrived.items() if mails > 1}
    assert all(sent[address]["doubtful_at"] for address in twice)


def check_the_ledger(story: Story) -> None:
    """Everybody who was to hear has heard, and in time."""
    two_installs = range(0, story.fleet.at_risk, 10)
    late = sum(int(install.removeprefix("late-")) % 2 for install in story.checked_in)
    assert story.ledger["warned_before_install"] == story.fleet.at_risk + len(two_installs) + late
    assert story.ledger["warned_after_install"] == story.fleet.upgraded
    assert story.ledger["installed_unwarned"] == story.ledger["unreachable"] == 0
    assert story.ledger["in_doubt"] == story.progress["in_doubt"] == 0


async def test_killed_three_times_between_filing_and_the_last_mail_it_tells_everybody_once(empty_url: str) -> None:
    moments = [drawn(number, latest=40) for number in (1, 5, 6)]
    check_the_ledger(await told(empty_url, moments))


@pytest.mark.torture
@pytest.mark.parametrize("moment", [pytest.param(drawn(no), id=f"{no}: {drawn(no)}") for no in range(20)])
async def test_killed_at_a_random_moment_it_tells_everybody_once(empty_url: str, moment: Moment) -> None:
    check_the_ledger(await told(empty_url, [moment]))


@pytest.mark.torture
async def test_killed_between_the_pages_of_a_sweep_it_tells_everybody_once(empty_url: str) -> None:
    moments = [Moment(Phase.SENDING, Event.CHECK_IN, count) for count in (1, 1, 2, 3, 5)]
    check_the_ledger(await told(empty_url, moments, fleet=Fleet(safe=3_000)))


@pytest.mark.torture
async def test_killed_again_and_again_it_tells_everybody_once(empty_url: str) -> None:
    moments = sorted((drawn(number, latest=30) for number in range(20, 34)), key=lambda moment: moment.phase)
    check_the_ledger(await told(empty_url, moments, fleet=Fleet(at_risk=400)))


@pytest.mark.torture
@pytest.mark.parametrize("event", [Event.DATA, Event.MESSAGE])
async def test_what_is_in_doubt_of_a_lesser_harm_is_not_sent_again_and_the_ledger_says_so(
    empty_url: str, event: Event
) -> None:
    story = await told(empty_url, [Moment(Phase.SENDING, event, 30)], severity="outage")
    assert len(story.office.recipients()) == len(set(story.office.recipients()))
    assert story.ledger["in_doubt"] == story.progress["in_doubt"] > 0
