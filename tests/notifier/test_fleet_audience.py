"""An audience counted in memory is the audience that the tables give, whatever has happened since it was read."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

import msgspec
import pytest

from feeds.types import DefectReport
from installs_registry import customers, preferences, products
from installs_registry.fleet import fleets
from installs_registry.fleet.fleets import Fleets
from installs_registry.preferences import Floor, PreferencesWish
from notifier import forgetting
from notifier.audience import Memory, audience, audience_of
from notifier.registering import Reporter
from notifier.retention import Retention
from notifier.types import AudienceView
from storage import Tx
from tests.notifier.stage import AT_RISK, ERASES_V2, NOTES, SAFE, Stage

WAIT: Final = {"remedies": [{"kind": "wait"}]}
CONDITIONS: Final = [
    "notebooks > 0 && storage_format in ['v1', 'v2']",
    "!('word' in plugins)",
    "platform.os == 'windows'",
]
FLOORS: Final[list[Floor | None]] = ["degraded", "outage", "data-loss", "nothing", None]


def _report(**changes: Any) -> DefectReport:
    return msgspec.convert({**ERASES_V2, **WAIT, **changes}, DefectReport)


async def _asked(stage: Stage, memory: Memory, **changes: Any) -> AudienceView:
    """Ask, let what is missing be read, and ask again; return the answer from memory."""
    report = _report(**changes)
    await stage.database.read(audience, report, memory)
    await memory.fleets.fulfil(stage.database)
    return await stage.database.read(audience, report, memory)


def _is_held(tx: Tx, held: Fleets, names: frozenset[str] = frozenset()) -> bool:
    with held.as_of(tx, products.find(tx, "notes"), names) as fleet:
        return fleet is not None


class _Chance:
    """What a fleet may go through, one thing at a time."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self.stage = stage
        self.random = random.Random(seed)
        self.things: list[Callable[[], Awaitable[object]]] = [
            *[self.checks_in] * 6,
            self.checks_in_with_a_token,
            *[self.changes_contacts] * 2,
            self.chooses,
            self.unsubscribes,
            self.is_forgotten,
            self.grows_old,
        ]

    async def happens(self) -> None:
        await self.random.choice(self.things)()

    def customer(self) -> str:
        return f"c{self.random.randrange(6)}"

    async def checks_in(self) -> None:
        body: dict[str, Any] = {
            "footprint": self.random.choice([{}, AT_RISK, SAFE, {"plugins": ["word"]}, {"notebooks": None}])
        }
        if self.random.random() < 0.3:
            body["platform"] = {"os": self.random.choice(["windows", "macos"])}
        if self.random.random() < 0.5:
            body["customer"] = self.customer()
            await self.stage.customer(body["customer"])
        version = self.random.choice(["4.0.9", "4.1.0", "4.2.1", "4.2.2", "4.7"])
        await self.stage.check_in(f"i-{self.random.randrange(30)}", version, **body)

    async def checks_in_with_a_token(self) -> None:
        number = self.random.randrange(1000, 1003)
        await self.stage.check_in(f"app-{number}", footprint=AT_RISK, reporter=Reporter(f"{number:032}", 1))

    async def changes_contacts(self) -> None:
        email = self.random.choice([None, "ann@example.com"])
        webhook = self.random.choice([None, "https://hooks.example.com/in"])
        await self.stage.customer(self.customer(), email=email, webhook=webhook)

    async def chooses(self) -> None:
        wish = PreferencesWish(email=self.random.choice(FLOORS), webhook=self.random.choice(FLOORS))
        customer = self.customer()
        await self.stage.customer(customer)

        def choose(tx: Tx) -> None:
            preferences.choose(tx, customers.number(tx, customer), wish, "Ann", self.stage.now)

        await self.stage.database.call(choose)

    async def unsubscribes(self) -> None:
        customer = self.customer()
        await self.stage.customer(customer)

        def unsubscribe(tx: Tx) -> None:
            preferences.unsubscribe(tx, customers.number(tx, customer), self.stage.now)

        await self.stage.database.call(unsubscribe)

    async def is_forgotten(self) -> None:
        customer = self.customer()
        await self.stage.customer(customer)
        await self.stage.database.call(forgetting.erase_customer, customer, self.stage.now)

    async def grows_old(self) -> None:
        self.stage.later(days=1)
        await Retention(installs=timedelta(days=4)).apply(self.stage.database, self.stage.now, page=2)


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.torture) for seed in range(2, 12))])
async def test_memory_follows_whatever_happens(stage: Stage, seed: int) -> None:
    memory, chance = Memory(), _Chance(stage, seed)
    for _ in range(40):
        await chance.happens()
    for condition in CONDITIONS:
        await _asked(stage, memory, condition=condition)
    for _ in range(60):
        await chance.happens()
        report = _report(
            condition=chance.random.choice(CONDITIONS),
            severity=chance.random.choice(["data-loss", "outage", "degraded"]),
        )
        assert await stage.database.read(audience, report, memory) == await stage.database.read(audience, report)
        held = await stage.database.read(_is_held, memory.fleets, frozenset({"notebooks", "plugins", "platform.os"}))
        assert held is (stage.database.dialect == "sqlite")


