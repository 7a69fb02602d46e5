"""Notices as their recipients see them: listed, shown in the app, seen, answered."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from feeds.defects import report_of
from feeds.types import DefectReport
from installs_registry.installed import as_json
from installs_registry.tokens import digest
from notifier.states import NoticeKind
from notifier.tokens import Links
from notifier.types import NoticeView
from storage import Row, Statements, Tx, instant
from storage.outcomes import Invalid, NotFound

sql = Statements(__package__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which notices are asked for; None: all."""

    install: str | None = None
    customer: str | None = None
    defect: str | None = None


def listing(tx: Tx, wanted: Wanted, *, after: int, limit: int, links: Links | None) -> list[tuple[int, NoticeView]]:
    """Return notices after a number, oldest first, each with its own number."""
    rows = tx.all(
        sql.list_notices,
        install=wanted.install,
        customer=wanted.customer,
        defect=wanted.defect,
        after=after,
        limit=limit,
    )
    installs = _installs(tx, rows)
    return [(row["no"], _view(row, installs, links)) for row in rows]


def too_few_to_list(tx: Tx, defect: str, least: int) -> bool:
    """Tell whether a defect's recipients are fewer than `least`, but not none.

    A list of them is then kept from whoever may not see customers: an install's id may name its holder.
    """
    return 0 < int(tx.value(sql.count_recipients, defect=defect, most=least)) < least


def find(tx: Tx, notice: str, links: Links | None = None) -> NoticeView:
    """Return a notice; raises NotFound."""
    row = _row(tx, notice)
    return _view(row, _installs(tx, [row]), links)


def holder(tx: Tx, notice: str) -> int:
    """Return the recipient of a notice; raises NotFound."""
    return int(_row(tx, notice)["recipient"])


def opened_installs(tx: Tx, notice: str, token: str | None) -> list[str]:
    """Return those of a notice's installs that a client app's token opens; none where there is no such notice."""
    if token is None:
        return []
    return [row["id"] for row in tx.all(sql.opened_installs_of_notice, notice=notice, token_hash=digest(token))]


def seen(tx: Tx, notice: str, now: datetime, links: Links | None = None) -> NoticeView:
    """Record that the recipient has opened a notice; the first time counts. Raises NotFound."""
    row = _row(tx, notice)
    tx.run(sql.mark_seen, no=row["no"], at=instant(now))
    return find(tx, notice, links)


def choose(tx: Tx, notice: str, remedy: int, now: datetime, links: Links | None = None) -> NoticeView:
    """Record which remedy the recipient takes; raises NotFound, or Invalid where it is not on offer.

    Choosing the repair says that it is done: the repair owed by the notice's installs is over.
    """
    row = _row(tx, notice)
    remedies = _report(row).remedies
    if not 0 <= remedy < len(remedies):
        raise Invalid.at("/remedy", f"This notice offers {len(remedies)} remedies, counted from 0.")
    tx.run(sql.mark_chosen, no=row["no"], remedy=remedy, at=instant(now))
    if remedies[remedy].kind == "repair":
        tx.run(sql.log_repaired, notice_no=row["no"], at=instant(now))
        tx.run(sql.mark_repaired, notice_no=row["no"], at=instant(now))
    return find(tx, notice, links)


def show_in_app(
    tx: Tx, askers: Mapping[int, bool], now: datetime, links: Links | None = None
) -> dict[int, list[NoticeView]]:
    """Return what the holders of installs should know now, by the installs' numbers; who has no notice is left out.

    What had no other way to go has herewith arrived. `askers` says of each install's number whether the client app
    itself asks, to show it; the vendor's own report of an install shows nobody anything.
    """
    rows = _to_show(tx, askers, now) if askers else []
    if not rows:
        return {}
    shown = {row["no"] for row in rows if askers[row["install_no"]] and row["shown_at"] is None}
    if shown:
        tx.run(sql.mark_first_shown, numbers=as_json(sorted(shown)), at=instant(now))
    arrived = {row["no"] for row in rows if row["waits_in_app"]}
    if arrived:
        numbers = as_json(sorted(arrived))
        tx.run(sql.deliver_in_app, numbers=numbers, at=instant(now))
        tx.run(sql.mark_shown, numbers=numbers, at=instant(now))
        rows = _to_show(tx, askers, now)
    return _shown(tx, rows, links)


def _to_show(tx: Tx, install_nos: Collection[int], now: datetime) -> list[Row]:
    return tx.all(sql.notices_to_show, numbers=as_json(install_nos), at=instant(now))


def _shown(tx: Tx, rows: Sequence[Row], links: Links | None) -> dict[int, list[NoticeView]]:
    """Return the notices of installs; one that concerns several of them is made once."""
    installs = _installs(tx, rows)
    views = {no: _view(row, installs, links) for no, row in {row["no"]: row for row in rows}.items()}
    found: dict[int, list[NoticeView]] = {}
    for row in rows:
        found.setdefault(row["install_no"], []).append(views[row["no"]])
    return found


def _row(tx: Tx, notice: str) -> Mapping[str, Any]:
    row = tx.one(sql.find_notice, id=notice)
    if row is None:
        raise NotFound("There is no such notice.")
    return row


def _report(row: Mapping[str, Any]) -> DefectReport:
    return report_of(row["body"])


def _installs(tx: Tx, notices: Iterable[Mapping[str, Any]]) -> dict[int, list[str]]:
    """Return the ids of the installs of notices, by the notices' numbers."""
    numbers = {row["no"] for row in notices}
    found: dict[int, list[str]] = {no: [] for no in numbers}
    for no, install in tx.tuples(sql.installs_of_notices, numbers=as_json(numbers)) if numbers else ():
        found[no].append(install)
    return found


def _view(row: Mapping[str, Any], installs: Mapping[int, list[str]], links: Links | None) -> NoticeView:
    report = _report(row)
    return NoticeView(
        id=row["id"],
        kind=NoticeKind(row["kind"]),
        defect=row["defect"],
        revision=row["revision"],
        title=report.title,
        summary=report.summary,
        severity=report.severity.value,
        state=row["state"].lower(),
        installs=installs[row["no"]],
        remedies=list(report.remedies),
        chosen=row["chosen"],
        created_at=row["created_at"],
        sent_at=row["sent_at"],
        seen_at=row["seen_at"],
        url=links.notice(row["id"]) if links is not None else None,
    )
