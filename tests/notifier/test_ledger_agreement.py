"""The ledger agrees with a plain log of what happened, written down and counted here without the database."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from feeds import store as defects
from feeds.types import Reason
from installs_registry.products import find
from notifier import ledger, notices, publishing
from notifier.proofs import LedgerLine
from notifier.registering import VENDOR, Reporter
from notifier.types import LedgerView
from storage import Tx, instant
from tests.notifier.stage import AT_RISK, Stage

AFFECTED: Final = {"4.2.0", "4.2.1"}
#: From the weakest to the strongest.
RANKS: Final = ("not_reached", "in_doubt", "accepted", "delivered", "shown", "seen", "chosen")
TOLD: Final = {"in_doubt", "accepted", "shown", "seen"}


@dataclass
class Log:
    """What happened, in the order in which it did."""

    #: By install: (moment, version), only where it changed.
    versions: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    #: By notice: (moment, step), each step once.
    steps: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    #: When a line of a notice was first seen to be there.
    joined: dict[tuple[str, str], str] = field(default_factory=dict)
    reopened: list[str] = field(default_factory=list)
    #: Each notice in its order: id, kind, and its installs at the end.
    notices: list[tuple[str, str, list[str]]] = field(default_factory=list)

    def had(self, install: str, version: str, at: str) -> None:
        had = self.versions.setdefault(install, [])
        if not had or had[-1][1] != version:
            had.append((at, version))

    def step(self, notice: str, step: str, at: str) -> None:
        taken = self.steps.setdefault(notice, [])
        if step not in {name for _, name in taken}:
            taken.append((at, step))


@dataclass
class Life:
    """Lets things happen to a defect's installs at random, and writes them down."""

    stage: Stage
    chance: random.Random
    log: Log = field(default_factory=Log)
    defect: str = ""

    @property
    def now(self) -> str:
        return instant(self.stage.now)

    async def begin(self) -> None:
        await self.stage.release("4.2.2")
        for number in range(9):
            version = "4.2.0" if number % 4 == 3 else "4.1.0"
            customer = f"c{number % 5}"
            if number < 6:
                await self.stage.holds(customer, f"i{number}", version)
                self.log.had(f"i{number}", version, self.now)
            else:
                await self.check_in(f"i{number}", version)
        self.stage.later(minutes=1)
        self.defect = await self.stage.publish()
        await self.note()

    async def go_on(self) -> None:
        """Let one thing happen."""
        self.stage.later(minutes=self.chance.randint(1, 50))
        await self.chance.choice(self.ways())()
        await self.note()

    def ways(self) -> list[Callable[[], Any]]:
        often = [self.upgrade, self.deliver, self.see]
        return [*often, *often, self.doubt, self.report_delivered, self.answer, self.close, self.link]

    async def upgrade(self) -> None:
        install = f"i{self.chance.randrange(9)}"
        await self.check_in(install, self.chance.choice(["4.1.0", "4.2.0", "4.2.1", "4.2.2", "4.2.2"]))

    async def check_in(self, install: str, version: str) -> None:
        """Check in, by the app where it is an app's."""
        by_app = int(install[1:]) >= 6
        reporter = Reporter(install[-1] * 32, await self.stage.database.read(lambda tx: find(tx, "notes").no))
        answer = await self.stage.check_in(install, version, reporter=reporter if by_app else VENDOR, footprint=AT_RISK)
        self.log.had(install, version, self.now)
        for notice in answer.notices if by_app else ():
            self.log.step(notice.id, "shown", self.now)

    async def deliver(self) -> None:
        customer = f"c{self.chance.randrange(5)}"
        for notice in await self.stage.notices(customer=customer):
            if notice.state == "pending":
                self.log.step(notice.id, "accepted", self.now)
        await self.stage.deliver(customer=customer)

    async def doubt(self) -> None:
        """Let a mail's connection break after its last byte."""
        notice = await self.one("pending", mailed=True)
        if notice:
            await self.run("UPDATE notices SET state = 'IN_DOUBT' WHERE id = :id", notice)
            await self.run(
                "UPDATE deliveries SET state = 'IN_DOUBT', handed_over_at = :at"
                " WHERE notice_no = (SELECT no FROM notices WHERE id = :id)",
                notice,
            )
            self.log.step(notice, "in_doubt", self.now)

    async def report_delivered(self) -> None:
        """Let the mailbox's server say that the mail lies there."""
        notice = await self.one("sent", mailed=True)
        if notice:
            await self.run(
                "UPDATE deliveries SET delivered_at = coalesce(delivered_at, :at)"
                " WHERE notice_no = (SELECT no FROM notices WHERE id = :id)",
                notice,
            )
            self.log.step(notice, "delivered", self.now)

    async def see(self) -> None:
        notice = await self.one("sent", "in_doubt")
        if notice:
            await self.stage.database.call(notices.seen, notice, self.stage.now)
            self.log.step(notice, "seen", self.now)

    async def answer(self) -> None:
        notice = await self.one("sent")
        if notice:
            await self.stage.database.call(notices.choose, notice, self.chance.randrange(2), self.stage.now)
            self.log.step(notice, "seen", self.now)
            self.log.step(notice, "chosen", self.now)

    async def close(self) -> None:
        """Resolve the defect, or find that it is not resolved."""
        if (await self.stage.database.read(defects.find, self.defect)).state == "published":
            await self.stage.resolve(self.defect)
        else:
            await self.stage.act(publishing.reopen, self.defect, Reason("It is back."))
            self.log.reopened.append(self.now)

    async def link(self) -> None:
        install = f"i{self.chance.randrange(6, 9)}"
        version = self.log.versions[install][-1][1]
        await self.stage.check_in(install, version, customer=f"c{self.chance.randrange(5)}")
        # The vendor's own report shows nothing, but what waited for the app counts as fetched.
        for notice in await self.stage.notices(install=install):
            if notice.state == "sent" and not self.log.steps.get(notice.id):
                self.log.step(notice.id, "shown", self.now)

    async def one(self, *states: str, mailed: bool = False) -> str | None:
        found = [
            notice.id
            for notice in await self.stage.notices(defect=self.defect)
            if notice.state in states and (not mailed or await self.run(_MAILED, notice.id))
        ]
        return self.chance.choice(found) if found else None

    async def run(self, text: str, notice: str) -> int:
        values = {"id": notice, "at": self.now} if ":at" in text else {"id": notice}

        def work(tx: Tx) -> int:
            return len(tx.built(text, values)) if text.startswith("SELECT") else tx.run_built(text, values)

        return await self.stage.database.call(work)

    async def note(self) -> None:
        """Write down which notices there are, and for which installs."""
        self.log.notices = [
            (notice.id, notice.kind.value, notice.installs) for notice in await self.stage.notices(defect=self.defect)
        ]
        for notice, _, installs in self.log.notices:
            for install in installs:
                self.log.joined.setdefault((notice, install), self.now)


