"""One product with two facts, and reports, defects and people around it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

import risk
from feeds import rules, store
from feeds.checking import Declared, check
from feeds.deciding import Decider
from feeds.defects import Defect, Revision
from feeds.types import AffectedEntry, DefectReport, Hold
from storage import Tx

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
MUCH_LATER = NOW + timedelta(days=30)

NOTES = Declared(
    id="notes",
    no=1,
    vocabulary=risk.Vocabulary(
        facts={
            "notebooks": risk.Fact("notebooks", risk.FactType.INTEGER),
            "storage_format": risk.Fact("storage_format", risk.FactType.STRING),
        },
        scheme=risk.scheme("semver"),
    ),
)


def a_report(**changes: object) -> DefectReport:
    """The contract's own example in short; a range that nothing has fixed yet."""
    body = {
        "product": "notes",
        "title": "Upgrading to 4.2 can erase notes kept in the v2 format",
        "summary": "Do not upgrade yet.",
        "severity": "data-loss",
        "affected": [{"introduced": "4.2.0"}],
        "condition": "notebooks > 0",
    }
    return msgspec.convert({**body, **changes}, DefectReport)


def a_revision(**changes: object) -> Revision:
    checked = check(a_report(**changes), NOTES)
    return Revision(1, checked.report, checked.tree, "Ann", "2026-01-01T12:00:00.000000Z")


def entries(*given: dict[str, Any]) -> tuple[AffectedEntry, ...]:
    return msgspec.convert(given, tuple[AffectedEntry, ...])


def a_hold(until: datetime = LATER, reason: str = "The relay is on fire.") -> Hold:
    return Hold(reason=reason, until=until)


@dataclass(frozen=True, slots=True)
class Scene:
    """A transaction with the product in it; each act reads the defect anew, as a request would."""

    tx: Tx

    def file(self, **changes: object) -> Defect:
        return store.file(self.tx, NOTES.no, check(a_report(**changes), NOTES), "Quinn", NOW)

    def published(self, **changes: object) -> Defect:
        return Decider("Ann", NOW, NOTES).publish(self.tx, self.file(**changes)).defect

    def resolved(self, fixed_in: str = "4.2.2", **changes: object) -> Defect:
        defect = self.published(**changes)
        return self.by("Ann", people=1).resolve(self.tx, defect, fixed_in).defect

    def propose(self, defect: Defect, **changes: object) -> Defect:
        return store.propose(self.tx, defect, check(a_report(**changes), NOTES), "Quinn", NOW)

    def again(self, defect: Defect) -> Defect:
        return store.find(self.tx, defect.id)

    def by(self, person: str, *, now: datetime = NOW, people: int = 2) -> Decider:
        """Return a person who acts now, where clearing takes so many people."""
        self.rule("signatures_needed", people)
        return Decider(person, now, NOTES)

    def rule(self, name: str, value: int) -> None:
        """Put a rule in force, whoever would have to agree."""
        if getattr(rules.current(self.tx), name) == value:
            return
        self.tx.run_built(
            "INSERT INTO rules (name, value, changed_at) VALUES (:name, :value, '2026-01-01T12:00:00.000000Z')"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            {"name": name, "value": value},
        )


def a_scene(tx: Tx) -> Scene:
    """Return a scene whose product is in the database; call it once per database."""
    tx.run_built(
        "INSERT INTO products (no, id, name, version_scheme, changed_at)"
        " VALUES (:no, :id, 'Notes', 'semver', '2026-01-01T12:00:00.000000Z')",
        {"no": NOTES.no, "id": NOTES.id},
    )
    return Scene(tx)


def another_product(name: str) -> Declared:
    return replace(NOTES, id=name)
