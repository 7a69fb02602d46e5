"""The outbox as a process of its own, told by lines what to do: `python outbox.py ORDER` sweeps and delivers."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

sys.path.insert(0, str(Path(__file__).parents[2]))

from feeds.types import Reason
from notifier import publishing
from notifier.delivery.settings import DeliverySettings
from notifier.delivery.worker import Postman
from notifier.publications import Rulebook
from notifier.publishing import By
from notifier.sweeper import Sweeper
from storage import Database, Tx, open_database
from tests.journeys.strikes import AtStatement, Phase
from tests.journeys.striking import Watch

DEFECT = "NOTES-4411"


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """How a process is to run."""

    url: str
    #: Of the mail server.
    port: int
    #: By how much its clock is ahead.
    ahead_seconds: float = 0.0
    #: Where it dies by its own hand.
    strike: AtStatement | None = None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How far it is."""

    #: Of the defect.
    state: str
    #: No sweep is open, and no delivery waits or is under way.
    quiet: bool
    #: Addresses whose warning or recovery may have left.
    handed_over: list[str]


class NoPause(random.Random):
    """Draws the shortest pause each time."""

    def random(self) -> float:
        return 0.0


@dataclass
class ShiftedClock:
    """The machine's clock, put forward or back."""

    ahead: timedelta

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Outbox:
    """Does what the lines on standard input say, and answers each with one."""

    database: Database
    clock: ShiftedClock
    watch: Watch
    acts: dict[str, Callable[..., Awaitable[Any]]] = field(init=False)

    def __post_init__(self) -> None:
        self.acts = {"publish": self._publish, "withdraw": self._withdraw, "look": self._look, "jump": self._jump}

    async def obey(self) -> None:
        """Carry out line after line, until there are no more."""
        while line := await asyncio.to_thread(sys.stdin.readline):
            word, *terms = line.split()
            await self.acts[word](*terms)
            await self.say()

    async def say(self) -> None:
        standing = await self.database.read(standing_of)
        self.watch.phase = Phase.CLEARING if standing.state == "withdrawn" else Phase.TELLING
        sys.stdout.write(msgspec.json.encode(standing).decode() + "\n")
        sys.stdout.flush()

    async def _look(self) -> None:
        """Say how far it is; that is said after each act."""

    async def _publish(self) -> None:
        if (await self.database.read(standing_of)).state == "draft":
            await self.database.call(publishing.publish, DEFECT, self._by("ada"))

    async def _withdraw(self) -> None:
        for person in ("ada", "omar"):
            if (await self.database.read(standing_of)).state == "published":
                reason = Reason("It was the test rig.")
                await self.database.call(publishing.withdraw, DEFECT, reason, self._by(person))

    async def _jump(self, seconds: str) -> None:
        """Put the clock forward, or back, and wake whoever waits for it."""
        self.clock.ahead += timedelta(seconds=float(seconds))
        await self.database.call(Tx.notify)

    def _by(self, person: str) -> By:
        return By(person, self.clock.now())


def standing_of(tx: Tx) -> Standing:
    """Read how far the outbox is."""
    state = tx.built("SELECT state FROM defects WHERE id = :defect", {"defect": DEFECT})[0]["state"]
    unsettled = tx.built("SELECT count(*) AS n FROM deliveries WHERE state IN ('PENDING', 'SENDING')", {})[0]["n"]
    sweeps = tx.built("SELECT count(*) AS n FROM sweeps WHERE finished_at IS NULL", {})[0]["n"]
    left = tx.built(
        "SELECT d.address FROM deliveries d JOIN notices n ON n.no = d.notice_no"
        " WHERE n.kind <> 'all_clear' AND d.handed_over_at IS NOT NULL ORDER BY d.no",
        {},
    )
    return Standing(state=state, quiet=not unsettled and not sweeps, handed_over=[row["address"] for row in left])


async def main(order: Order) -> None:
    """Sweep and deliver until standard input ends."""
    watch = Watch(order.strike)
    watch.install()
    database, rulebook = open_database(order.url), Rulebook()
    clock = ShiftedClock(timedelta(seconds=order.ahead_seconds))
    outbox = Outbox(database, clock, watch)
    await outbox.say()
    postman = Postman(database, clock, delivery(order.port), rulebook, chance=NoPause())
    loops = [asyncio.create_task(each) for each in (Sweeper(database, clock, rulebook).run(), postman.run())]
    await outbox.obey()
    for loop in loops:
        loop.cancel()
    await asyncio.wait(loops)
    await database.close()


def delivery(port: int) -> DeliverySettings:
    """Return settings with a connection for each mail, so that none waits behind one that is kept waiting."""
    return DeliverySettings(
        smtp=f"smtp://127.0.0.1:{port}?starttls=never",
        mail_from="Notes Ltd <warnings@notes.example>",
        public_url="https://warn.notes.example",
        secret="a secret of the tests, long enough to be one",  # noqa: S106 - not a secret
        connections=24,
        lease=timedelta(seconds=4),
    )


if __name__ == "__main__":
    asyncio.run(main(msgspec.json.decode(sys.argv[1], type=Order)))
