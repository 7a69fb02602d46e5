"""Builders: the pages over a real database, and people who visit them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.test_utils import TestClient

from api.access import Keys
from api.app import create_app
from api.asking import Parts as InterfaceParts
from api.keys import Role, create_key, hash_of
from console import sessions
from console.app import add_routes
from console.mail_box import CaughtMail
from console.parts import Parts
from feeds.types import DefectReport
from notifier import publishing
from notifier.delivery.settings import DeliverySettings
from notifier.verdicts import CheckLog, Verdicts
from storage import Database
from tests.notifier.stage import ERASES_V2, Stage

Serve = Callable[..., Awaitable[TestClient[web.Request, web.Application]]]

ADMIN_KEY = "the-admin-key-of-the-settings-0123456789"
SECRET = "a secret of the tests, long enough to be one"  # noqa: S105 - not a secret
PUBLIC_URL = "http://warn.example"

HTML_MAIL = b"""\
Message-ID: <1@notes.example>
From: Notes Ltd <care@notes.example>
To: Ann <ann@example.com>
Subject: =?utf-8?q?Please_do_not_install_Notes_4=2E2_yet_=E2=9A=A0?=
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; charset=utf-8

Please wait & read.
--b
Content-Type: text/html; charset=utf-8

<html><head><title>x</title></head><body><script>alert(1)</script><h1>Please wait</h1></body></html>
--b--
"""


@dataclass
class Box:
    """A mail catcher's box."""

    caught: list[CaughtMail] = field(default_factory=list)

    def mails(self) -> list[CaughtMail]:
        return self.caught

    def catch(self, stage: Stage, recipient: str, content: bytes = HTML_MAIL) -> None:
        self.caught.append(CaughtMail(len(self.caught) + 1, stage.now, recipient, content))


@dataclass(frozen=True)
class Seen:
    """An answer."""

    status: int
    text: str
    headers: Mapping[str, str]


@dataclass
class StageClock:
    stage: Stage

    def now(self) -> Any:
        return self.stage.now


@dataclass(frozen=True)
class House:
    """The pages, the vendor behind them, and a browser that keeps cookies."""

    stage: Stage
    client: TestClient[web.Request, web.Application]
    parts: Parts
    box: Box

    async def get(self, path: str, **request: Any) -> Seen:
        return await self._ask("GET", path, **request)

    async def post(self, path: str, *, origin: str | None = "own", **fields: str) -> Seen:
        """Send a form as a browser does; `origin` None: without saying where the form came from."""
        headers = {} if origin is None else {"Origin": self.own_origin if origin == "own" else origin}
        return await self._ask("POST", path, data=fields, headers=headers)

    async def _ask(self, method: str, path: str, **request: Any) -> Seen:
        answer = await self.client.request(method, path, allow_redirects=False, **request)
        return Seen(answer.status, await answer.text(), dict(answer.headers))

    @property
    def own_origin(self) -> str:
        return str(self.client.make_url("/").origin())

    async def a_key(self, role: Role, person: str | None = None) -> str:
        """Make a key and return its text."""
        product = "notes" if role is Role.APP else None
        name = person or role.title()
        made = await self.stage.database.call(create_key, role, name, product=product, now=self.stage.now)
        return made.text

    async def enter(self, role: Role = Role.ADMIN, person: str | None = None) -> None:
        """Sign in with a new key of a role; for an admin, with that of the settings."""
        key = ADMIN_KEY if role is Role.ADMIN and person is None else await self.a_key(role, person)
        entered = await self.post("/sign-in", key=key)
        assert entered.status == 303, entered.text

    async def code(self, key: str = ADMIN_KEY) -> str:
        return await self.stage.database.call(sessions.make_code, hash_of(key), self.stage.now)

    async def link(self, purpose: str, **wanted: Any) -> str:
        """Return the path of a notice's page: of the last one that fits."""
        notice = (await self.stage.notices(**wanted))[-1].id
        make = self.parts.links.notice if purpose == "n" else self.parts.links.unsubscribe
        return make(notice).removeprefix(self.parts.links.public_url)


async def propose(stage: Stage, **changes: Any) -> None:
    """Change the draft NOTES-4411, or propose a revision of it."""
    report = msgspec.convert({**ERASES_V2, **changes}, DefectReport)
    await stage.database.call(publishing.revise, "NOTES-4411", report, stage.by("quinn"))


async def a_house(serve: Serve, database: Database, *, public_url: str = PUBLIC_URL, with_box: bool = True) -> House:
    """Serve interface and pages together, as the service does."""
    stage = Stage(database)
    await stage.set_up()
    settings = DeliverySettings(mail_from="Notes Ltd <care@notes.example>", public_url=public_url, secret=SECRET)
    composer, keys, clock, box = settings.composer(stage.rulebook), Keys(ADMIN_KEY), StageClock(stage), Box()
    verdicts = Verdicts(database)
    app = create_app(
        InterfaceParts(database=database, clock=clock, verdicts=verdicts, check_log=CheckLog(database), keys=keys)
    )
    parts = Parts(
        database=database,
        clock=clock,
        keys=keys,
        hash_of=hash_of,
        vendor=composer.sender.name,
        links=composer.links,
        facts_of=composer.facts_of,
        mail_box=box if with_box else None,
    )
    add_routes(app, parts)
    return House(stage, await serve(app), parts, box)
