"""A defect as the store holds it: its state, its live and its proposed revision."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

import risk

from .life import State
from .ranges import as_ranges
from .types import DefectReport

if TYPE_CHECKING:
    from storage import Row

    from .checking import Checked


@dataclass(frozen=True, slots=True)
class Revision:
    """One wording of a defect."""

    number: int
    report: DefectReport
    #: The condition's syntax tree as JSON values; None: everyone is meant.
    tree: object | None
    by: str
    #: RFC 3339, UTC.
    at: str
    #: RFC 3339, UTC; None: it was never live.
    published_at: str | None = None


@dataclass(frozen=True, slots=True)
class Defect:
    """A flaw against upgrading; at least one of its two revisions is there. Times are RFC 3339 in UTC."""

    #: Our own short number, used in joins.
    no: int
    id: str
    product_no: int
    state: State
    #: What stands published; None in a draft.
    live_revision: Revision | None
    #: What waits to be published: the draft itself, or a change of the live revision.
    proposed_revision: Revision | None
    #: The highest revision there is, live or not.
    latest: int
    #: Moved by each publication, resolution, withdrawal, reopening; nothing unsent of an older one may leave.
    generation: int
    filed_by: str
    filed_at: str
    #: First publication; None: not yet.
    published_at: str | None
    changed_at: str
    #: The release that resolved it; None where it is not resolved.
    fixed_in: str | None
    #: Why it was withdrawn or reopened.
    reason: str | None

    @property
    def current(self) -> Revision:
        """The live revision, or the draft's."""
        revision = self.live_revision or self.proposed_revision
        if revision is None:
            message = f"defect {self.id} has no revision"
            raise ValueError(message)
        return revision

    @property
    def live(self) -> int | None:
        """The number of the live revision."""
        return self.live_revision.number if self.live_revision else None

    @property
    def proposed(self) -> int | None:
        """The number of the revision that waits to be published."""
        return self.proposed_revision.number if self.proposed_revision else None

    @property
    def report(self) -> DefectReport:
        """The live report, or the draft."""
        return self.current.report

    @property
    def tree(self) -> object | None:
        """The condition's syntax tree of the live report, or of the draft."""
        return self.current.tree

    @property
    def proposed_report(self) -> DefectReport | None:
        """What is proposed beside the live report; None in a draft, which is its own report."""
        beside = self.proposed_revision if self.live_revision else None
        return beside.report if beside else None


def as_rule_input(defect: Defect) -> risk.Defect:
    """Return what the rules read of the live revision, or of the draft."""
    return rule_input(defect.id, defect.current, resolved=defect.state is State.RESOLVED)


def rule_input(defect_id: str, revision: Revision, *, resolved: bool = False) -> risk.Defect:
    """Return what the rules read of one revision."""
    report = revision.report
    return risk.Defect(
        id=defect_id,
        revision=revision.number,
        title=report.title,
        severity=report.severity,
        affected=as_ranges(report.affected),
        upgrading_from=as_ranges(report.upgrading_from),
        condition=revision.tree,
        remedies=tuple(risk.Remedy(remedy.kind, remedy.text, remedy.version, remedy.url) for remedy in report.remedies),
        url=report.references[0].url if report.references else None,
        resolved=resolved,
    )


def unsaved_rule_input(checked: Checked) -> risk.Defect:
    """Return what the rules read of a report that is nowhere stored, as revision 0."""
    return rule_input(checked.report.id or "unsaved", Revision(0, checked.report, checked.tree, "", ""))


def defect_of(row: Row) -> Defect:
    """Return the defect of a row of `whole_defects`."""
    return Defect(
        no=row["no"],
        id=row["id"],
        product_no=row["product_no"],
        state=State(row["state"]),
        live_revision=_revision(row, "live"),
        proposed_revision=_revision(row, "proposed"),
        latest=row["latest"],
        generation=row["generation"],
        filed_by=row["filed_by"],
        filed_at=row["filed_at"],
        published_at=row["published_at"],
        changed_at=row["changed_at"],
        fixed_in=row["fixed_in"],
        reason=row["reason"],
    )


def revision_of(row: Row) -> Revision:
    """Return the revision of a row of `revisions`."""
    return Revision(
        number=row["revision"],
        report=report_of(row["body"]),
        tree=tree_of(row["tree"]),
        by=row["proposed_by"],
        at=row["proposed_at"],
        published_at=row["published_at"],
    )


#: Made before there are threads: two that let msgspec learn a type at the same moment can crash the process.
_REPORT = msgspec.json.Decoder(DefectReport)


def body_of(report: DefectReport) -> str:
    """Return a report as it is stored."""
    return msgspec.json.encode(report).decode()


def report_of(body: str) -> DefectReport:
    """Return the report of a stored body."""
    return _REPORT.decode(body)


def tree_of(text: str | None) -> object | None:
    """Return the syntax tree of its stored text."""
    return None if text is None else json.loads(text)


def tree_text(tree: object | None) -> str | None:
    """Return a syntax tree as it is stored."""
    return None if tree is None else json.dumps(tree, separators=(",", ":"))


def _revision(row: Row, role: str) -> Revision | None:
    if row[role] is None:
        return None
    return Revision(
        number=row[role],
        report=report_of(row[f"{role}_body"]),
        tree=tree_of(row[f"{role}_tree"]),
        by=row[f"{role}_by"],
        at=row[f"{role}_at"],
        published_at=row[f"{role}_published_at"],
    )
