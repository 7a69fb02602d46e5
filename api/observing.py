"""What an operator sees: a request's id, a line in the log for each, and the metrics."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from aiohttp import web

from api.metrics import Metrics
from api.problem_answers import answer_of, problem_of
from api.problems import Kind

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

REQUEST_ID = web.RequestKey("request_id", str)

#: An id that a proxy in front may have given the request; anything else is replaced.
_SANE = re.compile(r"[A-Za-z0-9._-]{8,64}")

#: What every answer carries.
HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


class BrokenOff(ConnectionError):
    """A part of the answer is out already, so that no other can follow: the connection ends here."""


METRICS = web.AppKey("metrics", Metrics)


def new_request_id() -> str:
    """Return an id for a request that came without one."""
    return secrets.token_hex(8)


def is_sane(given: str) -> bool:
    """Tell whether the id that a request came with may be its own here."""
    return _SANE.fullmatch(given) is not None


@web.middleware
async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Name the request, turn what goes wrong into a problem, log and count the answer."""
    given = request.headers.get("X-Request-Id", "")
    request[REQUEST_ID] = given if is_sane(given) else new_request_id()
    started = time.perf_counter()
    try:
        response = await handler(request)
    except Exception as error:
        if request.writer.output_size > 0:
            _tell_broken_off(request, error)
            raise BrokenOff from error
        response = _problem(request, error)
    _note(request, response.status, time.perf_counter() - started)
    return response


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Set the headers that every answer has, unless the handler has set its own."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "forewarn"
    if REQUEST_ID in request:
        response.headers["X-Request-Id"] = request[REQUEST_ID]


def _problem(request: web.Request, error: Exception) -> web.StreamResponse:
    if isinstance(error, web.HTTPException) and error.status < Kind.MALFORMED.status:
        raise error
    problem = problem_of(error)
    if problem.kind is Kind.INTERNAL:
        log = structlog.get_logger("forewarn.http")
        log.error("request_broke", request_id=request[REQUEST_ID], route=_route(request), exc_info=error)
    return answer_of(problem, request[REQUEST_ID])


def _tell_broken_off(request: web.Request, error: Exception) -> None:
    """Log why an answer broke off in the middle: the client went, the key was revoked, the database was lost."""
    unexpected = not isinstance(error, ConnectionError) and problem_of(error).kind is Kind.INTERNAL
    log = structlog.get_logger("forewarn.http")
    log.log(
        logging.ERROR if unexpected else logging.INFO,
        "answer_broke_off",
        request_id=request[REQUEST_ID],
        route=_route(request),
        reason=type(error).__name__,
        exc_info=error if unexpected else None,
    )


def _note(request: web.Request, status: int, seconds: float) -> None:
    """Log and count; the path as the route table has it, for ids may be names or addresses."""
    route = _route(request)
    request.app[METRICS].requests.note(request.method, route, status, seconds)
    structlog.get_logger("forewarn.http").info(
        "request",
        request_id=request[REQUEST_ID],
        method=request.method,
        route=route,
        status=status,
        milliseconds=round(seconds * 1000, 1),
    )


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return "unmatched" if resource is None else resource.canonical
