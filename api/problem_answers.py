"""The one place that turns what went wrong into HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from aiohttp import web

from api.problems import MEDIA_TYPE, FaultView, Kind, Problem, ProblemView
from storage import DatabaseUnavailable, IntegrityProblem, OutcomeUnknown, TransactionConflict
from storage.outcomes import Conflict, Forbidden, Invalid, NotFound, Refusal


def answer_of(problem: Problem, request_id: str) -> web.Response:
    """Return the answer that tells of a problem."""
    view = ProblemView(
        type=problem.kind.type,
        title=problem.kind.title,
        status=problem.kind.status,
        detail=problem.detail,
        request_id=request_id,
        errors=[FaultView(fault.at, fault.detail) for fault in problem.faults],
    )
    return web.Response(
        status=problem.kind.status,
        body=msgspec.json.encode(view),
        content_type=MEDIA_TYPE,
        headers=problem.headers,
    )


def problem_of(error: Exception) -> Problem:
    """Return how an exception is told to the client; INTERNAL for one that nobody expected."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Refusal):
        return _refused(error)
    if isinstance(error, web.HTTPException):
        return _from_aiohttp(error)
    return _broken(error)


def _refused(error: Refusal) -> Problem:
    if isinstance(error, Invalid):
        return Problem(Kind.INVALID, error.detail, error.faults)
    kinds: Mapping[type[Refusal], Kind] = {
        NotFound: Kind.NOT_FOUND,
        Conflict: Kind.CONFLICT,
        Forbidden: Kind.FORBIDDEN,
    }
    return Problem(next((kind for cls, kind in kinds.items() if isinstance(error, cls)), Kind.INVALID), error.detail)


def _from_aiohttp(error: web.HTTPException) -> Problem:
    kind = next((kind for kind in Kind if kind.status == error.status), Kind.MALFORMED)
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        return Problem(kind, f"This address answers {allowed} only.", headers={"Allow": allowed})
    sentences = {
        Kind.NOT_FOUND: "There is nothing at this address.",
        Kind.TOO_LARGE: "The body is larger than this address accepts.",
    }
    return Problem(kind, sentences.get(kind, HTTPStatus(kind.status).phrase + "."))


def _broken(error: Exception) -> Problem:
    if isinstance(error, OutcomeUnknown):
        detail = "The database was lost while it stored this: it may be stored or not. Look before you repeat it."
        return Problem(Kind.UNAVAILABLE, detail, headers={"Retry-After": "5"})
    if isinstance(error, DatabaseUnavailable):
        detail = "The database cannot be reached; nothing was stored. Try again in a few seconds."
        return Problem(Kind.UNAVAILABLE, detail, headers={"Retry-After": "5"})
    if isinstance(error, TransactionConflict):
        detail = "Too many requests change the same thing at this moment; nothing was stored. Try again."
        return Problem(Kind.UNAVAILABLE, detail, headers={"Retry-After": "1"})
    if isinstance(error, IntegrityProblem):
        return Problem(Kind.CONFLICT, "Another request changed the same thing at the same moment. Try again.")
    return Problem(Kind.INTERNAL, "Nothing was stored. The log has the details under this request's id.")
