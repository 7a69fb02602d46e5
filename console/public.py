"""The pages for customers, without a sign-in: the link in the mail is the proof, and opens one notice and no more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from aiohttp import web
from msgspec import structs

from console import pages
from console.pages import Answer, Page, Redirect
from console.parts import PARTS, Parts
from console.visiting import fields
from console.words import Reader
from installs_registry import customers, preferences
from installs_registry.preferences import PreferencesWish
from notifier import notices
from notifier.mails.facts import MailFacts
from notifier.mails.letters import letter
from notifier.tokens import Purpose
from risk import Severity
from storage import Statements, Tx
from storage.outcomes import Invalid, NotFound, Refusal

sql = Statements(__package__)

#: Characters of the name that somebody gives with a choice.
_LONGEST_NAME: Final = 200

#: Answers a customer in one transaction, given the notice's id.
Work = Callable[..., Answer]


async def show_notice(request: web.Request) -> web.StreamResponse:
    """Show a notice."""
    return await _answer(request, Purpose.NOTICE, request.app[PARTS].database.read, _notice)


async def answer_notice(request: web.Request) -> web.StreamResponse:
    """Take what the customer says to a notice: which remedy, or that it was read."""
    remedy = (await fields(request)).get("remedy")
    return await _answer(request, Purpose.NOTICE, request.app[PARTS].database.call, _answered, remedy)


async def show_unsubscribing(request: web.Request) -> web.StreamResponse:
    """Show what asking for no more mail means; it takes a button, since link scanners open every link."""
    return await _answer(request, Purpose.UNSUBSCRIBE, request.app[PARTS].database.read, _unsubscribing)


async def unsubscribe(request: web.Request) -> web.StreamResponse:
    """Take the wish for fewer mails: of a button, or of a mail program with one click (RFC 8058)."""
    form = await fields(request)
    return await _answer(request, Purpose.UNSUBSCRIBE, request.app[PARTS].database.call, _unsubscribed, form)


async def _answer(
    request: web.Request, purpose: Purpose, run: Callable[..., Any], work: Work, *more: object
) -> web.StreamResponse:
    parts = request.app[PARTS]
    notice = parts.links.tokens.read(purpose, request.match_info["token"])
    try:
        answer = _NO_SUCH_LINK if notice is None else await run(work, parts, notice, *more)
    except NotFound:
        answer = _NO_SUCH_LINK
    except Refusal as error:
        answer = _for_customers(pages.refusal(error, back=request.path))
    return pages.response(request, answer, {"vendor": parts.vendor}, pages.PRIVATE_ADDRESS)


def _for_customers(message: Page) -> Page:
    return replace(message, template="customer_message.html")


_NO_SUCH_LINK: Final = _for_customers(
    pages.message(
        "This link does not work",
        "It may have been cut off on the way, or what it led to is gone. Open it from the mail again.",
        404,
        back=None,
    )
)


def _notice(tx: Tx, parts: Parts, notice: str) -> Answer:
    view, facts = notices.find(tx, notice), _facts(tx, parts, notice)
    newer = tx.one(sql.newer_notice, notice=notice)
    return Page(
        "notice.html",
        {
            "letter": letter(facts),
            "facts": facts,
            "notice": view,
            "reader": Reader(facts.locale, facts.time_zone),
            "newer": newer,
            "newer_url": parts.links.notice(newer["id"]) if newer else None,
            "over": _is_over(facts) or newer is not None,
        },
    )


def _answered(tx: Tx, parts: Parts, notice: str, remedy: str | None) -> Answer:
    if remedy is None:
        notices.seen(tx, notice, parts.clock.now())
        return _again(parts, notice)
    offered = {str(option.index): option.index for option in _facts(tx, parts, notice).options}
    if remedy not in offered:
        raise Invalid.at("/remedy", "This is not offered any more. Open the page again.")
    notices.choose(tx, notice, offered[remedy], parts.clock.now())
    return _again(parts, notice)


def _again(parts: Parts, notice: str) -> Redirect:
    return Redirect(f"/n/{parts.links.tokens.sign(Purpose.NOTICE, notice)}")


def _facts(tx: Tx, parts: Parts, notice: str) -> MailFacts:
    """Return what the notice says, without the name: a link is passed on more easily than a mail."""
    return structs.replace(parts.facts_of(tx, notice), customer=None)


def _is_over(facts: MailFacts) -> bool:
    return facts.outcome is None and not facts.lines


def _unsubscribing(tx: Tx, _: Parts, notice: str) -> Answer:
    return _wishes(tx, notices.holder(tx, notice))


def _unsubscribed(tx: Tx, parts: Parts, notice: str, form: Mapping[str, str]) -> Answer:
    """Take a wish. A mail program sends none of our fields: what it asks for is the first of the three."""
    holder = notices.holder(tx, notice)
    if holder > 0:
        now = parts.clock.now()
        if "again" in form:
            preferences.choose(tx, holder, PreferencesWish(email=None), preferences.CUSTOMER, now)
        elif "stop" in form:
            preferences.choose(tx, holder, PreferencesWish(email="nothing"), _name(form), now)
        else:
            preferences.unsubscribe(tx, holder, now)
    return _wishes(tx, holder, done=True)


def _name(form: Mapping[str, str]) -> str:
    """Return who gives up even the gravest warnings; raises Invalid where nobody is named."""
    name = " ".join(form.get("name", "").split())[:_LONGEST_NAME]
    if not name.isprintable() or not name:
        raise Invalid.at("/name", "Please write your name: we keep it with this choice.")
    return name


def _wishes(tx: Tx, holder: int, *, done: bool = False) -> Answer:
    """Return the page that says which mails the holder still gets, and offers what can be chosen."""
    contact = customers.contacts(tx, [holder]).get(holder)
    wants = [severity for severity in Severity if contact is None or contact.wants_mail(severity)]
    left = "all" if Severity.OUTAGE in wants else "grave" if wants else "none"
    return Page("unsubscribe.html", {"left": left, "done": done, "known": contact is not None and holder > 0})
