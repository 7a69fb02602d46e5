"""Several processes send from one database: nothing is claimed twice, and the dead one's work is taken up."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from storage import open_database
from tests.journeys.services import PATIENCE, Client, Service, eventually, serving
from tests.notifier.post_office import PostOffice, message_id, open_post_office
from tests.notifier.stage import Stage

#: More than one process takes in hand at once, so that the other has work too.
CUSTOMERS = 400

#: Connections that one process opens at most, and so mails that it can have handed over without an answer.
OF_ONE_PROCESS = 16


@pytest.fixture
async def warnings_wait(migrated_postgresql_url: str) -> str:
    """A database in which every customer is owed a warning."""
    database = open_database(migrated_postgresql_url)
    stage = Stage(database, now=datetime.now(UTC))
    await stage.set_up()
    await asyncio.gather(*(stage.holds(f"c{number}", f"i{number}") for number in range(CUSTOMERS)))
    await stage.publish()
    await database.close()
    return migrated_postgresql_url


@dataclass
class Gate:
    """Keeps messages without an answer until it is opened, and sees when more than one process has come to it."""

    office: PostOffice
    two_have_come: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    async def passed(self) -> None:
        if self.office.connections > OF_ONE_PROCESS:
            self.two_have_come.set()
        await self.opened.wait()


@asynccontextmanager
async def a_gate() -> AsyncIterator[Gate]:
    office = PostOffice()
    gate = Gate(office)
    office.on_message = gate.passed
    async with open_post_office(office):
        yield gate


@dataclass
class Services:
    """Services on one database, started and waited for beside the event loop that the post office needs."""

    url: str
    gate: Gate
    stack: ExitStack

    async def start(self, **settings: str) -> tuple[Service, Client]:
        smtp = f"smtp://127.0.0.1:{self.gate.office.port}?starttls=never"
        running = serving(self.url, smtp=smtp, mail_from="Notes <a@notes.example>", lease_seconds="2", **settings)
        return await asyncio.to_thread(self.stack.enter_context, running)

    async def both_are_sending(self) -> None:
        async with asyncio.timeout(PATIENCE):
            await self.gate.two_have_come.wait()

    async def all_is_sent(self, client: Client) -> None:
        def is_sent() -> bool:
            progress = client.ask("GET", "/v1/defects/NOTES-4411/progress")[1]
            return bool(progress["sent"] == progress["total"] == CUSTOMERS)

        await asyncio.to_thread(eventually, is_sent)

    def mails(self) -> Counter[tuple[str, str]]:
        """Count the mails that were taken, by recipient and Message-ID."""
        return Counter((mail.rcpt_tos[0], message_id(mail)) for mail in self.gate.office.received)


@pytest.fixture
async def services(warnings_wait: str) -> AsyncIterator[Services]:
    async with a_gate() as gate:
        stack = ExitStack()
        yield Services(warnings_wait, gate, stack)
        await asyncio.to_thread(stack.close)


async def test_two_workers_send_each_mail_once(services: Services) -> None:
    _, client = await services.start(workers="2")
    await services.both_are_sending()
    services.gate.opened.set()
    await services.all_is_sent(client)
    assert len(services.mails()) == services.mails().total() == CUSTOMERS


async def test_the_work_of_a_process_that_is_killed_is_taken_up_by_the_other(services: Services) -> None:
    victim, _ = await services.start()
    _, client = await services.start()
    await services.both_are_sending()
    victim.kill()
    services.gate.opened.set()
    await services.all_is_sent(client)
    assert {address for address, _ in services.mails()} == {f"c{number}@example.com" for number in range(CUSTOMERS)}
    # Twice at most what the dead one had handed over, and then as the same mail.
    assert len(services.mails()) == CUSTOMERS
    assert services.mails().total() <= CUSTOMERS + OF_ONE_PROCESS
