"""From a request to an answer, the same way for every route of the table."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, cast

import msgspec
from aiohttp import ETag, web

from api import answers, reading
from api.access import allow, bearer_hash
from api.answers import Kept, Repeatable
from api.asking import Answer, Ask, Parts, Route
from api.keys import Key, Role
from api.paths import PATH_TYPES
from storage import StorageError, Tx

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class _Write:
    """What makes a write recognisable when it comes again."""

    idempotency_key: str
    fingerprint: str


def endpoint(route: Route, parts: Parts) -> Handler:
    """Return the aiohttp handler of a route."""
    if route.serve is not None:
        serve = route.serve

        async def served(request: web.Request) -> web.StreamResponse:
            return await serve(request, parts)

        return served

    async def worked(request: web.Request) -> web.StreamResponse:
        return await respond(request, route, parts)

    return worked


async def admitted(request: web.Request, parts: Parts, roles: frozenset[Role]) -> tuple[str, Key]:
    """Return the hash of a request's key, and the key. Raises Problem (401, 403) before anything is read."""
    key_hash = bearer_hash(request.headers.get("Authorization"))
    return key_hash, allow(await parts.keys.admit(parts.database, key_hash), roles)


async def respond(request: web.Request, route: Route, parts: Parts) -> web.Response:
    """Answer a request whose route does its work in one transaction."""
    key_hash, key = await admitted(request, parts, route.roles)
    body = await reading.read_body(request, parts.policy.body_seconds)
    ask = Ask(
        key=key,
        now=parts.clock.now(),
        path=reading.read_path(request, PATH_TYPES),
        query=reading.read_query(request, route.query),
        body=_body(request, route, body),
        install_token=reading.read_header(request, "Install-Token"),
        policy=parts.policy,
        rulebook=parts.rulebook,
        memory=parts.memory,
        links=parts.links,
    )
    act = parts.database.call if route.writes else parts.database.read
    kept = await act(_act, parts, route, ask, key_hash, _write(request, route, body))
    if route.publishes:
        await bring_up_to_date(parts)
    return _response(request, route, kept)


async def bring_up_to_date(parts: Parts) -> None:
    """Let whoever has published ask at once; the other processes follow within a second."""
    # What was published is stored whatever happens here, and the background refresh tries again.
    with suppress(StorageError):
        await parts.verdicts.refresh()


def _body(request: web.Request, route: Route, body: bytes) -> object:
    if route.body is None:
        reading.refuse_body(body)
        return None
    return reading.decode_body(request, body, cast("type[object]", route.body))


def _write(request: web.Request, route: Route, body: bytes) -> _Write | None:
    idempotency_key = reading.read_header(request, "Idempotency-Key") if route.writes else None
    if idempotency_key is None:
        return None
    return _Write(idempotency_key, answers.fingerprint(request.method, request.path_qs, body))


def _act(tx: Tx, parts: Parts, route: Route, ask: Ask[Any, Any], key_hash: str, write: _Write | None) -> Kept:
    """Do what the route does, once however often the same write comes, for a key that is in force now."""
    key = allow(parts.keys.current(tx, key_hash), route.roles)
    if route.work is None:
        raise LookupError(f"{route.method} {route.path} does no work")
    if write is None:
        return _told(route.work(tx, ask))
    repeatable = Repeatable(answers.asker(key.id, ask.install_token), write.idempotency_key, write.fingerprint)
    before = answers.begin(tx, repeatable, ask.now)
    if before is not None:
        return before
    answer = route.work(tx, ask)
    answers.keep(tx, repeatable, _told(answer if answer.kept is None else replace(answer, body=answer.kept)))
    return _told(answer)


def _told(answer: Answer) -> Kept:
    return Kept(answer.status, "" if answer.body is None else msgspec.json.encode(answer.body).decode())


def json_response(value: object, status: int = 200) -> web.Response:
    """Return a value as JSON."""
    return web.Response(status=status, body=msgspec.json.encode(value), content_type="application/json")


def _response(request: web.Request, route: Route, kept: Kept) -> web.Response:
    body = kept.body.encode()
    if route.cached:
        return with_etag(request, body)
    if not body:
        return web.Response(status=kept.status)
    return web.Response(status=kept.status, body=body, content_type="application/json")


def with_etag(request: web.Request, body: bytes) -> web.Response:
    """Return a JSON answer with its ETag, 304 where the client has it already (RFC 9110, section 13.1.2)."""
    tag = hashlib.sha256(body).hexdigest()[:32]
    known = request.if_none_match or ()
    if any(etag.value in {tag, "*"} for etag in known):
        response = web.Response(status=304)
    else:
        response = web.Response(body=body, content_type="application/json")
    response.etag = ETag(tag)
    response.headers["Cache-Control"] = "private, no-cache"
    return response
