"""What the database writes of a page is what the rules of the design say, on random histories of one recipient."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from feeds import store as defects
from installs_registry import customers, preferences
from installs_registry.preferences import PreferencesWish
from notifier import owing
from notifier.exposures import Change, Span
from notifier.owed import Cause, notice_owed, notice_owed_sql
from notifier.owing import Matter
from notifier.states import NoticeKind
from risk import Exposure, Severity
from storage import Database, Tx, instant
from tests.notifier.stage import AT_RISK, SAFE, Stage

FIRST = (NoticeKind.WARNING, NoticeKind.RECOVERY)
CLOSING = (Cause.RESOLVED, Cause.WITHDRAWN)
EXPOSURES: Sequence[Exposure | None] = (None, *Exposure)


@pytest.mark.parametrize("told_anew", [False, True])
@pytest.mark.parametrize("severity", list(Severity))
async def test_the_table_says_the_same_in_sql(database: Database, severity: Severity, *, told_anew: bool) -> None:
    def found(tx: Tx, cause: Cause) -> dict[tuple[str | None, str | None], str | None]:
        pairs = " UNION ALL ".join(
            f"SELECT {_literal(before)} AS before, {_literal(after)} AS after"
            for before in EXPOSURES
            for after in EXPOSURES
        )
        kind = notice_owed_sql(cause, severity, told_anew=told_anew)
        rows = tx.built(f"SELECT before, after, {kind} AS kind FROM ({pairs}) p", {})  # noqa: S608 - names of our own
        return {(row["before"], row["after"]): row["kind"] for row in rows}

    for cause in Cause:
        assert await database.read(found, cause) == {
            (before, after): notice_owed(before, after, cause, severity, told_anew=told_anew)
            for before in EXPOSURES
            for after in EXPOSURES
        }


def _literal(exposure: Exposure | None) -> str:
    return f"CAST({'NULL' if exposure is None else repr(exposure.value)} AS TEXT)"


@dataclass
class Notice:
    """A notice of the model."""

    kind: NoticeKind
    state: str
    lines: set[int]
    episode: int


@dataclass
class Model:
    """What one recipient has been owed so far, worked out one notice at a time."""

    notices: list[Notice] = field(default_factory=list)
    exposures: dict[int, Exposure | None] = field(default_factory=dict)

    def record(self, changes: Sequence[Change], cause: Cause, severity: Severity, *, told_anew: bool) -> None:
        self.exposures |= {change.install_no: change.after for change in changes}
        for notice in self.notices:
            if notice.state == "PENDING" and not self._fits(notice):
                notice.state = "CANCELLED"
        past = list(self.notices)
        owed: dict[NoticeKind, set[int]] = {}
        for change in changes:
            kind = notice_owed(change.before, change.after, cause, severity, told_anew=told_anew)
            if kind is not None:
                owed.setdefault(kind, set()).add(change.install_no)
        for kind in FIRST:
            if kind in owed:
                notice = _open(past, kind) or self._owe(kind)
                notice.lines |= owed[kind]
        told = _open(past, *FIRST)
        if told is None or told.state not in {"SENT", "IN_DOUBT"}:
            return
        waiting = _open(past, NoticeKind.CORRECTION)
        if NoticeKind.CORRECTION in owed and (waiting is None or waiting.state != "PENDING"):
            self._owe(NoticeKind.CORRECTION).lines |= told.lines
        lines = set().union(*(notice.lines for notice in self.notices))
        concerned = any(self.exposures.get(line) for line in lines)
        if cause in CLOSING or (NoticeKind.ALL_CLEAR in owed and not concerned):
            self._owe(NoticeKind.ALL_CLEAR).lines |= told.lines

    def _owe(self, kind: NoticeKind) -> Notice:
        episode = 1 + sum(notice.kind is kind for notice in self.notices)
        self.notices.append(Notice(kind, "PENDING", set(), episode))
        return self.notices[-1]

    def _fits(self, notice: Notice) -> bool:
        states = {self.exposures.get(line) for line in notice.lines}
        warned, upgraded = {Exposure.AT_RISK, Exposure.CANNOT_TELL}, {Exposure.ALREADY_UPGRADED, Exposure.REPAIR_OWED}
        return {
            NoticeKind.WARNING: bool(states & warned),
            NoticeKind.RECOVERY: bool(states & upgraded),
            NoticeKind.CORRECTION: bool(states - {None}),
            NoticeKind.ALL_CLEAR: not states & warned,
        }[notice.kind]


def _open(notices: Sequence[Notice], *kinds: NoticeKind) -> Notice | None:
    """Return the newest notice of these kinds that was not called off and that no all-clear has closed."""
    found = None
    for notice in notices:
        if notice.state != "CANCELLED":
            found = None if notice.kind is NoticeKind.ALL_CLEAR else notice if notice.kind in kinds else found
    return found


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.torture) for seed in range(1, 20))])
async def test_pages_owe_what_one_notice_at_a_time_would(stage: Stage, seed: int) -> None:
    rng = random.Random(seed)
    for install in ("one", "two", "three"):
        await stage.holds("ann", install, **SAFE)
    defect_id = await stage.publish()
    numbers = await stage.database.read(_install_numbers)
    model, kinds = Model(), Counter[NoticeKind]()
    for _ in range(50):
        cause, told_anew = rng.choice(list(Cause)), rng.random() < 0.5
        changes = [
            Change(number, 1, model.exposures.get(number), rng.choice([*EXPOSURES, model.exposures.get(number)]))
            for number in numbers
            if rng.random() < 0.6
        ]
        await stage.database.call(_record, stage, defect_id, changes, cause, told_anew)
        model.record(changes, cause, Severity.DATA_LOSS, told_anew=told_anew)
        assert await stage.database.read(_written) == _expected(model)
        await stage.database.call(_move_on, rng.random() < 0.6)
        await _follow(stage, model)
    kinds.update(notice.kind for notice in model.notices)
    assert set(kinds) == set(NoticeKind)


def _record(tx: Tx, stage: Stage, defect_id: str, changes: Sequence[Change], cause: Cause, told_anew: bool) -> None:  # noqa: FBT001 - database.call passes it on
    matter = Matter(defects.find(tx, defect_id), cause, instant(stage.now), told_anew)
    owing.record(tx, matter, Span.one(1), changes, stage.now)


def _install_numbers(tx: Tx) -> list[int]:
    return [row["no"] for row in tx.built("SELECT no FROM installs ORDER BY no", {})]


def _written(tx: Tx) -> list[tuple[Any, ...]]:
    rows = tx.built("SELECT no, kind, state, episode FROM notices ORDER BY no", {})
    lines = tx.built("SELECT notice_no, install_no FROM notice_installs ORDER BY install_no", {})
    return [
        (
            row["kind"],
            row["state"],
            row["episode"],
            tuple(line["install_no"] for line in lines if line["notice_no"] == row["no"]),
        )
        for row in rows
    ]


def _expected(model: Model) -> list[tuple[Any, ...]]:
    return [(each.kind.value, each.state, each.episode, tuple(sorted(each.lines))) for each in model.notices]


def _move_on(tx: Tx, arrives: bool) -> None:  # noqa: FBT001 - as above
    """Let what waits arrive, or go on waiting."""
    if arrives:
        tx.run_built("UPDATE notices SET state = 'SENT' WHERE state = 'PENDING'", {})
        tx.run_built("UPDATE deliveries SET state = 'SENT' WHERE state = 'PENDING'", {})


async def _follow(stage: Stage, model: Model) -> None:
    for notice, written in zip(model.notices, await stage.database.read(_written), strict=True):
        notice.state = written[1]


@pytest.mark.parametrize("severity", list(Severity))
@pytest.mark.parametrize("record", [{}, {"email": None}, {"webhook": "https://hooks.example.com/in"}])
async def test_each_notice_gets_the_deliveries_that_its_recipient_wants(
    stage: Stage, severity: Severity, record: dict[str, Any]
) -> None:
    for number, floor in enumerate((None, "data-loss", "outage", "cosmetic", "nothing")):
        await stage.customer(f"c{number}", **record)
        await stage.database.call(_prefer, f"c{number}", floor, stage)
        await stage.check_in(f"i{number}", customer=f"c{number}", footprint=AT_RISK)
    await stage.publish(severity=severity.value)
    assert await stage.database.read(_ways_written) == (
        await stage.database.read(_ways_wanted, severity) if severity is not Severity.COSMETIC else {}
    )


def _prefer(tx: Tx, customer: str, floor: Any, stage: Stage) -> None:
    if floor is not None:
        number = customers.number(tx, customer)
        preferences.choose(tx, number, PreferencesWish(email=floor, webhook=floor), "ann", stage.now)


def _ways_written(tx: Tx) -> dict[int, list[tuple[str, str | None]]]:
    found: dict[int, list[tuple[str, str | None]]] = {}
    text = (
        "SELECT n.recipient, d.channel, d.address FROM deliveries d JOIN notices n ON n.no = d.notice_no ORDER BY d.no"
    )
    for row in tx.built(text, {}):
        found.setdefault(row["recipient"], []).append((row["channel"], row["address"]))
    return {recipient: sorted(ways) for recipient, ways in found.items()}


def _ways_wanted(tx: Tx, severity: Severity) -> dict[int, list[tuple[str, str | None]]]:
    numbers = [row["no"] for row in tx.built("SELECT no FROM customers", {})]
    contacts = customers.contacts(tx, numbers)
    return {number: sorted(owing.ways_to(contacts[number], severity)) for number in numbers}
