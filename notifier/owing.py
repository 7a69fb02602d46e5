"""Write down changed exposures and the notices they make us owe, in the transaction of their cause."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from feeds.defects import Defect
from installs_registry import customers
from installs_registry.customers import Contact
from notifier.delivery.retrying import priority
from notifier.exposures import Change, Span
from notifier.owed import Cause, notice_owed
from notifier.states import NoticeKind
from storage import Statements, Tx, instant, new_id

sql = Statements(__package__)

_TOLD = frozenset({"SENT", "IN_DOUBT"})

#: Whoever was told hears the end of it, also those who have moved to a safe release by themselves.
_CLOSING = frozenset({Cause.RESOLVED, Cause.WITHDRAWN})


@dataclass(frozen=True, slots=True)
class Matter:
    """What is being told: the defect, what happened, and whether the told need to hear it anew."""

    defect: Defect
    cause: Cause
    #: Since when it is owed, an instant: the moment of the publication, or of the check-in.
    since: str
    told_anew: bool = False


def record(tx: Tx, matter: Matter, span: Span, changes: Sequence[Change], now: datetime) -> None:
    """Store the changes of these recipients' installs and what is owed for them.

    The caller holds the product's lock and the installs' rows; the customers' rows are locked here, so that two
    installs of one customer owe one notice.
    """
    tx.all(sql.lock_customers, low=span.low, high=span.high)
    _write_changes(tx, matter, changes, now)
    _refresh_pending(tx, matter, span)
    past = _Past.read(tx, matter.defect.no, span)
    if matter.cause in _CLOSING:
        _owe_all_clear(tx, matter, span, past, past.by_recipient, now)
    for kind, installs in _owed(matter, changes).items():
        _OWE[kind](tx, matter, span, past, installs, now)


def _write_changes(tx: Tx, matter: Matter, changes: Iterable[Change], now: datetime) -> None:
    at = instant(now)
    rows = [
        {
            "defect_no": matter.defect.no,
            "install_no": change.install_no,
            "before": change.before,
            "after": change.after,
            "cause": matter.cause.value,
            "at": at,
        }
        for change in changes
        if change.before is not change.after
    ]
    if rows:
        tx.many(sql.write_exposure, rows)
        tx.many(sql.write_exposure_change, rows)


def _refresh_pending(tx: Tx, matter: Matter, span: Span) -> None:
    """Cancel what no longer fits, and let what does leave under the defect's new generation.

    Only a sweep lets go: a check-in knows of one install, not of the notice's other lines.
    """
    where = {"defect_no": matter.defect.no, "low": span.low, "high": span.high}
    reason = f"{matter.cause.value}: no longer concerns them"
    if tx.run(sql.cancel_unfitting, reason=reason, **where):
        tx.run(sql.cancel_their_deliveries, reason=reason, **where)
    if matter.cause is not Cause.CHECK_IN:
        tx.run(sql.bring_up_to_date, generation=matter.defect.generation, revision=matter.defect.live, **where)


def _owed(matter: Matter, changes: Iterable[Change]) -> dict[NoticeKind, dict[int, list[int]]]:
    """Group the installs by the notice they call for and by its recipient."""
    owed: dict[NoticeKind, dict[int, list[int]]] = {}
    severity = matter.defect.report.severity
    for change in changes:
        kind = notice_owed(change.before, change.after, matter.cause, severity, told_anew=matter.told_anew)
        if kind is not None:
            owed.setdefault(kind, defaultdict(list))[change.recipient].append(change.install_no)
    return owed


@dataclass(frozen=True, slots=True)
class _Past:
    """The notices these recipients already have under the defect, oldest first."""

    by_recipient: Mapping[int, Sequence[Mapping[str, Any]]]

    @classmethod
    def read(cls, tx: Tx, defect_no: int, span: Span) -> _Past:
        found: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
        for row in tx.all(sql.notices_of_span, defect_no=defect_no, low=span.low, high=span.high):
            found[row["recipient"]].append(row)
        return cls(found)

    def episode(self, recipient: int, kind: NoticeKind) -> int:
        """Return the number the recipient's next notice of this kind has."""
        return 1 + [row["kind"] for row in self.by_recipient.get(recipient, ())].count(kind)

    def open(self, recipient: int, *kinds: NoticeKind) -> Mapping[str, Any] | None:
        """Return the recipient's newest notice of these kinds that no all-clear has closed."""
        found = None
        for row in self.by_recipient.get(recipient, ()):
            if row["state"] == "CANCELLED":
                continue
            if row["kind"] == NoticeKind.ALL_CLEAR:
                found = None
            elif row["kind"] in kinds:
                found = row
        return found

    def told(self, recipient: int) -> Mapping[str, Any] | None:
        """Return the open warning or recovery that has reached the recipient, or may have."""
        row = self.open(recipient, NoticeKind.WARNING, NoticeKind.RECOVERY)
        return row if row is not None and (row["state"] in _TOLD or row["handed_over"]) else None


#: Install numbers by recipient.
_Installs = Mapping[int, Sequence[int]]