async def test_a_published_defect_is_counted_as_its_exposures_are_stored(stage: Stage) -> None:
    memory = Memory()
    for number in range(9):
        await stage.holds(
            f"c{number}", f"i{number}", "4.2.1" if number > 6 else "4.1.0", notebooks=number % 3, storage_format="v2"
        )
    defect = await stage.publish(**WAIT)
    await _asked(stage, memory)
    assert await stage.database.read(audience_of, defect, memory) == await stage.database.read(audience_of, defect)
    await stage.resolve(defect)
    assert await stage.database.read(audience_of, defect, memory) == await stage.database.read(audience_of, defect)


async def test_a_release_and_a_declaration_hold_at_once(stage: Stage) -> None:
    memory = Memory()
    await stage.holds("ann", "i-1", **AT_RISK)
    await stage.holds("bob", "i-2", "4.2.2", **AT_RISK)
    draft = await stage.file(**WAIT)
    await _asked(stage, memory)
    await stage.release("4.2.2")
    assert await stage.database.read(audience_of, draft, memory) == await stage.database.read(audience_of, draft)
    await stage.declare("notes", {**NOTES, "facts": {"notebooks": {"type": "integer"}}})
    retired = await stage.database.read(audience_of, draft, memory)
    assert retired == await stage.database.read(audience_of, draft)
    assert retired.cannot_tell.installs == 1


async def test_nothing_is_held_where_nobody_reads_in_the_background(stage: Stage) -> None:
    memory = Memory()
    await stage.holds("ann", "i-1", **AT_RISK)
    assert (await stage.database.read(audience, _report(), memory)).at_risk.installs == 1
    assert await stage.database.read(_is_held, memory.fleets) is False


async def test_a_transaction_that_memory_is_ahead_of_asks_the_tables(stage: Stage) -> None:
    if stage.database.dialect == "postgresql":
        pytest.skip("PostgreSQL holds no fleets")
    memory = Memory()
    await stage.holds("ann", "i-1", **AT_RISK)
    await _asked(stage, memory)
    # As if somebody else had counted in a later state meanwhile.
    memory.fleets._held[1].position += 1  # noqa: SLF001 - a thread that waits inside a transaction would be a test of its own
    assert await stage.database.read(_is_held, memory.fleets) is False
    assert memory.fleets._wishes == {}  # noqa: SLF001 - as above
    assert (await stage.database.read(audience, _report(), memory)).at_risk.installs == 1


async def test_what_is_too_much_for_an_answer_is_taken_up_in_the_background(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    if stage.database.dialect == "postgresql":
        pytest.skip("PostgreSQL holds no fleets")
    memory = Memory()
    await stage.holds("ann", "i-1", **AT_RISK)
    await _asked(stage, memory)
    fleet = memory.fleets._held[1]  # noqa: SLF001 - whether it is the same one is what is asked
    monkeypatch.setattr(fleets, "AT_ONCE", 2)
    for number in range(4):
        await stage.holds("bob", f"i-{number}", **AT_RISK)
    assert await stage.database.read(_is_held, memory.fleets) is False
    assert (await _asked(stage, memory)).at_risk.installs == 4
    assert await stage.database.read(_is_held, memory.fleets) is True
    assert memory.fleets._held[1] is fleet  # noqa: SLF001 - as above

    def clear(tx: Tx) -> None:
        tx.run_built("DELETE FROM fleet_changes WHERE no < (SELECT max(no) FROM fleet_changes)", {})

    await stage.holds("cem", "i-9", **AT_RISK)
    await stage.database.call(clear)
    assert (await _asked(stage, memory)).at_risk.installs == 5
    assert memory.fleets._held[1] is not fleet  # noqa: SLF001 - as above
