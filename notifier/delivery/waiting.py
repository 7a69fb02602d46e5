"""What waits, in queues: of one channel, one defect and one generation of it, one priority.

What is held back is so as a whole: a defect that is paused, what an older generation made, mail without a mail server.
Its queue is passed by, so that to claim takes no longer for all that must not leave yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct

from installs_registry.installed import as_json
from notifier.delivery.claims import Channel
from notifier.states import NoticeKind
from storage import Statements, Tx, instant

sql = Statements(__package__, "waiting.sql")


class Due(Struct, frozen=True, array_like=True, gc=False):
    """A delivery as it is claimed, or was when its lease ran out."""

    no: int
    notice_no: int
    notice: str
    fence: int
    attempts: int
    channel: Channel
    address: str | None
    message_id: str | None
    kind: NoticeKind
    defect_no: int
    recipient: int
    generation: int


class _Queue(Struct, frozen=True, array_like=True, gc=False):
    """A queue, by the first that stands in it; 1 for what is so."""

    channel: Channel | Literal["in_app"]
    defect_no: int
    generation: int
    priority: int
    #: When its first is due, an instant.
    due_at: str
    #: The defect's generation; None: there is no such defect, as a process of an older version wrote none.
    present: int | None
    is_swept: int
    is_held: int

    @property
    def key(self) -> dict[str, object]:
        """What all in it have in common."""
        return {
            "channel": self.channel,
            "defect_no": self.defect_no,
            "generation": self.generation,
            "priority": self.priority,
        }


def due(tx: Tx, now: datetime, most: int, *, mail: bool) -> list[Due]:
    """Return up to `most` deliveries that are due, the gravest and oldest first, held against others on PostgreSQL.

    What an older generation made waits until the sweep has looked at it again; without `mail`, mail waits.
    """
    _plan_without_sorting(tx, on=True)
    at = instant(now)
    queues = _queues(tx, ["email", "webhook"] if mail else ["webhook"], at)
    free = [each for each in queues if each.generation == each.present and not each.is_held and each.due_at <= at]
    found: list[Due] = []
    for queue in sorted(free, key=lambda each: (each.priority, each.due_at, each.defect_no)):
        if len(found) < most:
            found += tx.records(sql.due, Due, now=at, most=most - len(found), **queue.key)
    _plan_without_sorting(tx, on=False)
    return found


def catch_up(tx: Tx, now: datetime) -> int:
    """Let go what a sweep passed by while it was being sent; return how many deliveries.

    They came back to waiting under the generation of their claim, and the sweep has ended. What a process of an older
    version has written meanwhile gets into its queue.
    """
    queues = _queues(tx, ["email", "webhook", "in_app"], instant(now))
    adopted = sum(tx.run(sql.adopt, **each.key) for each in queues if each.present is None)
    behind = [each for each in queues if each.present not in {None, each.generation} and not each.is_swept]
    return adopted + sum(_let_go(tx, each) for each in behind)


def _let_go(tx: Tx, queue: _Queue) -> int:
    notices = [no for (no,) in tx.tuples(sql.let_go, present=queue.present, **queue.key)]
    tx.run(sql.bring_up, present=queue.present, numbers=as_json(sorted(set(notices))))
    return len(notices)


def _queues(tx: Tx, channels: Sequence[str], at: str) -> Sequence[_Queue]:
    return tx.records(sql.heads, _Queue, channels=as_json(channels), now=at)


def _plan_without_sorting(tx: Tx, *, on: bool) -> None:
    if tx.dialect == "postgresql":
        tx.tuples(sql.without_sorting if on else sql.with_sorting)