_MAILED: Final = (
    "SELECT 1 FROM deliveries d JOIN notices n ON n.no = d.notice_no WHERE n.id = :id AND d.channel = 'email'"
)


@dataclass
class Account:
    """What the log says became of one install."""

    outcome: str
    proof_at_install: str | None
    proof: str
    moments: dict[str, str]
    held_back: bool
    moved_to_safe: bool


def account(log: Log, install: str) -> Account:
    """Read the log from its beginning for one install."""
    installed_at = min((at for at, version in log.versions[install] if version in AFFECTED), default=None)
    moved_at, version = log.versions[install][-1]
    concerning = [(notice, kind) for notice, kind, installs in log.notices if install in installs]
    taken = [
        (place, kind, step, max(at, log.joined[notice, install]))
        for place, (notice, kind) in enumerate(concerning)
        for at, step in log.steps.get(notice, [])
    ]
    void = _void(log, install, concerning, taken, installed_at)
    told = [(place, step, at) for place, kind, step, at in taken if kind != "all_clear"]
    before = [step for place, step, at in told if installed_at is not None and at < installed_at and place >= void]
    signs = [at for _, step, at in told if step in TOLD]
    strongest = _strongest([step for _, step, _ in told])
    outcome = _outcome(installed_at, before, signs)
    in_time = outcome == "warned_before_install"
    return Account(
        outcome=outcome,
        proof_at_install=None if installed_at is None else _strongest(before),
        proof=strongest,
        moments=_moments(log, install, concerning, told, installed_at),
        held_back=in_time and installed_at is None and moved_at <= min(signs),
        moved_to_safe=in_time and version not in AFFECTED and moved_at > min(signs),
    )


