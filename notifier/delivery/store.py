"""What became of deliveries: each change names the state and the fence it was decided on, and notices follow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

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
    if len(sent) < len(outcomes):
        follow(tx, {outcome.claimed.notice_no for outcome in outcomes} - sent)
    return written


class _Alike(NamedTuple):
    """What several outcomes may have in common."""

    fence: int
    after: NoticeState
    #: None: nothing follows.
    due_at: datetime | None
    handed_over: bool
    doubtful: bool
    untried: bool
    lane: str | None

    def parameters(self, at: str) -> dict[str, object]:
        """Return all of it as the database has it, where it became known at this instant."""
        return {
            "fence": self.fence,
            "after": self.after,
            "due_at": instant(self.due_at) if self.due_at else at,
            "handed_over": int(self.handed_over),
            "doubtful": int(self.doubtful),
            "untried": int(self.untried),
            "lane": self.lane,
            "now": at,
        }


def _write(tx: Tx, outcomes: Sequence[Outcome], at: str) -> int:
    """Write outcomes, which `at` became known; return how many deliveries still were in the worker's hands."""
    by_likeness = _by_likeness(outcomes)
    for alike in by_likeness:
        require_legal(NoticeState.SENDING, alike.after)
    if tx.dialect == "postgresql":
        rows = [
            {**alike.parameters(at), "no": no, "reply": reply}
            for alike, replies in by_likeness.items()
            for no, reply in replies.items()
        ]
        return tx.at_once(sql.settle, rows)
    return sum(
        tx.run(sql.settle, **alike.parameters(at), replies=by_number(replies)) for alike, replies in by_likeness.items()
    )


def _by_likeness(outcomes: Sequence[Outcome]) -> dict[_Alike, dict[int, str]]:
    """Return the replies by the deliveries' numbers, together those that are alike in all else."""
    # A tuple is made in a third of the time.
    found: defaultdict[tuple[Any, ...], dict[int, str]] = defaultdict(dict)
    for each in outcomes:
        due_at = each.due_at if each.after is NoticeState.PENDING else None
        key = (each.claimed.fence, each.after, due_at, each.handed_over, each.doubtful, each.untried, each.lane)
        found[key][each.claimed.no] = each.reply
    return {_Alike(*key): replies for key, replies in found.items()}


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
