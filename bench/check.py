"""`POST /v1/check` over many published defects, beside the plainest answer that aiohttp can give."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import Any

import msgspec

from api.verdict_view import view_of
from bench import rules
from bench.children import Child
from bench.database import carried_out, publish, url_of
from bench.figures import Contestant, Figure, Goal, in_turn
from bench.load import request
from bench.plan import Plan
from bench.rules import Case
from bench.servers import (
    ADMIN_KEY,
    Server,
    load_generator,
    serve_fast_hello,
    serve_forewarn,
    serve_hello,
    serve_json,
    serve_text,
    server,
    under_load,
)

NAME = "check"
_PATH = "/v1/check"
#: Requests per second by those of the peer: at a thousand defects, with four findings, at ten thousand defects.
_FOUND_NOTHING, _FOUND_FOUR, _MANY = 1.0, 0.85, 0.7
_THOUSAND = 1_000
#: What is asked, whether four defects are found, and whether no two heads are alike.
_CASES = (
    ("nothing found", False, False),
    ("four findings", True, False),
    ("four findings, no two heads alike", True, True),
)


def run(plan: Plan) -> Iterator[Figure]:
    """Compare requests per second, the safe target included."""
    with ExitStack() as stack:
        generator = stack.enter_context(load_generator())
        hello = (request("GET", "/"),)

        def peer(serve: Callable[..., None], *args: object) -> Contestant:
            target = stack.enter_context(server(serve, *args))
            return under_load(generator, target, hello, plan.connections, plan.seconds)

        hellos = {"aiohttp's hello": peer(serve_hello), "hello on uvloop": peer(serve_fast_hello)}
        verdict = _verdict(plan)
        as_large = {
            "aiohttp's hello, as large": peer(serve_json, verdict),
            "the same of finished text": peer(serve_text, msgspec.json.encode(verdict)),
        }
        for defects in plan.defects:
            yield from _over(plan, generator, (hellos, hellos | as_large), defects)


def _verdict(plan: Plan) -> object:
    """Return an answer with four findings, as values for JSON."""
    case = rules.case(plan.defects[0])
    (question,) = rules.asked(case.questions(1, harmed=True))
    return msgspec.to_builtins(view_of(case.index().judge(question)))


def _over(
    plan: Plan, generator: Child, peers: tuple[dict[str, Contestant], dict[str, Contestant]], defects: int
) -> Iterator[Figure]:
    """Compare with the first of `peers` where nothing is found, with the second where four defects are."""
    case = rules.case(defects)
    path = plan.folder / f"check-{defects}.db"
    carried_out(path, publish, case)
    with server(serve_forewarn, url_of(path)) as ours:
        ours.wait()
        for told, harmed, apart in _CASES:
            _see(ours, case, harmed=harmed)
            requests = tuple(_requests(case.questions(plan.bodies, harmed=harmed), apart=apart))
            contestant = under_load(generator, ours, requests, plan.connections, plan.seconds)
            goal = _goal(defects, harmed=harmed)
            yield from in_turn(NAME, f"{defects:,} defects, {told}", contestant, peers[harmed], plan.rounds, goal)


def _requests(questions: Iterable[dict[str, Any]], *, apart: bool) -> Iterator[bytes]:
    """Yield a check for each question; `apart` gives each a head of its own, as a proxy would that tells them apart."""
    for number, question in enumerate(questions):
        headers = {"Authorization": f"Bearer {ADMIN_KEY}"} | ({"X_Request_Id": f"proxied-{number}"} if apart else {})
        yield request("POST", _PATH, msgspec.json.encode(question), **headers)


def _see(ours: Server, case: Case, *, harmed: bool) -> None:
    """Raise RuntimeError unless the answer is what the case says, so that nothing else is measured."""
    verdict = ours.ask("POST", _PATH, next(case.questions(1, harmed=harmed)))
    if len(verdict["findings"]) != (rules.SPAN if harmed else 0) or verdict["safe_target"] is None:
        raise RuntimeError(f"the verdict is not the one to be measured: {verdict}")


def _goal(defects: int, *, harmed: bool) -> Goal:
    if defects > _THOUSAND:
        return Goal("speed", _MANY)
    return Goal("speed", _FOUND_FOUR if harmed else _FOUND_NOTHING)
