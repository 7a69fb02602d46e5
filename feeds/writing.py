"""How a defect is written: one change that names the state it was decided on, its revisions, an audit row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from storage import Statements, Tx, instant
from storage.outcomes import Conflict

from . import audit
from .defects import Defect, Revision, body_of, tree_text
from .life import Act

sql = Statements(__package__)


def carry_out(tx: Tx, before: Defect, after: Defect, act: Act, people: tuple[str, ...], now: datetime) -> Defect:
    """Write the change and its audit row; raise Conflict where another was quicker."""
    after = replace(after, changed_at=instant(now))
    if tx.run(sql.change_defect, **_change(before, after)) != 1:
        raise Conflict(f"{before.id} has changed meanwhile; look at it again.")
    for revision in (after.live_revision, after.proposed_revision):
        if revision is not None and revision.number > before.latest:
            add_revision(tx, before.no, revision)
    audit.record(tx, people[-1], act.value, before.id, _detail(after, people), now)
    return after


def _change(before: Defect, after: Defect) -> dict[str, object]:
    return {
        "no": before.no,
        "old_state": before.state.value,
        "old_generation": before.generation,
        "old_latest": before.latest,
        "old_proposed": before.proposed or 0,
        "state": after.state.value,
        "live": after.live,
        "proposed": after.proposed,
        "latest": after.latest,
        "generation": after.generation,
        "fixed_in": after.fixed_in,
        "reason": after.reason,
        "published_at": after.published_at,
        "changed_at": after.changed_at,
    }


def _detail(defect: Defect, people: tuple[str, ...]) -> Mapping[str, object]:
    detail = {
        "state": defect.state.value,
        "revision": defect.proposed or defect.live,
        "signed_by": list(people),
        "fixed_in": defect.fixed_in,
        "reason": defect.reason,
    }
    return {name: value for name, value in detail.items() if value is not None}


def add_revision(tx: Tx, defect_no: int, revision: Revision) -> None:
    """Store a revision as it is; raises IntegrityProblem where the defect has one of that number."""
    tx.run(
        sql.add_revision,
        defect_no=defect_no,
        revision=revision.number,
        body=body_of(revision.report),
        tree=tree_text(revision.tree),
        person=revision.by,
        at=revision.at,
        published_at=revision.published_at,
    )
