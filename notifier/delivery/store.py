"""Deliveries in the database: each change names the state and the fence it was decided on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple

import msgspec
from msgspec import Struct

from feeds import store as defects
from feeds.life import State
from installs_registry.installed import as_json
from notifier.delivery import suppressing
from notifier.delivery.claims import Channel, Claimed, LineState, NoticeLine, Outcome, OwedNotice
from notifier.delivery.fitting import misfit
from notifier.delivery.retrying import Patience
from notifier.states import NoticeKind, NoticeState, require_legal
from risk import Exposure, Severity
from storage import Row, Statements, StorageError, Tx, instant
from storage.outcomes import NotFound

sql = Statements(__package__)

#: How long a claim lasts unless it is renewed or set otherwise; a dead process's work is taken up soon after.
LEASE = timedelta(seconds=45)
#: An all-clear waits so long for the answer to the warning that it takes back, and then looks again.
_UNTIL_KNOWN = timedelta(seconds=1)


class _Due(Struct, frozen=True, array_like=True, gc=False):
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


def claim(tx: Tx, worker: str, now: datetime, *, most: int, mail: bool, lease: timedelta = LEASE) -> list[Claimed]:
    """Lease up to `most` deliveries that are due, the gravest and oldest first; without `mail`, mail waits."""
    rows = tx.records(sql.due, _Due, now=instant(now), most=most, mail=int(mail))
    if not rows:
        return []
    claimed = _claimed(tx, rows)
    numbers = as_json([each.no for each in claimed])
    if tx.run(sql.claim, numbers=numbers, worker=worker, until=instant(now + lease)) != len(claimed):
        raise StorageError("what was due and held was another's all the same")
    tx.run(sql.follow_claim, numbers=as_json(sorted({each.notice_no for each in claimed})))
    return claimed


def renew(tx: Tx, held: Sequence[Claimed], now: datetime, *, lease: timedelta = LEASE) -> int:
    """Prolong the leases of what is still in a worker's hands and has not run out; return how many.

    What could not be recorded is in nobody's hands any more: its lease runs out although its process lives.
    """
    terms = {"now": instant(now), "until": instant(now + lease)}
    return tx.at_once(sql.renew, [{"no": each.no, "fence": each.fence, **terms} for each in held])


@dataclass(frozen=True, slots=True)
class Beginning:
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
        tx.run(sql.hand_over, fence=fence, now=at, message_ids=_by_number(of_fence))


def owed_notice(tx: Tx, notice: str) -> OwedNotice:
    """Return a notice as far as its words depend on it; raises NotFound."""
    row = tx.one(sql.owed_notice, notice=notice)
    if row is None:
        raise NotFound("There is no such notice.")
    return OwedNotice(**{**row, "kind": NoticeKind(row["kind"])})


def lines_of(tx: Tx, notices: Collection[int]) -> dict[int, list[NoticeLine]]:
    """Return the installs of each of several notices as they are now, by its number."""
    found: dict[int, list[NoticeLine]] = {no: [] for no in notices}
    for line in tx.records(sql.lines_of, _LineOf, numbers=as_json(found)):
        found[line.notice_no].append(NoticeLine(line.install_no, line.install, line.version_no, line.exposure))
    for lines in found.values():
        if len(lines) > 1:
            lines.sort()
    return found


class _LineOf(Struct, frozen=True, array_like=True, gc=False):
    """An install that a notice is about."""

    notice_no: int
    install_no: int
    install: str
    version_no: int
    exposure: Exposure | None


def told(tx: Tx, notice_no: int) -> Row | None:
    """Return how the recipient was told of the defect before this notice, None where nothing has arrived.

    revision, sent_at, and of its mail message_id and handed_over_at; None where there was no mail.
    """
    return tx.one(sql.told, notice_no=notice_no)


def told_of(tx: Tx, notices: Collection[int]) -> dict[int, Row]:
    """Return the same as `told` for each of several notices, by its number; who was not told is left out."""
    newest: dict[int, Row] = {}
    for row in tx.all(sql.told_of, numbers=as_json(notices)):
        newest[row["notice_no"]] = row
    return newest


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
        tx.run(sql.settle, **alike._asdict(), now=at, replies=_by_number(those)) for alike, those in replies.items()
    )


def _alike(outcome: Outcome, at: str) -> _Alike:
    after = outcome.after
    due_at = instant(outcome.due_at) if after is NoticeState.PENDING else at
    handed_over, doubtful, untried = int(outcome.handed_over), int(outcome.doubtful), int(outcome.untried)
    return _Alike(outcome.claimed.fence, after, due_at, handed_over, doubtful, untried, outcome.lane)


def _by_number(values: Mapping[int, str]) -> str:
    """Return what several deliveries have each of its own, by number, as one parameter."""
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


def expire(tx: Tx, patience: Patience, now: datetime) -> int:
    """Take up what workers have left behind; return how many deliveries.

    What had not been handed over waits again; what had is in doubt, and sent again where hearing twice is better
    than never. Notices that a sweep passed by while they were being sent are brought to their defect's generation.
    """
    rows = tx.tuples(sql.expired, now=instant(now))
    handed_over = {row[0]: bool(row[-1]) for row in rows}
    claimed = _claimed(tx, msgspec.convert([row[:-1] for row in rows], list[_Due]))
    outcomes = [patience.abandoned(each, now, handed_over=handed_over[each.no]) for each in claimed]
    if outcomes:
        settle(tx, outcomes, now)
    tx.run(sql.catch_up)
    return len(outcomes)


def _claimed(tx: Tx, rows: Sequence[_Due]) -> list[Claimed]:
    severities = {no: _severity(tx, no) for no in {row.defect_no for row in rows}}
    return [
        Claimed(
            notice_no=row.notice_no,
            notice=row.notice,
            kind=row.kind,
            defect_no=row.defect_no,
            recipient=row.recipient,
            no=row.no,
            fence=row.fence,
            attempts=row.attempts,
            channel=row.channel,
            address=row.address,
            message_id=row.message_id,
            severity=severities[row.defect_no],
        )
        for row in rows
    ]


def _severity(tx: Tx, defect_no: int) -> Severity:
    return defects.find_by_number(tx, defect_no).report.severity
