"""The last look at a message before it leaves: it is marked as handed over, or put back, or cancelled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from enum import Enum

from msgspec import Struct

from feeds.life import State
from installs_registry.installed import as_json
from notifier.delivery.claims import Claimed, LineState
from notifier.delivery.fitting import fits, misfit
from notifier.delivery.owed_notices import told_of
from notifier.delivery.store import by_number, cancel, put_back
from notifier.states import NoticeKind, NoticeState
from risk import Exposure
from storage import Row, Statements, Tx, instant

sql = Statements(__package__, "last_look.sql")

#: An all-clear waits so long for the answer to the warning that it takes back, and then looks again.
_UNTIL_KNOWN = timedelta(seconds=1)


class Permission(Enum):
    """What the last look before sending says."""

    #: Send it: from here it is in doubt until the answer comes.
    GO = "go"
    #: Not now, or not in these words: it has been put back.
    LATER = "later"
    #: It does not fit any more: it has been cancelled.
    NEVER = "never"
    #: The lease ran out and another worker has it.
    LOST = "lost"


class Beginning(Struct, frozen=True):
    """A message that is about to leave."""

    claimed: Claimed
    #: What it was written from.
    written_from: frozenset[LineState]
    message_id: str


def begin(tx: Tx, claimed: Claimed, written_from: frozenset[LineState], message_id: str, now: datetime) -> Permission:
    """Look once more, just before the message goes: mark it handed over, or put it back, or cancel it (rule 9)."""
    return begin_all(tx, [Beginning(claimed, written_from, message_id)], now)[0]


def begin_all(tx: Tx, beginnings: Sequence[Beginning], now: datetime) -> list[Permission]:
    """Do as `begin` for several messages of one worker, with one look at each thing."""
    if tx.dialect == "sqlite" and _may_all_go(tx, beginnings, now):
        _hand_over(tx, beginnings, now)
        return [Permission.GO] * len(beginnings)
    return _decide(tx, beginnings, now)


def _may_all_go(tx: Tx, beginnings: Sequence[Beginning], now: datetime) -> bool:
    """Return whether all messages speak of one install each, and nothing has changed for any of them."""
    written = {each.claimed.no: _of_one_install(each) for each in beginnings}
    if None in written.values() or len(written) < len(beginnings):
        # A delivery is twice there that was claimed again before its first claim had left our hands.
        return False
    return bool(tx.value(sql.may_all_go, now=instant(now), written=by_number(written), messages=len(written)))


def _of_one_install(beginning: Beginning) -> str | None:
    """Return what a message was written from in the words of `may_all_go`, None where it takes a closer look."""
    claimed, lines = beginning.claimed, beginning.written_from
    if claimed.kind is NoticeKind.ALL_CLEAR or len(lines) > 1:
        return None
    for line in lines:
        if fits(claimed.kind, line.exposure):
            return f"{claimed.fence}/{line.install_no}/{line.version_no}/{line.exposure}"
    return None


def _decide(tx: Tx, beginnings: Sequence[Beginning], now: datetime) -> list[Permission]:
    """Decide on each by itself."""
    ours = as_json([each.claimed.no for each in beginnings])
    matters = {(row.no, row.fence): row for row in tx.records(sql.matters, _Matter, numbers=ours, now=instant(now))}
    standing = _standing(tx, [each.claimed.notice_no for each in beginnings])
    cleared = [each.claimed.notice_no for each in beginnings if each.claimed.kind is NoticeKind.ALL_CLEAR]
    told = told_of(tx, cleared) if cleared else {}
    permissions = []
    for each in beginnings:
        claimed = each.claimed
        matter, lines = matters.get((claimed.no, claimed.fence)), standing[claimed.notice_no]
        permissions.append(_permission(tx, each, matter, lines, told.get(claimed.notice_no), now))
    _hand_over(tx, [each for each, may in zip(beginnings, permissions, strict=True) if may is Permission.GO], now)
    return permissions


class _Matter(Struct, frozen=True, array_like=True, gc=False):
    """How a delivery in a worker's hands stands; 1 for what is so."""

    no: int
    fence: int
    is_current: int
    defect_state: State
    paused: int
    held: int


class _Line(Struct, frozen=True, array_like=True, gc=False):
    """One line of a notice, as far as words rest on it."""

    notice_no: int
    install_no: int
    version_no: int
    exposure: Exposure | None


def _standing(tx: Tx, notices: Sequence[int]) -> Mapping[int, AbstractSet[LineState]]:
    """Return what each of several notices would be written from now."""
    lines: dict[int, set[LineState]] = {no: set() for no in notices}
    for line in tx.records(sql.standing, _Line, numbers=as_json(lines)):
        lines[line.notice_no].add(LineState(line.install_no, line.version_no, line.exposure))
    return lines


class _Held(Struct, frozen=True, array_like=True, gc=False):
    """A delivery that is still a worker's."""

    no: int
    fence: int


def still_stand(tx: Tx, marked: Sequence[Claimed], now: datetime) -> list[bool]:
    """Return for each of several deliveries that have been marked whether nothing has taken it back since.

    Neither was its defect withdrawn, changed or paused, nor the mail held, nor has another worker got it. The lines of
    its notice are not looked at.
    """
    ours = as_json([each.no for each in marked])
    standing = {(held.no, held.fence) for held in tx.records(sql.still_stand, _Held, numbers=ours, now=instant(now))}
    return [(each.no, each.fence) in standing for each in marked]


def of_all(marked: Sequence[Claimed], now: datetime) -> dict[str, object] | None:
    """Return the parameters of `do_all_stand`, None where one answer cannot be given for all."""
    held = {each.no: each.fence for each in marked}
    claimed_under = {(each.defect_no, each.generation) for each in marked}
    generations = dict(claimed_under)
    if len(held) < len(marked) or len(generations) < len(claimed_under):
        return None
    both = {"held": by_number(held), "claimed_under": by_number(generations)}
    return {**both, "deliveries": len(held), "now": instant(now)}


def _permission(
    tx: Tx,
    beginning: Beginning,
    matter: _Matter | None,
    standing: AbstractSet[LineState],
    told: Row | None,
    now: datetime,
) -> Permission:
    """Decide on one message, and put it back or cancel it where it must not go."""
    claimed = beginning.claimed
    if matter is None:
        return Permission.LOST
    exposures = {line.exposure for line in standing}
    reason = misfit(claimed.kind, matter.defect_state, exposures, was_told=told is not None)
    if reason is not None:
        cancel(tx, claimed, reason, now)
        return Permission.NEVER
    if told is not None and told["state"] == NoticeState.SENDING:
        # An all-clear: what it answers may yet be held back.
        put_back(tx, claimed, now, until=now + _UNTIL_KNOWN)
        return Permission.LATER
    if matter.paused or matter.held or not matter.is_current or standing != beginning.written_from:
        put_back(tx, claimed, now)
        return Permission.LATER
    return Permission.GO


def _hand_over(tx: Tx, going: Sequence[Beginning], now: datetime) -> None:
    at = instant(now)
    if tx.dialect == "postgresql":
        rows = [(each.claimed.no, each.claimed.fence, each.message_id) for each in going]
        tx.at_once(
            sql.hand_over,
            [{"no": no, "fence": fence, "now": at, "message_id": message_id} for no, fence, message_id in rows],
        )
        return
    message_ids: defaultdict[int, dict[int, str]] = defaultdict(dict)
    for each in going:
        message_ids[each.claimed.fence][each.claimed.no] = each.message_id
    for fence, of_fence in message_ids.items():
        tx.run(sql.hand_over, fence=fence, now=at, message_ids=by_number(of_fence))
