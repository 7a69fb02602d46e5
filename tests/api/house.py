"""Builders: an application with keys of every role, and the things that a story needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from api.access import Keys
from api.app import create_app
from api.asking import Parts, Policy
from api.keys import Role, create_key
from api.serving import Runner
from notifier.verdicts import CheckLog, Verdicts
from storage import Database
from tests.conftest import FakeClock

Client = TestClient[web.Request, web.Application]

ADMIN_KEY = "the-admin-key-of-the-settings-0123456789"
INSTALL_SECRET = "0123456789abcdef" * 2
OTHER_SECRET = "fedcba9876543210" * 2

PRODUCT = {
    "name": "Notes",
    "version_scheme": "semver",
    "facts": {"notebooks": {"type": "integer"}, "storage_format": {"type": "string"}},
}
DEFECT = {
    "id": "NOTES-4411",
    "product": "notes",
    "title": "Upgrading to 4.2 can erase notes kept in the v2 format",
    "summary": "The first start of 4.2 rewrites notebooks.",
    "severity": "data-loss",
    "affected": [{"introduced": "4.2.0", "fixed": "4.2.2"}],
    "condition": "notebooks > 0 && storage_format in ['v1', 'v2']",
    "remedies": [{"kind": "wait", "text": "Stay with 4.1."}, {"kind": "upgrade_to", "version": "4.2.2"}],
}
AT_RISK = {"notebooks": 12, "storage_format": "v2"}


class Served(TestServer):
    """Serves an application as the service does, its lane included."""

    async def _make_runner(self, **settings: Any) -> Runner:
        return Runner(self.app, **settings)


@dataclass(frozen=True)
class Told:
    """An answer."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass(frozen=True)
class House:
    """The application, and its keys by role."""

    client: Client
    parts: Parts
    clock: FakeClock
    keys: Mapping[str, str]

    async def ask(self, method: str, path: str, *, role: str | None = "admin", **request: Any) -> Told:
        """Send a request with the key of a role (None: without) and read the answer."""
        headers = dict(request.pop("headers", {}))
        if role is not None:
            headers.setdefault("Authorization", f"Bearer {self.keys[role]}")
        response: ClientResponse = await self.client.request(method, path, headers=headers, **request)
        text = await response.read()
        body = await response.json(content_type=None) if text and "json" in response.content_type else text
        return Told(response.status, body, response.headers)

    async def get(self, path: str, **request: Any) -> Told:
        return await self.ask("GET", path, **request)

    async def put(self, path: str, body: object, **request: Any) -> Told:
        return await self.ask("PUT", path, json=body, **request)

    async def post(self, path: str, body: object = None, **request: Any) -> Told:
        if body is not None:
            request["json"] = body
        return await self.ask("POST", path, **request)

    async def another_key(self, role: Role, person: str, product: str | None = None) -> str:
        """Make one more key and return its text."""
        made = await self.parts.database.call(create_key, role, person, product=product, now=self.clock.now())
        return made.text


async def a_house(
    serve: Any, database: Database, clock: FakeClock, policy: Policy | None = None, **parts: Any
) -> House:
    """Serve an application that knows the product notes."""
    made = Parts(
        database=database,
        clock=clock,
        verdicts=Verdicts(database),
        check_log=CheckLog(database),
        keys=Keys(ADMIN_KEY),
        policy=policy or Policy(),
        **parts,
    )
    house = House(await serve(Served(create_app(made))), made, clock, {"admin": ADMIN_KEY})
    declared = await house.put("/v1/products/notes", PRODUCT)
    assert declared.status == 200, declared.body
    keys = {
        role.value: await house.another_key(role, role.value.title(), "notes" if role is Role.APP else None)
        for role in Role
        if role is not Role.ADMIN
    }
    return replace(house, keys={**house.keys, **keys})


async def with_releases(house: House) -> None:
    """Offer 4.1.3, 4.2.0 and 4.2.2."""
    for day, version in enumerate(("4.1.3", "4.2.0", "4.2.2"), start=1):
        path = f"/v1/products/notes/releases/{version}"
        told = await house.put(path, {"offered_at": f"2025-12-{day:02}T09:00:00Z"})
        assert told.status == 200, told.body


async def with_defect(house: House, **changes: object) -> str:
    """Publish a defect; return its id."""
    told = await house.post("/v1/defects", {**DEFECT, **changes})
    assert told.status == 201, told.body
    told = await house.post(f"/v1/defects/{told.body['id']}/publish")
    assert told.status == 200, told.body
    return str(told.body["id"])


async def with_install(house: House, install: str = "i-1", **changes: object) -> Told:
    """Check an install in, by the vendor."""
    body = {"product": "notes", "version": "4.1.3", "footprint": AT_RISK, **changes}
    told = await house.put(f"/v1/installs/{install}", body)
    assert told.status == 200, told.body
    return told
