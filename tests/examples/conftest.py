"""The real service on a free port, with a product, a published defect and a key for its client apps."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiohttp import ClientSession

from api.keys import Role, create_key
from commands.raw_settings import Raw
from commands.serving.listening import address_of, listen
from commands.settings import load
from composition import serving
from examples.demo.asking import Asker
from storage import SystemClock

ADMIN_KEY = "the-admin-key-of-the-settings-0123456789"
DEFECT = {
    "id": "NOTES-4411",
    "product": "notes",
    "title": "Upgrading to 4.2 can erase notes",
    "summary": "The first start of 4.2 rewrites notebooks.",
    "severity": "data-loss",
    "affected": [{"introduced": "4.2.0", "fixed": "4.2.2"}],
    "condition": "notebooks > 0",
    "remedies": [{"kind": "wait", "text": "Stay with 4.1."}, {"kind": "contact", "text": "Ask us."}],
}


@dataclass(frozen=True)
class Vendor:
    """The vendor's side of a service that runs."""

    admin: Asker
    app_key: str

    @property
    def address(self) -> str:
        return self.admin.address

    async def publish(self) -> None:
        """File and publish the defect."""
        await self.admin.post("/v1/defects", DEFECT)
        await self.admin.post("/v1/defects/NOTES-4411/publish")


@pytest.fixture
async def vendor(migrated_sqlite_url: str) -> AsyncIterator[Vendor]:
    """A running service that knows the product notes, with 4.1.3, 4.2.0 and 4.2.2 on offer."""
    listener, clock = listen("127.0.0.1", 0), SystemClock()
    given = Raw(database=migrated_sqlite_url, admin_key=ADMIN_KEY, public_url=address_of(listener))
    async with serving(load(given, {}), listener, clock=clock) as database, ClientSession() as session:
        admin = Asker(session, address_of(listener), "admin", ADMIN_KEY)
        declared = {"name": "Notes", "version_scheme": "semver", "facts": {"notebooks": {"type": "integer"}}}
        await admin.put("/v1/products/notes", declared)
        for version in ("4.1.3", "4.2.0", "4.2.2"):
            await admin.put(f"/v1/products/notes/releases/{version}", {"offered_at": "2025-12-01T09:00:00Z"})
        key = await database.call(create_key, Role.APP, "app", product="notes", now=clock.now())
        yield Vendor(admin, key.text)
