"""The kinds of routes, and the sets of roles that may use them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from api.asking import Route, Serve, Work
from api.keys import Role
from api.types import Witness
from feeds.types import DefectView
from notifier.types import NoticeView, PendingView

ANYBODY: Final[frozenset[Role]] = frozenset()
ALL: Final = frozenset(Role)
ADMIN: Final = frozenset({Role.ADMIN})
DECIDES: Final = ADMIN | {Role.APPROVER}
FILES: Final = DECIDES | {Role.REPORTER}
READS: Final = FILES | {Role.VIEWER}
ADMIN_OR_APP: Final = ADMIN | {Role.APP}
READS_OR_APP: Final = READS | {Role.APP}


def read(
    path: str,
    roles: frozenset[Role],
    work: Work,
    answer: object,
    *,
    query: object = None,
    cached: bool = False,
    tokens: bool = False,
) -> Route:
    """Return a route that reads from the database and answers in JSON."""
    answers = {200: answer}
    return Route(
        method="GET", path=path, roles=roles, work=work, answers=answers, query=query, cached=cached, tokens=tokens
    )


def serve(
    path: str,
    roles: frozenset[Role],
    handler: Serve,
    answer: object,
    *,
    query: object = None,
    also: tuple[str, ...] = (),
    nothing: bool = False,
) -> Route:
    """Return a route that writes its answer itself, `also` in other media types; `nothing`: there may be none."""
    answers = {200: answer, 204: None} if nothing else {200: answer}
    return Route(method="GET", path=path, roles=roles, serve=handler, answers=answers, query=query, also=also)


def put(
    path: str,
    roles: frozenset[Role],
    work: Work,
    body: object,
    answer: object,
    *,
    publishes: bool = False,
) -> Route:
    """Return a route that stores a thing whole."""
    answers = {200: answer}
    return Route(
        method="PUT", path=path, roles=roles, work=work, body=body, answers=answers, writes=True, publishes=publishes
    )


def post(
    path: str,
    roles: frozenset[Role],
    work: Work,
    body: object,
    answers: Mapping[int, object],
    *,
    publishes: bool = False,
) -> Route:
    """Return a route that does something; its answers by status."""
    return Route(
        method="POST", path=path, roles=roles, work=work, body=body, answers=answers, writes=True, publishes=publishes
    )


def delete(path: str, roles: frozenset[Role], work: Work) -> Route:
    """Return a route that removes a thing."""
    return Route(method="DELETE", path=path, roles=roles, work=work, answers={204: None}, writes=True)


def take(
    path: str,
    handler: Serve,
    media: tuple[str, ...],
    answer: object,
    *,
    query: object = None,
) -> Route:
    """Return a route that takes a streamed body of these media types, from an admin."""
    return Route(
        method="POST", path=path, roles=ADMIN, serve=handler, streams=media, answers={200: answer}, query=query
    )


def act(name: str, work: Work, body: object = None, *, signed: bool = False, publishes: bool = False) -> Route:
    """Return a route that does something to a defect; `signed`: it may wait for a second person."""
    answers = {200: DefectView, 202: PendingView} if signed else {200: DefectView}
    return post(f"/v1/defects/{{defect}}/{name}", DECIDES, work, body, answers, publishes=publishes)


def told(name: str, work: Work, body: object = None) -> Route:
    """Return a route by which whoever got a notice says something of it."""
    return Route(
        method="POST",
        path=f"/v1/notices/{{notice}}/{name}",
        roles=ADMIN_OR_APP,
        work=work,
        query=Witness,
        body=body,
        answers={200: NoticeView},
        writes=True,
        tokens=True,
    )
