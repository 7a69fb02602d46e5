"""How far a defect's deliveries are: counted when asked, and followed as they go."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog

from feeds import holds
from feeds import store as defects
from notifier.delivery import lane_store
from notifier.states import NoticeState
from notifier.taken_back import taken_back
from notifier.types import ProgressView
from storage import Clock, Database, Row, Statements, StorageError, Tx, instant, parse_instant

sql = Statements(__package__, "ledger.sql")

#: Over how long the present rate of sending is measured at most.
RATE_OVER: Final = timedelta(seconds=60)
#: Seconds from one look to the next.
TICK: Final = 1.0
#: How much longer than a look itself is waited for the next, so that looking takes a tenth of a core at most.
_IDLE: Final = 9
#: What the app fetches when it asks next: nothing that we send.
_FETCHED: Final = "in_app"


def progress(tx: Tx, defect_id: str, now: datetime) -> ProgressView:
    """Count the deliveries of a defect; raises NotFound."""
    defect = defects.find(tx, defect_id)
    sweep = tx.one(sql.latest_sweep, defect_no=defect.no) or {}
    since = _rate_since(sweep.get("started_at"), now)
    pause = holds.active(tx, defect.no, now).pause
    rows = tx.all(sql.count_deliveries, defect_no=defect.no, since=instant(since))
    counted = _counted(rows, now - since, sweeping=bool(sweep.get("under_way")))
    held = lane_store.held(tx)
    return msgspec.structs.replace(
        counted,
        resting={lane: instant(rest.until) for lane, rest in lane_store.rests(tx).items()},
        held_since=held.since if held else None,
        paused_until=pause.until if pause else None,
        taken_back=taken_back(tx, defect.no),
    )


def _rate_since(started_at: str | None, now: datetime) -> datetime:
    """Return from when the rate is measured: not from before this sending began, and over a second at least."""
    earliest = now - RATE_OVER
    begun = earliest if started_at is None else max(earliest, parse_instant(started_at))
    return min(begun, now - timedelta(seconds=1))


def _counted(rows: list[Row], over: timedelta, *, sweeping: bool) -> ProgressView:
    """Return what the deliveries themselves tell."""
    states = dict.fromkeys(NoticeState, 0)
    by_channel: dict[str, int] = {}
    for row in rows:
        states[NoticeState(row["state"])] += row["deliveries"]
        by_channel[row["channel"]] = by_channel.get(row["channel"], 0) + row["deliveries"]
    waiting = (row for row in rows if row["state"] == NoticeState.PENDING and row["channel"] == _FETCHED)
    waiting_in_app = sum(row["deliveries"] for row in waiting)
    left = states[NoticeState.PENDING] - waiting_in_app + states[NoticeState.SENDING]
    rate = sum(row["lately"] for row in rows) / over.total_seconds()
    return ProgressView(
        total=sum(states.values()),
        pending=states[NoticeState.PENDING],
        sending=states[NoticeState.SENDING],
        sent=states[NoticeState.SENT],
        failed=states[NoticeState.FAILED],
        cancelled=states[NoticeState.CANCELLED],
        in_doubt=states[NoticeState.IN_DOUBT],
        by_channel=by_channel,
        channels=_by_state(rows, "channel"),
        lanes=_by_state([row for row in rows if row["lane"] is not None], "lane"),
        retrying=sum(row["retrying"] for row in rows),
        waiting_in_app=waiting_in_app,
        per_second=round(rate, 3),
        rate_over_seconds=round(over.total_seconds(), 3),
        seconds_left=round(left / rate, 1) if left and rate else None,
        sweeping=sweeping,
        resting={},
        held_since=None,
        paused_until=None,
        done=not left and not sweeping,
        taken_back=None,
    )


def _by_state(rows: list[Row], by: str) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for row in rows:
        of_one = counts.setdefault(row[by], {})
        state = row["state"].lower()
        of_one[state] = of_one.get(state, 0) + row["deliveries"]
    return counts


def mark(view: ProgressView) -> str:
    """Return what names a state of the progress, in every process alike: whoever has seen it need not see it again."""
    still = msgspec.structs.replace(view, per_second=0.0, rate_over_seconds=0.0, seconds_left=None)
    return hashlib.sha256(msgspec.json.encode(still, order="sorted")).hexdigest()[:16]


class Watching:
    """Follows the progress of defects: one look a tick at each that is followed, however many follow it."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._database = database
        self._clock = clock
        self._pause = pause
        self._looks: dict[str, _Look] = {}

    @property
    def followers(self) -> int:
        """How many follow something now."""
        return sum(look.followers for look in self._looks.values())

    async def follow(self, defect: str) -> AsyncGenerator[ProgressView, None]:
        """Yield the progress at once, then whenever it changes, until nothing is left to send; raises NotFound.

        Close it (`contextlib.aclosing`) where it is left early.
        """
        look = self._looks.get(defect)
        if look is None:
            look = self._looks[defect] = _Look(asyncio.create_task(self._keep_looking(defect)))
        look.followers += 1
        try:
            seen = None
            while (view := await look.other_than(seen)) is not None:
                yield view
                seen = view
        finally:
            look.followers -= 1
            if not look.followers:
                look.task.cancel()
                if self._looks.get(defect) is look:
                    del self._looks[defect]

    def close(self) -> None:
        """Let everybody who follows something come to the end."""
        for look in self._looks.values():
            look.end()

    async def _keep_looking(self, defect: str) -> None:
        done = False
        # The first turn comes when whoever began it waits.
        look = self._looks[defect]
        while not done:
            started = time.perf_counter()
            try:
                view = await self._database.read(progress, defect, self._clock.now())
            except StorageError:
                structlog.get_logger("forewarn.progress").exception("progress_not_read", defect=defect)
            except Exception as error:  # noqa: BLE001 - whoever follows it is told
                look.end(error)
                return
            else:
                look.show(view)
                done = view.done
            if not done:
                await self._pause(max(TICK, _IDLE * (time.perf_counter() - started)))
        self._looks.pop(defect, None)
        look.end()


class _Look:
    """What is known of one defect's progress, and who waits for more."""

    def __init__(self, task: asyncio.Task[None]) -> None:
        self.task = task
        self.followers = 0
        self._latest: ProgressView | None = None
        self._ended = False
        self._error: Exception | None = None
        self._changed = asyncio.Event()

    def show(self, view: ProgressView) -> None:
        """Tell everybody, if it is new."""
        if view != self._latest:
            self._latest = view
            self._wake()

    def end(self, error: Exception | None = None) -> None:
        """Say that nothing more will come."""
        self._ended, self._error = True, error
        self._wake()

    async def other_than(self, seen: ProgressView | None) -> ProgressView | None:
        """Return the newest view once it is another than the one seen; None: nothing more will come."""
        while self._latest is seen:
            if self._error is not None:
                raise self._error
            if self._ended:
                return None
            await self._changed.wait()
        return self._latest

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
