"""What has been said of a defect: each wording with who and when, and in words what it changed in the one before."""

from __future__ import annotations

from enum import StrEnum
from itertools import pairwise
from typing import Annotated

from msgspec import Meta, Struct

from feeds import store as defects
from feeds.defects import Defect, Revision
from feeds.life import State
from feeds.types import DefectReport
from installs_registry import products
from notifier import revising
from storage import Tx


class Standing(StrEnum):
    """Where a revision stands."""

    #: Nothing of the defect was ever published, and this is what would be.
    DRAFT = "draft"
    #: Waits to be published beside the live one.
    PROPOSED = "proposed"
    #: Verdicts are judged by it.
    LIVE = "live"
    #: Was live once.
    PAST = "past"
    #: Replaced or discarded before it was ever live.
    DROPPED = "dropped"


class RevisionView(Struct, frozen=True, kw_only=True):
    """One wording of a defect; times are RFC 3339 in UTC."""

    revision: int
    state: Annotated[Standing, Meta(description="draft, proposed, live, past (was live once) or dropped (never was)")]
    by: str
    at: str
    published_at: Annotated[str | None, Meta(description="null: it was never live")]
    changes: Annotated[tuple[str, ...], Meta(description="what it changed in the revision before, in sentences")]
    report: DefectReport


def of(tx: Tx, defect_id: str, *, after: int = 0) -> list[RevisionView]:
    """Return a defect's revisions behind a number, oldest first; raises NotFound."""
    defect = defects.find(tx, defect_id)
    scheme = products.find_by_number(tx, defect.product_no).scheme
    found = defects.revisions(tx, defect)
    changes = [revising.changes(old.report, new.report, scheme) for old, new in pairwise(found)]
    views = [_view(defect, each, words) for each, words in zip(found, [(), *changes], strict=True)]
    return [view for view in views if view.revision > after]


def _view(defect: Defect, revision: Revision, changes: tuple[str, ...]) -> RevisionView:
    return RevisionView(
        revision=revision.number,
        state=_standing(defect, revision),
        by=revision.by,
        at=revision.at,
        published_at=revision.published_at,
        changes=changes,
        report=revision.report,
    )


def _standing(defect: Defect, revision: Revision) -> Standing:
    if revision.number == defect.live and defect.state in {State.PUBLISHED, State.RESOLVED}:
        return Standing.LIVE
    if revision.number == defect.proposed and defect.state is not State.DISCARDED:
        return Standing.DRAFT if defect.state is State.DRAFT else Standing.PROPOSED
    return Standing.PAST if revision.published_at else Standing.DROPPED
