"""Defects: filing, the acts on them, their audience and what became of them."""

from __future__ import annotations

from api.asking import Answer, Ask
from api.keys import Role
from api.paging import number_of, numbered_page
from api.types import AudienceQuery, DefectsQuery, PageQuery
from feeds.types import DefectReport, Hold, Reason, Resolution
from notifier import call_list, drift, previews, publishing, revisions
from notifier.effects import coarse
from notifier.types import Acted
from storage import Tx


def file_defect(tx: Tx, ask: Ask[None, DefectReport]) -> Answer:
    """File a defect as a draft."""
    return Answer(publishing.file_defect(tx, ask.body, ask.by), 201)


def list_defects(tx: Tx, ask: Ask[DefectsQuery, None]) -> Answer:
    """Return a page of defects in the order of filing."""
    query = ask.query
    found = publishing.listing(
        tx,
        product=query.product or None,
        state=query.state or None,
        after=number_of(query.after),
        limit=query.limit + 1,
        now=ask.now,
    )
    return Answer(numbered_page(found, query.limit))


def get_defect(tx: Tx, ask: Ask[None, None]) -> Answer:
    """Return a defect's live revision, and what is proposed."""
    view = publishing.view(tx, ask.path["defect"], ask.now)
    return Answer(coarse(view, ask.policy.small_audience) if ask.key.role is Role.VIEWER else view)


def list_revisions(tx: Tx, ask: Ask[PageQuery, None]) -> Answer:
    """Return a page of what was ever said of a defect, oldest first, with what each revision changed."""
    found = revisions.of(tx, ask.path["defect"], after=number_of(ask.query.after))
    return Answer(numbered_page([(view.revision, view) for view in found], ask.query.limit))


def revise(tx: Tx, ask: Ask[None, DefectReport]) -> Answer:
    """Change a draft, or propose a revision of a published defect."""
    return Answer(publishing.revise(tx, ask.path["defect"], ask.body, ask.by))


def publish(tx: Tx, ask: Ask[None, None]) -> Answer:
    """Publish a draft or the proposed revision."""
    return _acted(drift.publish(tx, ask.path["defect"], ask.by))


def discard(tx: Tx, ask: Ask[None, None]) -> Answer:
    """Drop a draft or the proposed revision."""
    return _acted(publishing.discard(tx, ask.path["defect"], ask.by))


def reopen(tx: Tx, ask: Ask[None, Reason]) -> Answer:
    """Say that a resolved defect is not resolved."""
    return _acted(publishing.reopen(tx, ask.path["defect"], ask.body, ask.by))


def resolve(tx: Tx, ask: Ask[None, Resolution]) -> Answer:
    """Name the release that no longer has the defect."""
    return _acted(publishing.resolve(tx, ask.path["defect"], ask.body, ask.by))


def withdraw(tx: Tx, ask: Ask[None, Reason]) -> Answer:
    """Take a defect back."""
    return _acted(publishing.withdraw(tx, ask.path["defect"], ask.body, ask.by))


def object_to(tx: Tx, ask: Ask[None, Hold]) -> Answer:
    """Put a name and a reason against a defect; it stops nothing."""
    return _acted(publishing.object_to(tx, ask.path["defect"], ask.body, ask.by))


def pause(tx: Tx, ask: Ask[None, Hold]) -> Answer:
    """Hold back what is unsent, until a time."""
    return _acted(publishing.pause(tx, ask.path["defect"], ask.body, ask.by))


def resume(tx: Tx, ask: Ask[None, None]) -> Answer:
    """Go on before a pause runs out."""
    return _acted(publishing.resume(tx, ask.path["defect"], ask.by))


def preview(tx: Tx, ask: Ask[AudienceQuery, DefectReport]) -> Answer:
    """Count the exposures that a defect would have; change nothing."""
    return Answer(previews.preview(tx, ask.body, ask.now, ask.query.backtest or None, ask.memory))


def count_calls(tx: Tx, ask: Ask[None, None]) -> Answer:
    """Count those who are exposed to a defect and whom nothing of ours reaches."""
    return Answer(call_list.counts(tx, ask.path["defect"], ask.now))


def _acted(acted: Acted) -> Answer:
    return Answer(acted.view, acted.status)
