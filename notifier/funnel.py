"""A defect's effectiveness check: of all concerned, how many were notified, responded, acted, could not be reached.

The terms are those of recall status reports (21 CFR 7.53 (b): consignees notified, with date and method; responding;
not responding; products corrected). What counts as notified is proved: a message in doubt is not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from feeds import store as defects
from notifier.ledger import all_lines
from notifier.proofs import PROOFS, LedgerLine, Outcome, Proof
from notifier.types import FunnelView, Share
from storage import Statements, Tx, instant

sql = Statements(__package__, "ledger.sql")

_NOTIFIED: Final = PROOFS.index(Proof.ACCEPTED)

#: The parts of a funnel, in the order of the table.
PARTS: Final = (
    "population",
    "notified",
    "responded",
    "acted",
    "not_responded",
    "in_doubt",
    "unreachable",
    "not_notified",
    "installed_unwarned",
)

#: The columns of the funnel as a table.
HEADINGS: Final = ("part", "installs", "installs_percent", "recipients", "recipients_percent")


def funnel(tx: Tx, defect_id: str, now: datetime) -> FunnelView:
    """Return the effectiveness check of a defect as of now; raises NotFound."""
    defect = defects.find(tx, defect_id)
    counted = _Counted.of(all_lines(tx, defect))
    rows = tx.all(sql.recipients_by_channel, defect_no=defect.no)
    return FunnelView(
        defect=defect.id,
        title=defect.report.title,
        published_at=defect.published_at,
        notified_first_at=counted.first_at,
        notified_last_at=counted.last_at,
        as_of=instant(now),
        methods={row["channel"]: row["recipients"] for row in rows},
        **{part: counted.share(part) for part in PARTS},
    )


def parts_of(line: LedgerLine) -> list[str]:
    """Return the parts of the funnel that an exposure belongs to, the population among them."""
    parts = ["population"]
    if line.outcome is Outcome.INSTALLED_UNWARNED:
        parts.append("installed_unwarned")
    if line.proof < _NOTIFIED:
        doubtful = line.proof > 0
        return [*parts, "in_doubt" if doubtful else "not_notified" if line.ways else "unreachable"]
    parts.append("notified")
    responded = line.seen_at is not None or line.chosen_at is not None
    if responded:
        parts.append("responded")
    if line.acted:
        parts.append("acted")
    return parts if responded or line.acted else [*parts, "not_responded"]


@dataclass(slots=True)
class _Counted:
    """Installs by part, and recipients that are in a part with all of their installs."""

    installs: dict[str, int]
    recipients: dict[str, int]
    first_at: str | None
    last_at: str | None

    @classmethod
    def of(cls, lines: Iterable[LedgerLine]) -> _Counted:
        installs = dict.fromkeys(PARTS, 0)
        common: dict[int, set[str]] = {}
        first_at = last_at = None
        for line in lines:
            parts = parts_of(line)
            for part in parts:
                installs[part] += 1
            common[line.recipient] = common.get(line.recipient, set(parts)).intersection(parts)
            if "notified" in parts and line.told_at is not None:
                first_at = line.told_at if first_at is None else min(first_at, line.told_at)
                last_at = line.told_at if last_at is None else max(last_at, line.told_at)
        recipients = {part: sum(part in theirs for theirs in common.values()) for part in PARTS}
        return cls(installs, recipients, first_at, last_at)

    def share(self, part: str) -> Share:
        """Return a part beside the population."""
        return Share(
            installs=self.installs[part],
            installs_percent=_percent(self.installs[part], self.installs["population"]),
            recipients=self.recipients[part],
            recipients_percent=_percent(self.recipients[part], self.recipients["population"]),
        )


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 0.0


def cells(view: FunnelView) -> list[tuple[str, ...]]:
    """Return the funnel as lines of its table."""
    shares: list[tuple[str, Share]] = [(part, getattr(view, part)) for part in PARTS]
    return [
        (
            part,
            str(share.installs),
            str(share.installs_percent),
            str(share.recipients),
            str(share.recipients_percent),
        )
        for part, share in shares
    ]
