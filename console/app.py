"""Where the pages are: routes added to an application that may have others."""

from __future__ import annotations

from aiohttp import web

from console import acts, defect_page, lanes_page, mails, overview, pages, progress_page, public, sign_in
from console.parts import PARTS, Parts
from console.visiting import acted, shown

_DEFECT = "/defects/{defect:[A-Za-z0-9][A-Za-z0-9._-]{0,63}}"
_MAIL = "/mails/{mail:[0-9]{1,9}}"
#: Anything at all: a link that was cut off or spoilt on its way gets an answer that a customer understands.
_TOKEN = "{token:[^/]{1,300}}"  # noqa: S105  (a pattern, not a token)

#: A year, in seconds: the addresses of files change with what they hold.
_KEPT = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}


def add_routes(app: web.Application, parts: Parts) -> None:
    """Give an application the pages."""
    app[PARTS] = parts
    pages.set_up(app)
    app.add_routes(
        [
            web.get("/", shown(overview.show)),
            web.get(_DEFECT, shown(defect_page.show)),
            web.get(f"{_DEFECT}/told", shown(defect_page.show_told)),
            web.get(f"{_DEFECT}/progress", shown(progress_page.show)),
            web.get(f"{_DEFECT}/funnel", shown(progress_page.show_funnel)),
            web.post(f"{_DEFECT}/{{act:[a-z]+}}", acted(acts.carry_out)),
            web.get("/lanes", shown(lanes_page.show)),
            web.get("/mails", shown(mails.show_all)),
            web.get(_MAIL, shown(mails.show_one)),
            web.get(f"{_MAIL}/html", shown(mails.draw)),
            web.get("/time-zone", shown(sign_in.show_time_zones)),
            web.post("/time-zone", acted(sign_in.set_time_zone)),
            web.get("/sign-in", sign_in.show),
            web.post("/sign-in", sign_in.enter),
            web.post("/sign-out", sign_in.leave),
            web.get(f"/n/{_TOKEN}", public.show_notice),
            web.post(f"/n/{_TOKEN}", public.answer_notice),
            web.get(f"/u/{_TOKEN}", public.show_unsubscribing),
            web.post(f"/u/{_TOKEN}", public.unsubscribe),
            web.get("/console.css", _style),
            web.get("/icon.svg", _icon),
        ]
    )


async def _style(_: web.Request) -> web.StreamResponse:
    return web.FileResponse(pages.STYLE, headers={**_KEPT, "Content-Type": "text/css; charset=utf-8"})


async def _icon(_: web.Request) -> web.StreamResponse:
    return web.FileResponse(pages.ICON, headers={**_KEPT, "Content-Type": "image/svg+xml"})
