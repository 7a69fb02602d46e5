"""Pages as answers: templates with what they all share, and the headers that keep them harmless."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

import aiohttp_jinja2
from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from console import words
from storage.outcomes import Forbidden, Invalid, NotFound, Refusal

_HERE = Path(__file__).parent
TEMPLATES: Final = _HERE / "templates"
STYLE: Final = _HERE / "static" / "console.css"
ICON: Final = _HERE / "static" / "icon.svg"

_ENVIRONMENT: Final = web.AppKey("console_templates", Environment)

#: No script runs and nothing is fetched from elsewhere.
POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Content-Security-Policy": POLICY,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        # With `no-referrer` browsers send `Origin: null` with a form, and ours are known by their origin.
        "Referrer-Policy": "same-origin",
    }
)
#: The address of a customer's page is a secret, so it goes nowhere.
PRIVATE_ADDRESS: Final[Mapping[str, str]] = MappingProxyType({**HEADERS, "Referrer-Policy": "no-referrer"})


@dataclass(frozen=True, slots=True)
class Page:
    """A template and what it shows."""

    template: str
    context: Mapping[str, object] = field(default_factory=dict)
    status: int = 200
    #: A policy of its own; None: that of all pages.
    policy: str | None = None


@dataclass(frozen=True, slots=True)
class Redirect:
    """Another page of ours to go to."""

    location: str


@dataclass(frozen=True, slots=True)
class Document:
    """HTML of others, under a policy of its own."""

    html: str
    policy: str


Answer = Page | Redirect | Document


def set_up(app: web.Application) -> None:
    """Give the application its templates."""
    environment = aiohttp_jinja2.setup(
        app,
        app_key=_ENVIRONMENT,
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        default_helpers=False,
        filters=dict(words.FILTERS),
    )
    environment.globals["style_version"] = hashlib.sha256(STYLE.read_bytes()).hexdigest()[:12]


def response(
    request: web.Request,
    answer: Answer,
    shared: Mapping[str, object] | None = None,
    headers: Mapping[str, str] = HEADERS,
) -> web.Response:
    """Return the answer; `shared` is what every page of the same kind shows beside its own."""
    if isinstance(answer, Redirect):
        return web.Response(status=303, headers={**headers, "Location": answer.location})
    if isinstance(answer, Document):
        own = {**headers, "Content-Security-Policy": answer.policy}
        return web.Response(text=answer.html, content_type="text/html", charset="utf-8", headers=own)
    made = aiohttp_jinja2.render_template(
        answer.template,
        request,
        {"visit": None, **(shared or {}), **answer.context},
        app_key=_ENVIRONMENT,
        status=answer.status,
    )
    made.headers.update(headers)
    if answer.policy is not None:
        made.headers["Content-Security-Policy"] = answer.policy
    return made


def message(headline: str, text: str, status: int, back: str | None = "/") -> Page:
    """Return a page that says one thing, with the way `back` where there is one."""
    return Page("message.html", {"headline": headline, "text": text, "back": back}, status)


def refusal(error: Refusal, back: str | None) -> Page:
    """Return the page that says why something cannot be done, with the way `back`."""
    headline, status = next(
        (told for kind, told in _REFUSED.items() if isinstance(error, kind)), ("This cannot be done now", 409)
    )
    return message(headline, error.detail, status, back)


_REFUSED: Final[Mapping[type[Refusal], tuple[str, int]]] = MappingProxyType(
    {
        NotFound: ("There is no such page", 404),
        Forbidden: ("You may not do this", 403),
        Invalid: ("Something in it is wrong", 422),
    }
)

#: What is answered to a form that another site has sent.
FOREIGN_FORM: Final = message(
    "This form is not ours",
    "It did not come from one of our pages, so nothing was done. Go back, reload the page and try again.",
    403,
)
