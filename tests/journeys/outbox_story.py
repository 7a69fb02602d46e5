"""A publication, its mails, a withdrawal and all-clears, by an outbox that is killed on the way; what must hold."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from notifier.ledger import ledger
from notifier.types import TakenBackView
from storage import Row, Tx, open_database
from tests.journeys import outbox
from tests.journeys.outbox import DEFECT, Order, Standing
from tests.journeys.services import PATIENCE, ROOT, environment
from tests.journeys.strikes import AtStatement, AtStep, Phase, Step, Strike, Verb
from tests.journeys.watched_server import WatchedServer
from tests.notifier.stage import AT_RISK, SAFE, Stage

#: By which a process that starts again is ahead of the one before: what that one had leased has run out.
LATER = 60.0


@dataclass(frozen=True)
class People:
    """Who is told, and how their mail server answers."""

    plain: int = 5
    upgraded: int = 1

    #: Taken at the second try, never taken, kept waiting for the answer to RCPT, and to the final dot.
    greylisted: str = "greylisted"
    refused: str = "refused"
    kept_at_rcpt: tuple[str, ...] = ("kept-1", "kept-2")
    kept_at_dot: str = "kept-dot"

    def told(self) -> set[str]:
        """Return the addresses that must have a mail before the withdrawal."""
        names = {*(f"plain-{no}" for no in range(self.plain)), *(f"upgraded-{no}" for no in range(self.upgraded))}
        return set(map(address_of, {*names, self.greylisted, self.kept_at_dot}))

    def untold(self) -> set[str]:
        """Return the addresses that no mail may have left for: refused, withdrawn before it went, or not at risk."""
        return set(map(address_of, {self.refused, *self.kept_at_rcpt, "safe"}))

    def server(self) -> WatchedServer:
        greylisted, refused = map(address_of, (self.greylisted, self.refused))
        refusals = {greylisted: ["451 4.7.1 try again later"], refused: ["550 5.1.1 no such user"] * 9}
        kept_at = {address_of(name): Verb.RCPT for name in self.kept_at_rcpt}
        return WatchedServer(refusals=refusals, kept_at={**kept_at, address_of(self.kept_at_dot): Verb.DOT})

    async def move_in(self, url: str) -> None:
        """Let them all hold an install, and file the defect."""
        database = open_database(url)
        stage = Stage(database, now=datetime.now(UTC))
        await stage.set_up()
        for name in (*(f"plain-{no}" for no in range(self.plain)), self.greylisted, self.refused, self.kept_at_dot):
            await stage.holds(name, f"of-{name}", **AT_RISK)
        for name in self.kept_at_rcpt:
            await stage.holds(name, f"of-{name}", **AT_RISK)
        for no in range(self.upgraded):
            await stage.holds(f"upgraded-{no}", f"of-upgraded-{no}", "4.2.0", **AT_RISK)
        await stage.holds("safe", "of-safe", **SAFE)
        await stage.file()
        await database.close()


def address_of(name: str) -> str:
    return f"{name}@example.com"


@dataclass
class OutboxStory:
    """Drives one outbox after the other on the same database, until all is told and taken back."""

    url: str
    server: WatchedServer
    people: People = field(default_factory=People)
    strikes: Sequence[Strike] = ()
    #: Seconds by which the clock jumps while the first mails are under way.
    jumps: Sequence[float] = ()
    #: Put before the command that starts the first outbox.
    under: Callable[[], Sequence[str]] = lambda: ()
    deaths: int = 0
    #: Whose warning may have left when the withdrawal had committed; None: it has not.
    handed_over: set[str] | None = None
    #: Mails that had been taken by then.
    taken_before: int = 0
    _left: deque[Strike] = field(init=False)
    _steps: int = 0
    _process: Process | None = None

    async def tell(self) -> None:
        """Tell it to the end, whatever kills the outbox on the way."""
        self._left, self.server.on_step = deque(self.strikes), self._on_step
        try:
            await self.people.move_in(self.url)
            await self.ask("publish")
            for seconds in self.jumps:
                await self.ask("jump", str(seconds))
            await self.until(self._all_are_told)
            await self.ask("withdraw")
            await self.until(lambda standing: standing.quiet)
            await self.end()
        finally:
            await self._bury()
        assert not self._left, f"it did not come to {self._left[0]}"

    async def ask(self, *words: str) -> Standing:
        """Have the outbox do something; where it dies over it, the next one does."""
        while True:
            process = self._process or await self._start()
            is_ours = process is self._process
            standing = await self._answer(process, " ".join(words)) if process and is_ours else None
            if standing is not None:
                return standing
            await self._died()

    async def until(self, holds: Callable[[Standing], bool]) -> None:
        """Look again and again until it holds."""
        async with asyncio.timeout(PATIENCE):
            while not holds(await self.ask("look")):  # noqa: ASYNC110 - it is another process that is waited for
                await asyncio.sleep(0.03)

    async def end(self) -> None:
        """Let the outbox end as it should."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        process.stdin.close()
        async with asyncio.timeout(PATIENCE):
            assert await process.wait() == 0
        self._process = None

    def _all_are_told(self, _: Standing) -> bool:
        kept = set(self.server.kept_at)
        return self.server.kept >= kept and self.server.addresses() >= self.people.told()

    async def _start(self) -> Process | None:
        """Start an outbox; None where it dies before it says how far things are."""
        strike = self._left[0] if self._left else None
        order = Order(
            url=self.url,
            port=self.server.port,
            ahead_seconds=self.deaths * LATER,
            strike=strike if isinstance(strike, AtStatement) else None,
        )
        self._steps = 0
        program = [sys.executable, str(Path(outbox.__file__)), msgspec.json.encode(order).decode()]
        self._process = await asyncio.create_subprocess_exec(
            *(() if self.deaths else self.under()), *program, stdin=PIPE, stdout=PIPE, cwd=ROOT, env=environment({})
        )
        return self._process if await self._answer(self._process, None) is not None else None

    async def _answer(self, process: Process, line: str | None) -> Standing | None:
        """Say a line and return the answer; None where the process has died."""
        assert process.stdin is not None
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            if line is not None:
                process.stdin.write(line.encode() + b"\n")
            said = await process.stdout.readline()
        if not said.endswith(b"\n"):
            return None
        standing = msgspec.convert(json.loads(said), Standing)
        if standing.state == "withdrawn" and self.handed_over is None:
            self.handed_over, self.taken_before = set(standing.handed_over), len(self.server.taken)
            self.server.released.set()
        return standing

    async def _died(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        await _reaped(process)
        assert process.returncode in {-signal.SIGKILL, 128 + signal.SIGKILL}, process.returncode
        self.deaths += 1
        if self._left:
            self._left.popleft()

    async def _on_step(self, step: Step) -> None:
        strike, process = (self._left[0] if self._left else None), self._process
        phase = Phase.TELLING if self.handed_over is None else Phase.CLEARING
        if process is None or not isinstance(strike, AtStep) or strike.phase is not phase:
            return
        if (strike.when, strike.verb) == (step.when, step.verb):
            self._steps += 1
            if self._steps == strike.count:
                process.kill()
                await process.wait()

    async def _bury(self) -> None:
        if self._process is not None:
            if self._process.returncode is None:
                self._process.kill()
            await _reaped(self._process)


async def _reaped(process: Process) -> None:
    """Wait for the end of a process, and let go of its pipes."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    await process.stdout.read()
    await process.wait()


@dataclass(frozen=True)
class Kept:
    """What is written down in the end."""

    deliveries: list[Row]
    in_doubt: int
    #: Notices by kind and state.
    notices: Counter[tuple[str, str]]
    taken_back: TakenBackView | None


async def kept_of(url: str) -> Kept:
    database = open_database(url)
    try:
        return await database.read(_kept)
    finally:
        await database.close()


def _kept(tx: Tx) -> Kept:
    deliveries = tx.built(
        "SELECT d.address, d.state, d.message_id, d.doubtful_at, d.handed_over_at, n.kind"
        " FROM deliveries d JOIN notices n ON n.no = d.notice_no ORDER BY d.no",
        {},
    )
    states = tx.built("SELECT kind, state FROM notices", {})
    notices = Counter((row["kind"], row["state"]) for row in states)
    view = ledger(tx, DEFECT)
    return Kept(deliveries, view.in_doubt, notices, view.taken_back)


def check(story: OutboxStory, kept: Kept) -> None:
    """Hold what was taken against what is written down: nobody lost, nobody told twice or wrongly."""
    _check_the_told(story, kept)
    _check_the_cleared(story, kept)
    _check_duplicates(story, kept)
    _check_sums(kept)
    _check_taken_back(kept)


def _check_the_told(story: OutboxStory, kept: Kept) -> None:
    told = story.server.addresses()
    assert told == story.people.told()
    assert not {each.address for each in story.server.taken} & story.people.untold()
    # After the withdrawal only what had left before may still arrive.
    assert story.handed_over is not None
    late = {each.address for each in story.server.taken[story.taken_before :] if each.answers is None}
    assert late <= story.handed_over
    before = {row["address"]: row for row in kept.deliveries if row["kind"] != "all_clear"}
    assert {address for address, row in before.items() if row["state"] == "SENT"} <= told
    assert told <= {address for address, row in before.items() if row["state"] in {"SENT", "IN_DOUBT"}}


def _check_the_cleared(story: OutboxStory, kept: Kept) -> None:
    """Exactly those whose warning was sent, or is in doubt, have an all-clear, in the thread of their warning."""
    rows = [row for row in kept.deliveries if row["kind"] != "all_clear"]
    owed = {(row["address"], row["message_id"]) for row in rows if row["state"] in {"SENT", "IN_DOUBT"}}
    clears = [row for row in kept.deliveries if row["kind"] == "all_clear"]
    assert Counter(row["address"] for row in clears) == Counter(address for address, _ in owed)
    arrived = {(each.address, each.answers) for each in story.server.taken if each.answers is not None}
    assert arrived <= owed
    withdrawn_without_a_second_try = {row["address"] for row in clears if row["state"] == "IN_DOUBT"}
    assert {address for address, _ in arrived} >= {address for address, _ in owed} - withdrawn_without_a_second_try


def _check_duplicates(story: OutboxStory, kept: Kept) -> None:
    """Whoever has a mail twice has the same one twice, and it is written down that nobody could know."""
    doubted = {row["message_id"] for row in kept.deliveries if row["doubtful_at"]}
    mails = Counter((each.address, each.message_id) for each in story.server.taken)
    assert {message for (_, message), times in mails.items() if times > 1} <= doubted
    letters = Counter((address, message) for address, message in mails)
    assert set(letters) <= {(row["address"], row["message_id"]) for row in kept.deliveries}


def _check_sums(kept: Kept) -> None:
    assert sum(kept.notices.values()) == len(kept.deliveries)
    assert kept.in_doubt == sum(1 for row in kept.deliveries if row["state"] == "IN_DOUBT")


def _check_taken_back(kept: Kept) -> None:
    """What the report calls never sent, in doubt, sent and refused is what the rows are, whatever was killed."""
    view = kept.taken_back
    assert view is not None
    states = {"never_sent": "CANCELLED", "in_doubt": "IN_DOUBT", "sent": "SENT", "refused": "FAILED"}
    rows = Counter(row["state"] for row in kept.deliveries if row["kind"] != "all_clear")
    assert {name: getattr(view, name) for name in states} == {name: rows[state] for name, state in states.items()}
    cleared = Counter(row["state"] for row in kept.deliveries if row["kind"] == "all_clear")
    assert (view.all_clears, view.all_clears_sent) == (cleared.total() - cleared["CANCELLED"], cleared["SENT"])
