"""Write down changed exposures and the notices they make us owe, in the transaction of their cause.

All of it is done by the database, in a few statements for however many recipients (owing.sql): a sweep brings a page
of them, a batch of check-ins its own. Which change calls for which notice, `notifier.owed` says; it is compiled to SQL
from there.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

import risk
from feeds.defects import Defect
from installs_registry.customers import Contact
from installs_registry.installed import as_json
from installs_registry.preferences import wanted
from installs_registry.products import KnownProduct
from notifier.delivery.retrying import priority
from notifier.exposures import Change, Span, assess_span
from notifier.owed import Cause, notice_owed, notice_owed_sql
from notifier.states import NoticeKind
from risk import Severity
from storage import Statements, Tx, instant, new_id
from storage.ids import RANDOM_DIGITS

sql = Statements(__package__, "owing.sql")
shared = Statements(__package__)

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

    @property
    def severity(self) -> Severity:
        """How grave the defect is."""
        return self.defect.report.severity


def record(tx: Tx, matter: Matter, span: Span, changes: Sequence[Change], now: datetime) -> None:
    """Store the changes of these recipients' installs and what is owed for them.

    The caller holds the product's lock and the installs' rows; the customers' rows are locked here, so that two
    installs of one customer owe one notice.
    """
    _begin(tx, span)
    kinds = _assess(tx, matter, changes)
    _write(tx, matter, span, now, kinds, waiting=_look_at_span(tx, matter, span))


def record_batch(tx: Tx, matter: Matter, changes: Sequence[Change], now: datetime) -> None:
    """Store what `record` would for each recipient of changes that check-ins made; there is at least one.

    What one recipient's installs change is decided together. The caller holds the customers' rows too, and has called
    `make_ready`.
    """
    recipients = {change.recipient for change in changes}
    kinds = _assess(tx, matter, changes)
    waiting = _look_at_recipients(tx, matter, recipients)
    _write(tx, matter, Span(min(recipients) - 1, max(recipients)), now, kinds, waiting=waiting)


def make_ready(tx: Tx) -> None:
    """Make the tables that writings share: once, before however many there are in a transaction."""
    tx.run(sql.make_assessed)
    tx.run(sql.make_looked_at)
    tx.run(sql.make_owed_to)


def record_span(
    tx: Tx, matter: Matter, span: Span, product: KnownProduct, rule: risk.Rule | None, now: datetime
) -> None:
    """Assess all installs of these recipients by the rule, and store what `record` would; None: withdrawn."""
    _begin(tx, span)
    kind = notice_owed_sql(matter.cause, matter.severity, told_anew=matter.told_anew)
    assess_span(tx, product, matter.defect.no, rule, span, kind)
    kinds = {NoticeKind(row["kind"]) for row in tx.all(sql.kinds_assessed)}
    _write(tx, matter, span, now, kinds, waiting=_look_at_span(tx, matter, span))


def _begin(tx: Tx, span: Span) -> None:
    tx.all(shared.lock_customers, low=span.low, high=span.high)
    make_ready(tx)


def _assess(tx: Tx, matter: Matter, changes: Sequence[Change]) -> set[NoticeKind]:
    """Write changes into `assessed`; return the kinds of notices that they call for."""
    assessed = [_assessed(matter, change) for change in changes]
    tx.at_once(sql.assess, assessed)
    return {NoticeKind(str(row["kind"])) for row in assessed if row["kind"] is not None}


def _assessed(matter: Matter, change: Change) -> dict[str, object]:
    kind = notice_owed(change.before, change.after, matter.cause, matter.severity, told_anew=matter.told_anew)
    return {
        "install_no": change.install_no,
        "recipient": change.recipient,
        "before": change.before,
        "after": change.after,
        "kind": kind,
    }


def _write(
    tx: Tx, matter: Matter, span: Span, now: datetime, assessed: AbstractSet[NoticeKind], *, waiting: int
) -> None:
    """Store what was assessed, which calls for notices of these kinds; so many that wait for them are looked at."""
    at = instant(now)
    tx.run(sql.write_exposures, defect_no=matter.defect.no, at=at)
    tx.run(sql.write_exposure_changes, defect_no=matter.defect.no, cause=matter.cause.value, at=at)
    if waiting:
        _refresh_pending(tx, matter, span)
    owed = {NoticeKind.ALL_CLEAR} if matter.cause in _CLOSING else assessed
    writing = _Writing(tx, matter, span, now, past=tx.value(sql.last_notice) if owed else 0)
    # In this order: a warning that comes to be owed keeps its recipient from an all-clear.
    for kind in NoticeKind:
        if kind in owed:
            writing.owe(kind)
    tx.run(sql.forget_assessed)


def call_off(tx: Tx, matter: Matter, recipients: Collection[int]) -> None:
    """Cancel what waits for these recipients and no longer fits, as where its last install has gone to another."""
    if _look_at_recipients(tx, matter, recipients):
        _cancel_unfitting(tx, matter)


def _look_at_span(tx: Tx, matter: Matter, span: Span) -> int:
    """Look at what waits for these recipients; return how many notices."""
    return tx.run(sql.look_at_span, **_where(matter, span))


def _look_at_recipients(tx: Tx, matter: Matter, recipients: Collection[int]) -> int:
    return tx.run(sql.look_at_recipients, defect_no=matter.defect.no, recipients=as_json(recipients))


def _cancel_unfitting(tx: Tx, matter: Matter) -> None:
    """Cancel what is looked at and no longer fits."""
    reason = f"{matter.cause.value}: no longer concerns them"
    tx.run(sql.keep_fitting, defect_no=matter.defect.no)
    if tx.run(sql.cancel_unfitting, reason=reason):
        tx.run(sql.cancel_their_deliveries, reason=reason)
    tx.run(sql.forget_looked_at)


def _refresh_pending(tx: Tx, matter: Matter, span: Span) -> None:
    """Cancel what is looked at and no longer fits, and let what does leave under the defect's new generation.

    Only a sweep lets go: a check-in knows of one install, not of the notice's other lines.
    """
    _cancel_unfitting(tx, matter)
    if matter.cause is not Cause.CHECK_IN:
        generation, revision = matter.defect.generation, matter.defect.live
        tx.run(sql.bring_up_to_date, generation=generation, revision=revision, **_where(matter, span))
        tx.run(sql.bring_their_deliveries_up_to_date, generation=generation, **_where(matter, span))


def _where(matter: Matter, span: Span) -> dict[str, int]:
    return {"defect_no": matter.defect.no, "low": span.low, "high": span.high}


@dataclass(frozen=True, slots=True)
class _Writing:
    """The notices of one page, kind by kind."""

    tx: Tx
    matter: Matter
    span: Span
    now: datetime
    #: The number of the last notice that was there before.
    past: int

    def owe(self, kind: NoticeKind) -> None:
        """Owe the notices of a kind, with their lines and deliveries."""
        tx = self.tx
        which: dict[str, object] = {"defect_no": self.matter.defect.no, "kind": kind.value, "past": self.past}
        first = kind in {NoticeKind.WARNING, NoticeKind.RECOVERY}
        chosen = tx.run(sql.choose_first, **which) if first else self._choose_told(which)
        if chosen:
            self._write_notices(kind)
        if first:
            tx.run(sql.write_lines, defect_no=self.matter.defect.no, kind=kind.value, at=instant(self.now))
        if chosen:
            sending = {**which, "at": instant(self.now), "priority": self._priority(kind)}
            if first:
                generation = self.matter.defect.generation
                tx.run(sql.write_deliveries, wanted=wanted(self.matter.severity), generation=generation, **sending)
            else:
                tx.run(sql.copy_lines, at=instant(self.now), **which)
                tx.run(sql.copy_deliveries, **sending)
            tx.run(sql.forget_owed_to)

    def _choose_told(self, which: dict[str, object]) -> int:
        closing = int(self.matter.cause in _CLOSING)
        return self.tx.run(sql.choose_told, low=self.span.low, high=self.span.high, closing=closing, **which)

    def _write_notices(self, kind: NoticeKind) -> None:
        self.tx.run(
            sql.write_notices,
            moment=new_id(self.now)[:-RANDOM_DIGITS],
            defect_no=self.matter.defect.no,
            kind=kind.value,
            revision=self.matter.defect.live,
            generation=self.matter.defect.generation,
            since=self.matter.since,
        )

    def _priority(self, kind: NoticeKind) -> int:
        return priority(kind, self.matter.severity, self.matter.defect.state)


def ways_to(contact: Contact | None, severity: Severity) -> list[tuple[str, str | None]]:
    """Return the channels that reach a recipient with what is this grave, and the address on each.

    What the recipient does not want to hear there is left out; the app itself, where there is no other.
    """
    ways: list[tuple[str, str | None]] = []
    if contact is not None and contact.email and contact.wants_mail(severity):
        ways.append(("email", contact.email))
    if contact is not None and contact.webhook and contact.wants_calls(severity):
        ways.append(("webhook", contact.webhook))
    return ways or [("in_app", None)]
