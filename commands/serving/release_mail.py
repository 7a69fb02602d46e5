"""The mail to the approvers about a release that may carry an unresolved defect still."""

from __future__ import annotations

from datetime import datetime

from api.keys import deciders_mail
from feeds import audit
from feeds import store as defects
from feeds.defects import Defect
from feeds.people import SERVICE
from notifier import release_questions, staff_mail
from notifier.linting.newer_releases import Doubt
from notifier.release_questions import Question
from storage import Tx


def ask_due(tx: Tx, now: datetime, public_url: str) -> list[str]:
    """Ask the approvers about each new release behind a defect's range, once; return the releases.

    Where none of them has an address, the defect's page and the answer to the registration show the question alone.
    """
    return [question.release for question in release_questions.unasked(tx) if _ask(tx, question, now, public_url)]


def _ask(tx: Tx, question: Question, now: datetime, public_url: str) -> bool:
    defect = defects.find(tx, question.defect)
    doubt = release_questions.doubt_of(tx, question, defect)
    addresses = deciders_mail(tx) if doubt is not None else ()
    if not release_questions.asked(tx, question, len(addresses), now) or doubt is None or not addresses:
        return False
    subject = f"Does {defect.report.product} {question.release} carry {defect.id} still?"
    staff_mail.owe(tx, addresses, defect.id, subject, _words(defect, question, doubt, public_url), now)
    audit.record(tx, SERVICE, "ask about release", defect.id, {"release": question.release}, now)
    return True


def _words(defect: Defect, question: Question, doubt: Doubt, public_url: str) -> str:
    """Return the mail: what came out, what to decide, where."""
    return "\n".join(
        [
            f"{defect.report.product} {question.release} was registered at {minute(question.noted_at)}.",
            "",
            f"{doubt.sentence}",
            "",
            defect.report.title,
            "",
            f"Until somebody says so, nobody is warned of {question.release}.",
            "",
            f"See the defect, and decide: {public_url}/defects/{defect.id}",
            "",
            "This mail is sent once for each release.",
        ]
    )


def minute(at: str) -> str:
    """Return an instant as people read it: "2026-01-01 12:00 UTC"."""
    return f"{at[:10]} {at[11:16]} UTC"
