"""Caught mails, as a person would see them: only where a mail catcher stands in for the customers' servers."""

from __future__ import annotations

from typing import Final

from console.mail_box import CaughtMail, MailBox
from console.pages import Answer, Document, Page
from console.visiting import Visit
from storage import Tx
from storage.outcomes import NotFound

#: Mails on one page.
PAGE: Final = 50

#: The mail's own styles and nothing else; a link in it opens in a page of its own.
MAIL_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
#: Before the mail's own document: a parser moves it into the head.
_LINKS_LEAVE_THE_FRAME: Final = '<!doctype html><base target="_blank">'


def show_all(_: Tx, visit: Visit) -> Answer:
    """Show the mails, newest first, those to an address or about a subject where asked for."""
    box, words = _box(visit), visit.asked.query.get("find", "").strip()
    before = visit.number("before")
    found = [
        mail
        for mail in reversed(box.mails())
        if (before is None or mail.number < before) and (not words or mail.mentions(words))
    ]
    return Page(
        "mails.html",
        {
            "mails": found[:PAGE],
            "found": len(found),
            "words": words,
            "before": before,
            "next": found[PAGE - 1].number if len(found) > PAGE else None,
        },
    )


def show_one(_: Tx, visit: Visit) -> Answer:
    """Show one mail: as mail programs draw it, as text, and its header."""
    mail = _mail(visit)
    thread = [other for other in _box(visit).mails() if other.recipient == mail.recipient and other is not mail]
    return Page("mail.html", {"mail": mail, "same_recipient": thread})


def draw(_: Tx, visit: Visit) -> Answer:
    """Return the mail's HTML itself, for the frame on its page."""
    return Document(_LINKS_LEAVE_THE_FRAME + _mail(visit).html, MAIL_POLICY)


def _box(visit: Visit) -> MailBox:
    visit.require_trust()
    if visit.parts.mail_box is None:
        raise NotFound("No mails are caught here: they go to their recipients.")
    return visit.parts.mail_box


def _mail(visit: Visit) -> CaughtMail:
    mails, number = _box(visit).mails(), int(visit.asked.path["mail"])
    if not 1 <= number <= len(mails):
        raise NotFound("There is no such mail.")
    return mails[number - 1]
