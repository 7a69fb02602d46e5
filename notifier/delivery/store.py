"""What became of deliveries: each change names the state and the fence it was decided on, and notices follow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from installs_registry.installed import as_json
from notifier.delivery import suppressing
from notifier.delivery.claims import Claimed, Outcome
from notifier.states import NoticeState, require_legal
from storage import Statements, Tx, instant

sql = Statements(__package__)


def cancel(tx: Tx, claimed: Claimed, reason: str, now: datetime) -> None:
    """Give up a notice that does not fit any more, on all of its channels."""
    tx.run(sql.cancel_waiting, notice_no=claimed.notice_no, reason=reason)
    settle(tx, [Outcome(claimed, NoticeState.CANCELLED, reason, due_at=now)], now)


def put_back(tx: Tx, claimed: Claimed, now: datetime, *, until: datetime | None = None) -> None:
    """Let a delivery wait again as if it had not been claimed; `until` when, None: it is due at once."""
    due_at = until or now
    settle(tx, [Outcome(claimed, NoticeState.PENDING, "put back before it was sent", due_at=due_at, untried=True)], now)


def settle(tx: Tx, outcomes: Sequence[Outcome], now: datetime) -> int:
    """Write what became of deliveries; return how many still were in the worker's hands."""
    at = instant(now)
    written = _write(tx, outcomes, at)
    for outcome in outcomes:
        if outcome.refused:
            suppressing.suppress(tx, outcome.refused, outcome.reply, now)
    if written != len(outcomes):
        follow(tx, [outcome.claimed.notice_no for outcome in outcomes])
        return written
    sent = {outcome.claimed.notice_no for outcome in outcomes if outcome.after is NoticeState.SENT}
    if sent:
        tx.run(sql.follow_sent, numbers=as_json(sorted(sent)), now=at)
    follow(tx, {outcome.claimed.notice_no for outcome in outcomes} - sent)
    return written


class _Alike(NamedTuple):
    """What several outcomes may have in common; truths as the database has them."""

    fence: int
    after: NoticeState
    due_at: str
    handed_over: int
    doubtful: int
    untried: int
    lane: str | None


def _write(tx: Tx, outcomes: Sequence[Outcome], at: str) -> int:
    """Write outcomes, which `at` became known; return how many deliveries still were in the worker's hands."""
    replies: defaultdict[_Alike, dict[int, str]] = defaultdict(dict)
    for outcome in outcomes:
        replies[_alike(outcome, at)][outcome.claimed.no] = outcome.reply
    for alike in replies:
        require_legal(NoticeState.SENDING, alike.after)
    if tx.dialect == "postgresql":
        rows = [
            {**alike._asdict(), "no": no, "reply": reply, "now": at}
            for alike, those in replies.items()
            for no, reply in those.items()
        ]
        return tx.at_once(sql.settle, rows)
    return sum(
        tx.run(sql.settle, **alike._asdict(), now=at, replies=by_number(those)) for alike, those in replies.items()
    )


def _alike(outcome: Outcome, at: str) -> _Alike:
    after = outcome.after
    due_at = instant(outcome.due_at) if after is NoticeState.PENDING else at
    handed_over, doubtful, untried = int(outcome.handed_over), int(outcome.doubtful), int(outcome.untried)
    return _Alike(outcome.claimed.fence, after, due_at, handed_over, doubtful, untried, outcome.lane)


def by_number(values: Mapping[int, object]) -> str:
    """Return what several rows have each of its own, by number, as one parameter."""
    return msgspec.json.encode(values).decode()


def follow(tx: Tx, notices: Iterable[int]) -> None:
    """Give notices the state of the best of their deliveries: SENT, IN_DOUBT, SENDING, PENDING, FAILED, CANCELLED."""
    numbers = sorted(set(notices))
    if not numbers:
        return
    listed = as_json(numbers)
    if tx.dialect == "postgresql":
        # Two channels of one notice may be settled at once; each must then see what the other wrote.
        tx.tuples(sql.lock_notices, numbers=listed)
    tx.run(sql.follow, numbers=listed)
