"""A vendor on a database: a product with releases, customers with installs, people who act."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from feeds.types import DefectReport, Reason, Resolution
from installs_registry.types import CheckIn, CustomerRecord, ProductDeclaration, ReleaseDeclaration
from notifier import notices, publishing, registering, releasing, sweeping
from notifier.ledger import ledger
from notifier.notices import Wanted
from notifier.publications import Rulebook
from notifier.publishing import By
from notifier.registering import VENDOR, Reporter
from notifier.types import Acted, CheckInAnswer, LedgerView, NoticeView
from storage import Database, Tx, instant

NOTES: dict[str, Any] = {
    "name": "Notes",
    "version_scheme": "intdot",
    "facts": {
        "notebooks": {"type": "integer"},
        "storage_format": {"type": "string"},
        "plugins": {"type": "strings"},
    },
}

ERASES_V2: dict[str, Any] = {
    "id": "NOTES-4411",
    "product": "notes",
    "title": "Upgrading to 4.2 can erase notes kept in the v2 format",
    "summary": "The upgrade drops what it cannot convert.",
    "severity": "data-loss",
    "affected": [{"introduced": "4.2.0", "fixed": "4.2.2"}],
    "condition": "notebooks > 0 && storage_format in ['v1', 'v2']",
    "remedies": [{"kind": "wait"}, {"kind": "upgrade_to", "version": "4.2.2"}, {"kind": "repair"}],
}

AT_RISK: dict[str, Any] = {"notebooks": 12, "storage_format": "v2"}
SAFE: dict[str, Any] = {"notebooks": 0, "storage_format": "v3"}


@dataclass
class Stage:
    """Drives the notifier as the service does, at a time of its own."""

    database: Database
    now: datetime = datetime(2026, 1, 1, 12, tzinfo=UTC)
    rulebook: Rulebook = field(default_factory=Rulebook)

    async def set_up(self, **product: Any) -> None:
        """Declare the product and its first releases."""
        declaration = msgspec.convert({**NOTES, **product}, ProductDeclaration)
        await self.database.call(releasing.declare_product, "notes", declaration, self.now)
        for version in ("4.1.0", "4.2.0", "4.2.1"):
            await self.release(version)

    async def declare(self, product: str, declaration: dict[str, Any]) -> None:
        """Declare another product."""
        declared = msgspec.convert(declaration, ProductDeclaration)
        await self.database.call(releasing.declare_product, product, declared, self.now)

    async def release(self, version: str, status: str = "offered", *, offered_at: datetime | None = None) -> None:
        body = {"offered_at": offered_at or self.now - timedelta(days=30), "status": status}
        declaration = msgspec.convert(body, ReleaseDeclaration)
        await self.database.call(releasing.put_release, "notes", version, declaration, self.now)

    async def customer(self, customer: str, **record: Any) -> None:
        values = {"name": customer.title(), "email": f"{customer}@example.com", **record}
        await self.database.call(registering.put_customer, customer, msgspec.convert(values, CustomerRecord), self.now)

    async def check_in(
        self, install: str, version: str = "4.1.0", *, reporter: Reporter = VENDOR, **body: Any
    ) -> CheckInAnswer:
        """Let an install report itself; what is left out stays as it was."""
        report = msgspec.convert({"product": "notes", "version": version, **body}, CheckIn)
        return await self.database.call(
            registering.check_in, install, report, reporter=reporter, rulebook=self.rulebook, now=self.now
        )

    async def holds(self, customer: str, install: str, version: str = "4.1.0", /, **facts: Any) -> None:
        """Let a customer hold an install."""
        await self.customer(customer)
        await self.check_in(install, version, customer=customer, footprint=facts or AT_RISK)

    async def file(self, **changes: Any) -> str:
        report = msgspec.convert({**ERASES_V2, **changes}, DefectReport)
        return (await self.database.call(publishing.file_defect, report, self.by("quinn"))).id

    async def publish(self, **changes: Any) -> str:
        """File a defect, publish it and finish the sweep."""
        defect = await self.file(**changes)
        await self.act(publishing.publish, defect)
        return defect

    async def revise(self, defect: str, **changes: Any) -> None:
        """Propose a revision, publish it by two people, finish the sweep."""
        report = msgspec.convert({**ERASES_V2, **changes}, DefectReport)
        await self.database.call(publishing.revise, defect, report, self.by("quinn"))
        if (await self.act(publishing.publish, defect)).status == 202:
            await self.act(publishing.publish, defect, person="omar")

    async def resolve(self, defect: str, fixed_in: str = "4.2.2") -> None:
        for person in ("ada", "omar"):
            await self.act(publishing.resolve, defect, Resolution(fixed_in), person=person)

    async def withdraw(self, defect: str, reason: str = "It was the test rig.") -> None:
        for person in ("ada", "omar"):
            await self.act(publishing.withdraw, defect, Reason(reason), person=person)

    async def act(self, act: Callable[..., Acted], defect: str, *terms: Any, person: str = "ada") -> Acted:
        def work(tx: Tx) -> Acted:
            return act(tx, defect, *terms, self.by(person))

        done = await self.database.call(work)
        await self.sweep()
        return done

    async def sweep(self, size: int = 2) -> None:
        """Do every open page, few recipients at a time."""
        while await self.database.call(sweeping.sweep_page, self.rulebook, self.now, size):
            pass

    def by(self, person: str) -> By:
        return By(person, self.now)

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)

    async def notices(self, **wanted: Any) -> list[NoticeView]:
        rows = await self.database.read(_list, Wanted(**wanted))
        return [view for _, view in rows]

    async def kinds(self, **wanted: Any) -> list[tuple[str, str]]:
        """Return kind and state of each notice, oldest first."""
        return [(notice.kind.value, notice.state) for notice in await self.notices(**wanted)]

    async def deliver(self, **wanted: Any) -> None:
        """Let every pending notice have been accepted by its recipient's server."""
        for notice in await self.notices(**wanted):
            if notice.state == "pending":
                await self.database.call(_mark_sent, notice.id, instant(self.now))

    async def ledger(self, defect: str) -> LedgerView:
        return await self.database.read(ledger, defect)


def _list(tx: Tx, wanted: Wanted) -> list[tuple[int, NoticeView]]:
    return notices.listing(tx, wanted, after=0, limit=1000, links=None)


def _mark_sent(tx: Tx, notice: str, at: str) -> None:
    values = {"id": notice, "at": at}
    tx.run_built("UPDATE notices SET state = 'SENT', sent_at = :at WHERE id = :id", values)
    tx.run_built(
        "UPDATE deliveries SET state = 'SENT', sent_at = :at, handed_over_at = :at"
        " WHERE notice_no = (SELECT no FROM notices WHERE id = :id)",
        values,
    )
