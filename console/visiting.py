"""From a request to a page for somebody who is signed in; the key is read in the transaction that acts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit

from aiohttp import web

from console import pages, sessions
from console.pages import Answer
from console.parts import PARTS, Parts
from console.words import Reader
from notifier.publishing import By
from storage import Tx
from storage.outcomes import Forbidden, Invalid, Refusal

COOKIE: Final = "forewarn_session"

#: Who may sign in; an app key sits in every copy of the client app.
READERS: Final = frozenset({"admin", "approver", "reporter", "viewer"})
#: Who sees customers' names and addresses, and decides on defects.
TRUSTED: Final = frozenset({"admin", "approver"})
#: Who files defects, and sees how many each would concern.
FILING: Final = TRUSTED | {"reporter"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class SignInNeeded(Exception):
    """Nobody is signed in: no session, or one whose key is no longer in force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a request says."""

    #: The session's token, "" for none.
    token: str = field(repr=False)
    path: Mapping[str, str]
    query: Mapping[str, str]
    #: The fields of a form; empty where nothing was sent.
    form: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request of somebody who is signed in."""

    person: str
    role: str
    reader: Reader
    now: datetime
    parts: Parts
    asked: Asked

    @property
    def trusted(self) -> bool:
        """Whether customers' names may be shown and defects be decided on."""
        return self.role in TRUSTED

    @property
    def files(self) -> bool:
        """Whether defects may be filed, and small audiences be counted."""
        return self.role in FILING

    @property
    def by(self) -> By:
        """Return who acts on a defect."""
        return By(self.person, self.now)

    def require_trust(self) -> None:
        """Raise Forbidden where this role may not."""
        if not self.trusted:
            raise Forbidden(f"A key with the role {self.role} may not do this.")

    def number(self, name: str) -> int | None:
        """Return a whole number of the query, None where it is not given; raises Invalid."""
        text = self.asked.query.get(name, "")
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and len(text) < _DIGITS):
            raise Invalid.at(f"/{name}", f"In the address, {name} is a whole number.")
        return int(text)


#: One more than the digits of a number that is surely below 2⁵³.
_DIGITS: Final = 16

#: Fields of a form; ours have three.
_MOST_FIELDS: Final = 20

#: Answers in one transaction: plain and synchronous; it may run more than once.
Work = Callable[[Tx, Visit], Answer]


def shown(work: Work) -> Handler:
    """Return the handler of a page that only reads."""

    async def handler(request: web.Request) -> web.StreamResponse:
        parts = request.app[PARTS]
        return await _answer(request, parts.database.read(_do, work, parts, _asked(request, {})))

    return handler


def acted(work: Work) -> Handler:
    """Return the handler of a form that changes something; forms of other sites are refused."""

    async def handler(request: web.Request) -> web.StreamResponse:
        if not is_own_form(request):
            return pages.response(request, pages.FOREIGN_FORM)
        parts, form = request.app[PARTS], await fields(request)
        return await _answer(request, parts.database.call(_do, work, parts, _asked(request, form)))

    return handler


async def fields(request: web.Request) -> dict[str, str]:
    """Return the fields of the form that was sent; empty where the body is no form."""
    body = await request.read()
    if request.content_type != "application/x-www-form-urlencoded":
        return {}
    try:
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        return {}


def is_own_form(request: web.Request) -> bool:
    """Tell whether a form was sent from one of our own pages, as the browser says.

    The session's cookie is SameSite=Strict already; this holds where a neighbour on the same site is hostile.
    """
    origin = urlsplit(request.headers.get("Origin", ""))
    ours = {request.host, urlsplit(request.app[PARTS].links.public_url).netloc}
    return origin.scheme in {"http", "https"} and origin.netloc in ours


async def _answer(request: web.Request, work: Awaitable[tuple[Answer, Visit]]) -> web.StreamResponse:
    try:
        answer, visit = await work
    except SignInNeeded:
        return pages.response(request, pages.Redirect(_sign_in_for(request)))
    except Refusal as error:
        defect = request.match_info.get("defect")
        back = f"/defects/{defect}" if defect and request.method == "POST" else "/"
        return pages.response(request, pages.refusal(error, back))
    return pages.response(request, answer, {"visit": visit, "reader": visit.reader})


def _sign_in_for(request: web.Request) -> str:
    wanted = request.path_qs if request.method == "GET" else "/"
    return "/sign-in" if wanted == "/" else f"/sign-in?next={quote(wanted, safe='')}"


def _asked(request: web.Request, form: Mapping[str, str]) -> Asked:
    return Asked(
        token=request.cookies.get(COOKIE, ""),
        path=dict(request.match_info),
        query=dict(request.query),
        form=form,
    )


def _do(tx: Tx, work: Work, parts: Parts, asked: Asked) -> tuple[Answer, Visit]:
    visit = _visit(tx, parts, asked)
    return work(tx, visit), visit


def _visit(tx: Tx, parts: Parts, asked: Asked) -> Visit:
    """Return who asks; raises SignInNeeded."""
    now = parts.clock.now()
    session = sessions.find(tx, asked.token, now) if asked.token else None
    holder = parts.keys.current(tx, session.key_hash) if session else None
    if session is None or holder is None or holder.role not in READERS:
        raise SignInNeeded
    return Visit(
        person=holder.person,
        role=str(holder.role),
        reader=Reader(time_zone=session.time_zone),
        now=now,
        parts=parts,
        asked=asked,
    )
