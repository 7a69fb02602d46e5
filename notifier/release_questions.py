"""Releases of which nobody has said whether they carry a defect: noted when they come out, asked about once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from feeds import store as defects
from feeds.defects import Defect
from notifier.linting import newer_releases
from notifier.linting.newer_releases import Doubt
from storage import Statements, Tx, instant

sql = Statements(__package__, "release_questions.sql")


@dataclass(frozen=True, slots=True)
class Question:
    """A release that somebody has to say something about."""

    no: int
    #: The defect's id.
    defect: str
    release: str
    #: Instant.
    noted_at: str


def note(tx: Tx, product_no: int, now: datetime) -> None:
    """Note what is to be asked about the product's releases as they are now; what was noted before stays as it is."""
    for defect in defects.judged(tx, product_no):
        for doubt in newer_releases.doubts(tx, defect):
            where = {"defect_no": defect.no, "product_no": product_no, "release": doubt.release}
            tx.run(sql.note_question, at=instant(now), **where)


def unasked(tx: Tx) -> Sequence[Question]:
    """Return what nobody was asked about yet, oldest first."""
    return [Question(**row) for row in tx.all(sql.open_questions)]


def doubt_of(tx: Tx, question: Question, defect: Defect) -> Doubt | None:
    """Return the doubt behind a question, None where it has been answered meanwhile."""
    return next((doubt for doubt in newer_releases.doubts(tx, defect) if doubt.release == question.release), None)


def asked(tx: Tx, question: Question, mails: int, now: datetime) -> bool:
    """Record to how many addresses it is asked; False where another process has done so."""
    return bool(tx.run(sql.answer_question, no=question.no, mails=mails, at=instant(now)))
