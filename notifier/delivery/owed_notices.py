"""What a notice is about: its recipient, its installs as they are now, and what was said before."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from installs_registry.installed import as_json
from notifier.delivery.claims import NoticeLine, OwedNotice
from notifier.states import NoticeKind
from risk import Exposure
from storage import Row, Statements, Tx
from storage.outcomes import NotFound

sql = Statements(__package__)


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


def told_of(tx: Tx, notices: Collection[int]) -> dict[int, Row]:
    """Return how the recipients of several notices were told of the defect before, by the number of the notice.

    revision, sent_at, and of its mail message_id, address, handed_over_at and state; None where there was no mail. Who
    was not told is left out.
    """
    newest: dict[int, Row] = {}
    for row in tx.all(sql.told_of, numbers=as_json(notices)):
        newest[row["notice_no"]] = row
    return newest
