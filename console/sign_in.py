"""Signing in with a key or with a link that works once, signing out, and choosing the zone that times are shown in."""

from __future__ import annotations

import re
import zoneinfo
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from console import pages, sessions
from console.pages import Answer, Page, Redirect
from console.parts import PARTS, Parts
from console.visiting import COOKIE, READERS, Visit, fields, is_own_form
from storage import Tx
from storage.outcomes import Invalid

#: A path of ours with its query; never `//elsewhere`.
_OURS: Final = re.compile(r"/(?![/\\])[!-~]{0,500}")


async def show(request: web.Request) -> web.StreamResponse:
    """Show the form; a code from a link waits behind a button, since opening a link must change nothing."""
    return pages.response(request, _form(request.query.get("next", "/"), request.query.get("code", "")))


async def enter(request: web.Request) -> web.StreamResponse:
    """Sign in with the key or the code of the form."""
    if not is_own_form(request):
        return pages.response(request, pages.FOREIGN_FORM)
    parts, form = request.app[PARTS], await fields(request)
    key, code, wanted = form.get("key", ""), form.get("code", ""), _own_path(form.get("next", "/"))
    token = await parts.database.call(_enter, parts, key, code)
    if token is None:
        return pages.response(request, _form(wanted, "", _REFUSED_CODE if code else _REFUSED_KEY, 401))
    response = pages.response(request, Redirect(wanted))
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(sessions.LASTS.total_seconds()),
        httponly=True,
        samesite="Strict",
        secure=urlsplit(parts.links.public_url).scheme == "https",
    )
    return response


async def leave(request: web.Request) -> web.StreamResponse:
    """Sign out."""
    if not is_own_form(request):
        return pages.response(request, pages.FOREIGN_FORM)
    await request.app[PARTS].database.call(sessions.end, request.cookies.get(COOKIE, ""))
    response = pages.response(request, Redirect("/sign-in"))
    response.del_cookie(COOKIE)
    return response


def show_time_zones(_: Tx, visit: Visit) -> Answer:
    """Show the zones to choose from."""
    return Page("time_zone.html", {"zones": _zones(), "chosen": visit.reader.time_zone or "UTC"})


def set_time_zone(tx: Tx, visit: Visit) -> Answer:
    """Show times in the chosen zone from here on."""
    zone = visit.asked.form.get("time_zone", "")
    if zone not in _zones():
        raise Invalid.at("/time_zone", "Choose one of the time zones in the list.")
    sessions.set_time_zone(tx, visit.asked.token, zone)
    return Redirect("/")


_REFUSED_KEY: Final = "This key is unknown or was revoked, or it is one for client apps. Nobody was signed in."
_REFUSED_CODE: Final = "This link was used before, or it is too old. Sign in with a key instead."


def _enter(tx: Tx, parts: Parts, key: str, code: str) -> str | None:
    """Return the token of a new session, None where the key or the code is no good."""
    now = parts.clock.now()
    key_hash = sessions.take_code(tx, code, now) if code else parts.hash_of(key.strip())
    holder = parts.keys.current(tx, key_hash) if key_hash else None
    if key_hash is None or holder is None or holder.role not in READERS:
        return None
    return sessions.start(tx, key_hash, now)


def _form(wanted: str, code: str, refused: str | None = None, status: int = 200) -> Page:
    return Page("sign_in.html", {"next": _own_path(wanted), "code": code, "refused": refused}, status)


def _own_path(path: str) -> str:
    return path if _OURS.fullmatch(path) else "/"


def _zones() -> list[str]:
    return sorted(zone for zone in zoneinfo.available_timezones() if "/" in zone or zone == "UTC")