def _void(
    log: Log,
    install: str,
    concerning: list[tuple[str, str]],
    taken: list[tuple[int, str, str, str]],
    installed_at: str | None,
) -> int:
    """Return from which notice on what was said still held: not from before an all-clear that proved wrong."""
    return max(
        (
            place
            for place, kind, step, at in taken
            if kind == "all_clear"
            and step in TOLD - {"seen"}
            and installed_at is not None
            and at < installed_at
            and any(reopened >= log.joined[concerning[place][0], install] for reopened in log.reopened)
        ),
        default=0,
    )


def _outcome(installed_at: str | None, before: list[str], signs: list[str]) -> str:
    if installed_at is None:
        return "warned_before_install" if signs else "not_told"
    if before:
        return "warned_before_install"
    return "warned_after_install" if any(at >= installed_at for at in signs) else "installed_unwarned"


def _strongest(steps: list[str]) -> str:
    return max(steps, key=RANKS.index, default="not_reached")


def _moments(
    log: Log,
    install: str,
    concerning: list[tuple[str, str]],
    told: list[tuple[int, str, str]],
    installed_at: str | None,
) -> dict[str, str]:
    moments: dict[str, str] = {} if installed_at is None else {"installed": installed_at}
    owed = [log.joined[notice, install] for notice, kind in concerning if kind != "all_clear"]
    if owed:
        moments["owed"] = min(owed)
    for _, step, at in told:
        if step != "in_doubt":
            moments[step] = min(moments.get(step, at), at)
    return moments


@pytest.mark.parametrize("seed", range(5))
async def test_a_random_life_is_accounted_for_as_a_plain_log_has_it(stage: Stage, seed: int) -> None:
    life = Life(stage, random.Random(seed))
    await life.begin()
    for _ in range(35):
        await life.go_on()
    accounts = {install: account(life.log, install) for install in sorted(life.log.versions)}
    lines = await stage.database.read(lambda tx: list(ledger.all_lines(tx, defects.find(tx, life.defect))))
    assert {line.install: told(line) for line in lines} == accounts
    agree(await stage.ledger(life.defect), list(accounts.values()))


def told(line: LedgerLine) -> Account:
    """Return what the ledger says of an install."""
    cells = dict(zip(ledger.HEADINGS, ledger.cells(line, None, named=True), strict=True))
    steps = {step: cells[f"{step}_at"] for step in ledger.STEPS}
    return Account(
        outcome=str(cells["outcome"]),
        proof_at_install=cells["proof_at_install"],
        proof=str(cells["proof"]),
        moments={step: at for step, at in steps.items() if at is not None},
        held_back=line.held_back,
        moved_to_safe=line.moved_to_safe,
    )


def agree(view: LedgerView, accounts: list[Account]) -> None:
    """Compare the ledger's numbers with sums over the log."""
    outcomes = Counter(each.outcome for each in accounts)
    assert (view.warned_before_install, view.warned_after_install, view.installed_unwarned, view.exposed) == (
        outcomes["warned_before_install"],
        outcomes["warned_after_install"],
        outcomes["installed_unwarned"],
        len(accounts),
    )
    assert view.held_back == sum(each.held_back for each in accounts)
    assert view.moved_to_safe == sum(each.moved_to_safe for each in accounts)
    at_install = Counter(each.proof_at_install for each in accounts if each.proof_at_install)
    assert {proof: count for proof, count in view.proof_at_install.items() if count} == at_install
    assert {proof: count for proof, count in view.proof_now.items() if count} == Counter(e.proof for e in accounts)
    for step in view.steps:
        moments = sorted(each.moments[step.step] for each in accounts if step.step in each.moments)
        assert (step.count, step.first_at) == (len(moments), moments[0] if moments else None)
