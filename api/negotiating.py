"""In which of several forms a client wants its answer."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web


def preferred(request: web.Request, offered: Sequence[str]) -> str:
    """Return the first media type of the Accept header that is offered, the first offered where none is named.

    Weights (`q`) are not looked at: our clients name what they want, and a browser names neither.
    """
    named = [part.partition(";")[0].strip().lower() for part in request.headers.get("Accept", "").split(",")]
    return next((media for media in named if media in offered), offered[0])
