"""Lanes at the level of notices: what one provider thinks of us slows down its own mail only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from notifier.delivery import lane_store
from notifier.delivery.breaker import STRIKES
from notifier.delivery.settings import DeliverySettings
from notifier.delivery.worker import Postman
from tests.notifier.delivery.test_delivering import rows
from tests.notifier.post_office import SECRET, NoChance, PostOffice, StageClock, a_postman
from tests.notifier.stage import AT_RISK, Stage

LISTED = "550 5.7.1 Client host [192.0.2.7] blocked using zen.spamhaus.org"


class Names:
    """A DNS of three domains, all of whose exchangers are this machine under different names."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def exchangers(self, domain: str) -> Sequence[str]:
        self.asked.append(domain)
        if domain == "nowhere.example":
            raise LookupError(domain)
        if domain == "silent.example":
            return [""]
        if domain == "broken.example":
            raise OSError("no answer")
        return {"one.example": ["127.0.0.1"], "two.example": ["127.0.0.2"]}.get(domain, ["127.0.0.9", "127.0.0.1"])


@pytest.fixture
async def direct(stage: Stage, office: PostOffice) -> AsyncIterator[Postman]:
    """A postman without a relay."""
    settings = DeliverySettings(
        smtp=f"mx://warn.notes.example:{office.port}?starttls=never",
        mail_from="Notes Ltd <warnings@notes.example>",
        public_url="https://warn.notes.example",
        secret=SECRET,
    )
    clock = StageClock(stage)
    postman = Postman(stage.database, clock, settings, stage.rulebook, chance=NoChance(), resolver=Names())
    yield postman
    await postman.close()


async def holds(stage: Stage, name: str, domain: str) -> str:
    address = f"{name}@{domain}"
    await stage.customer(name, email=address)
    await stage.check_in(f"{name}-mac", customer=name, footprint=AT_RISK)
    return address


async def test_without_a_relay_a_mail_goes_to_the_exchanger_of_its_domain(
    stage: Stage, office: PostOffice, direct: Postman
) -> None:
    address = await holds(stage, "ada", "one.example")
    await stage.publish()
    await direct.deliver_due()
    assert office.recipients() == [address]
    assert await rows(stage, "d.state, d.lane") == [("SENT", "127.0.0.1")]


async def test_where_the_first_exchanger_does_not_answer_the_next_one_is_tried(
    stage: Stage, office: PostOffice, direct: Postman
) -> None:
    address = await holds(stage, "ada", "three.example")
    await stage.publish()
    await direct.deliver_due()
    assert office.recipients() == [address]


@pytest.mark.parametrize(
    ("domain", "state", "reply"),
    [
        ("nowhere.example", "PENDING", "connection: there is no domain nowhere.example"),
        ("silent.example", "FAILED", "recipient: silent.example takes no mail (RFC 7505)"),
        ("broken.example", "PENDING", "connection: the DNS does not answer for broken.example: no answer"),
    ],
)
async def test_a_domain_without_a_way_to_it_is_told(
    stage: Stage, direct: Postman, domain: str, state: str, reply: str
) -> None:
    await holds(stage, "ada", domain)
    await stage.publish()
    await direct.deliver_due()
    assert await rows(stage, "d.state, d.reply") == [(state, reply)]


async def test_a_lane_that_speaks_ill_of_us_is_paused_shown_and_tried_now_and_then(
    stage: Stage, office: PostOffice, postman: Postman
) -> None:
    for name in "abcdef":
        office.refusals[await holds(stage, name, "one.example")] = LISTED
    await stage.publish()
    await postman.deliver_due()
    [standing] = await stage.database.read(lane_store.standings)
    assert standing.lane == "relay"
    assert standing.rest is not None
    assert "zen.spamhaus.org" in standing.rest.reason
    # What is tried while it is paused, is one at a time.
    office.refusals.clear()
    stage.later(minutes=4)
    await postman.deliver_due()
    assert office.received == []
    assert {state for _, state in await stage.kinds()} == {"pending"}
    stage.later(hours=1)
    for _ in range(3):
        await postman.deliver_due()
        stage.later(minutes=5)
    assert len(office.received) == 6
    assert await stage.database.read(lane_store.standings) == []


async def test_what_waits_in_a_lane_goes_back_when_it_is_paused(stage: Stage, office: PostOffice) -> None:
    postman = a_postman(stage, office, connections=1)
    for name in "abcdefgh":
        office.refusals[await holds(stage, name, "one.example")] = LISTED
    await stage.publish()
    await postman.deliver_due()
    await postman.close()
    attempts = sorted(await rows(stage, "d.attempts, d.handed_over_at"))
    assert attempts == [(0, None)] * (8 - STRIKES) + [(1, None)] * STRIKES


async def test_waiting_for_a_lane_costs_no_attempt(stage: Stage, office: PostOffice, postman: Postman) -> None:
    for name in "abc":
        office.refusals[await holds(stage, name, "one.example")] = LISTED
    await stage.publish()
    await postman.deliver_due()
    await holds(stage, "late", "one.example")
    for _ in range(5):
        await postman.deliver_due()
        stage.later(seconds=1)
    assert (await rows(stage, "d.state, d.attempts"))[-1] == ("PENDING", 0)


async def test_a_paused_lane_does_not_hold_up_another(stage: Stage, office: PostOffice, direct: Postman) -> None:
    for name in "abcd":
        office.refusals[await holds(stage, name, "one.example")] = LISTED
    await stage.publish()
    await direct.deliver_due()
    paused = await stage.database.read(lane_store.rests)
    assert list(paused) == ["127.0.0.1"]
    await holds(stage, "late", "one.example")
    await holds(stage, "eve", "three.example")
    await direct.deliver_due()
    states = await rows(stage, "d.state, d.address")
    assert ("PENDING", "late@one.example") in states
    assert ("SENT", "eve@three.example") in states


async def test_another_process_knows_of_a_paused_lane(stage: Stage, office: PostOffice, postman: Postman) -> None:
    for name in "abc":
        office.refusals[await holds(stage, name, "one.example")] = LISTED
    await stage.publish()
    await postman.deliver_due()
    office.refusals.clear()
    await holds(stage, "late", "one.example")
    other = a_postman(stage, office)
    await other.deliver_due()
    await other.close()
    assert office.received == []
