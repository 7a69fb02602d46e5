"""What a handler is asked and answers, and how a route of the table describes both."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from inspect import getdoc
from typing import Any, Generic, TypeVar

from aiohttp import web

from api.access import Keys
from api.attempts import Attempts
from api.keys import Key, Role
from installs_registry.addresses import Network
from notifier.audience import Memory
from notifier.delivery.bouncing import Doorkeeper
from notifier.publications import Rulebook
from notifier.publishing import By
from notifier.tokens import Links
from notifier.verdicts import CheckLog, Verdicts
from storage import Clock, Database, Tx

Q = TypeVar("Q")
B = TypeVar("B")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The vendor's settings that change what is answered."""

    #: Seconds that a whole body, or the next piece of an import, may take to arrive.
    body_seconds: float = 30.0
    #: The networks of its own that the vendor has opened to webhooks.
    allowed_networks: Sequence[Network] = ()
    #: Counts of an audience below this are kept back from a role that may not file.
    small_audience: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask(Generic[Q, B]):
    """One request, read and checked."""

    key: Key
    now: datetime
    #: The parameters of the path, by name.
    path: Mapping[str, str]
    query: Q
    body: B
    #: What the client app that asks calls its secret; None where it sent none.
    install_token: str | None
    policy: Policy
    #: The rules of the products, as the transaction sees them.
    rulebook: Rulebook
    memory: Memory
    #: The addresses of notices; None: the service has no public address.
    links: Links | None

    @property
    def by(self) -> By:
        """Return who acts on a defect."""
        return By(self.key.person, self.now)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler answers; a `body` of None has none."""

    body: object
    status: int = 200
    #: What is kept for the same write coming again, where the body holds what is shown once; None: the body.
    kept: object = None


def always() -> bool:
    """Return True."""
    return True


#: A handler of one transaction: plain and synchronous; it may run more than once until its transaction holds.
Work = Callable[[Tx, Ask[Any, Any]], Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the application is put together from."""

    database: Database
    clock: Clock
    verdicts: Verdicts
    check_log: CheckLog
    keys: Keys
    policy: Policy = field(default_factory=Policy)
    rulebook: Rulebook = field(default_factory=Rulebook)
    #: What audiences are counted in.
    memory: Memory = field(default_factory=Memory)
    links: Links | None = None
    attempts: Attempts = field(default_factory=Attempts)
    #: Whether the background work runs.
    ready: Callable[[], bool] = always
    #: Sends a defect's warning as a test: (defect's id, address). None: no mail is set up.
    send_test: Callable[[str, str], Awaitable[None]] | None = None
    #: Takes mails that came back. None: none are sent.
    doorkeeper: Doorkeeper | None = None


#: A handler that does not fit one transaction; it admits its key itself.
Serve = Callable[[web.Request, Parts], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One line of the route table."""

    method: str
    #: With the names of its parameters in braces.
    path: str
    #: Who may; empty: everybody, without a key.
    roles: frozenset[Role]
    #: What does it: exactly one of the two.
    work: Work | None = None
    serve: Serve | None = None
    #: Whether it changes anything.
    writes: bool = False
    #: Whether it changes what verdicts are judged by.
    publishes: bool = False
    #: Whether the answer carries an ETag.
    cached: bool = False
    #: Type of the JSON body, None for none.
    body: object = None
    #: Struct of the query parameters, None for none.
    query: object = None
    #: Query parameters whose names are not fixed, as OpenAPI describes them.
    loose_query: Mapping[str, Any] | None = None
    #: Type of the answer by status; None: an answer without a body.
    answers: Mapping[int, object] = field(default_factory=dict)
    #: Whether client apps show themselves by their `Install-Token` here.
    tokens: bool = False
    #: Other media types in which the answer can be had, by the Accept header.
    also: tuple[str, ...] = ()
    #: Media types of a streamed body, with what the document says of them.
    streams: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """Return in one sentence what the route does: the first line of its handler's docstring."""
        return (getdoc(self.work or self.serve) or "").partition("\n")[0]