def _owe_first(kind: NoticeKind, tx: Tx, matter: Matter, past: _Past, installs: _Installs, now: datetime) -> None:
    """Owe a warning or a recovery; an install that joins one already owed or sent is added to it."""
    at = instant(now)
    fresh = {recipient: nos for recipient, nos in installs.items() if past.open(recipient, kind) is None}
    ids = _insert_notices(tx, matter, kind, past, fresh, now)
    for recipient in installs.keys() - fresh.keys():
        notice = past.open(recipient, kind)
        if notice is not None:
            ids[recipient] = notice["id"]
    lines = [
        {"notice": ids[recipient], "install_no": install_no, "at": at}
        for recipient, nos in installs.items()
        for install_no in nos
    ]
    tx.many(sql.insert_line, lines)
    contacts = customers.contacts(tx, list(fresh))
    urgency = _priority(matter, kind)
    deliveries = [
        {"notice": ids[recipient], "channel": channel, "address": address, "at": at, "priority": urgency}
        for recipient in fresh
        for channel, address in ways_to(contacts.get(recipient))
    ]
    if deliveries:
        tx.many(sql.insert_delivery, deliveries)


def ways_to(contact: Contact | None) -> list[tuple[str, str | None]]:
    """Return the channels that reach a recipient, with the address on each; the app itself where there is no other."""
    ways: list[tuple[str, str | None]] = []
    if contact is not None and contact.email and not contact.mail_refused_at:
        ways.append(("email", contact.email))
    if contact is not None and contact.webhook:
        ways.append(("webhook", contact.webhook))
    return ways or [("in_app", None)]


def _insert_notices(
    tx: Tx, matter: Matter, kind: NoticeKind, past: _Past, recipients: Iterable[int], now: datetime
) -> dict[int, str]:
    ids = {recipient: new_id(now) for recipient in recipients}
    rows = [
        {
            "id": notice,
            "defect_no": matter.defect.no,
            "recipient": recipient,
            "kind": kind.value,
            "episode": past.episode(recipient, kind),
            "revision": matter.defect.live,
            "generation": matter.defect.generation,
            "since": matter.since,
        }
        for recipient, notice in ids.items()
    ]
    if rows:
        tx.many(sql.insert_notice, rows)
    return ids


def _owe_warning(tx: Tx, matter: Matter, _: Span, past: _Past, installs: _Installs, now: datetime) -> None:
    _owe_first(NoticeKind.WARNING, tx, matter, past, installs, now)


def _owe_recovery(tx: Tx, matter: Matter, _: Span, past: _Past, installs: _Installs, now: datetime) -> None:
    _owe_first(NoticeKind.RECOVERY, tx, matter, past, installs, now)


def _owe_correction(tx: Tx, matter: Matter, _: Span, past: _Past, installs: _Installs, now: datetime) -> None:
    """Owe a correction to those told; one that still waits is brought up to date instead of followed by another."""
    told = {}
    for recipient in installs:
        waiting = past.open(recipient, NoticeKind.CORRECTION)
        notice = past.told(recipient)
        if notice is not None and (waiting is None or waiting["state"] != "PENDING"):
            told[recipient] = notice
    _follow_up(tx, matter, NoticeKind.CORRECTION, past, told, now)


def _owe_all_clear(tx: Tx, matter: Matter, span: Span, past: _Past, recipients: Iterable[int], now: datetime) -> None:
    """Owe an all-clear to exactly those told; not while another of their installs stays concerned."""
    told = {recipient: row for recipient in recipients if (row := past.told(recipient)) is not None}
    if matter.cause not in _CLOSING:
        where = {"defect_no": matter.defect.no, "low": span.low, "high": span.high}
        concerned = {row["recipient"] for row in tx.all(sql.exposed_among, **where)}
        told = {recipient: row for recipient, row in told.items() if recipient not in concerned}
    _follow_up(tx, matter, NoticeKind.ALL_CLEAR, past, told, now)


def _follow_up(
    tx: Tx,
    matter: Matter,
    kind: NoticeKind,
    past: _Past,
    told: Mapping[int, Mapping[str, Any]],
    now: datetime,
) -> None:
    """Owe a notice for the same installs, at the same addresses, as the one that told them."""
    ids, at, urgency = _insert_notices(tx, matter, kind, past, told, now), instant(now), _priority(matter, kind)
    rows = [{"notice": ids[recipient], "told_no": row["no"], "at": at} for recipient, row in told.items()]
    if rows:
        tx.many(sql.copy_lines, rows)
        tx.many(sql.copy_deliveries, [{**row, "priority": urgency} for row in rows])


def _priority(matter: Matter, kind: NoticeKind) -> int:
    return priority(kind, matter.defect.report.severity, matter.defect.state)


_OWE = {
    NoticeKind.WARNING: _owe_warning,
    NoticeKind.RECOVERY: _owe_recovery,
    NoticeKind.CORRECTION: _owe_correction,
    NoticeKind.ALL_CLEAR: _owe_all_clear,
}
