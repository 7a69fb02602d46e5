"""What the incident files hold: a real incident restated, and how a synthetic fleet stands to it.

What the public record lacks is filled in and marked `assumed`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from feeds.types import DefectReport
from installs_registry.types import Moment, ProductDeclaration

Share = Annotated[float, Meta(ge=0, le=1)]


class At(Struct, frozen=True, forbid_unknown_fields=True):
    """A moment of an incident."""

    at: Moment
    #: Not in the public record, or not to the hour.
    assumed: bool = False


class ReleaseRecord(Struct, frozen=True, forbid_unknown_fields=True):
    """A release and the day from which it was on offer."""

    version: str
    offered_at: Moment
    #: The day is filled in.
    assumed: bool = False


class Spread(Struct, frozen=True, forbid_unknown_fields=True):
    """How the values of one fact are spread over the installs."""

    #: Each value with its weight.
    values: list[tuple[Any, int]]
    #: The share of installs that do not report it.
    missing: Share = 0.0


class Platforms(Struct, frozen=True, forbid_unknown_fields=True):
    """An operating system that installs run on, with its weight."""

    os: str
    os_version: str
    weight: int


class FleetRecord(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The installs of the product: all synthetic."""

    installs: int
    #: Each version with its weight.
    versions: dict[str, int]
    facts: dict[str, Spread]
    platforms: list[Platforms]


class AppRecord(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A client app that asks for itself: an install at risk that belongs to nobody known."""

    version: str
    #: The upgrade it asks about.
    to: str
    footprint: dict[str, Any]
    os: str


class RevisionRecord(Struct, frozen=True, forbid_unknown_fields=True):
    """What QA learned later."""

    proposed: At
    published: At
    report: DefectReport


class EndRecord(Struct, frozen=True, forbid_unknown_fields=True):
    """The end of it: the fixed release, and when the all-clear was signed."""

    fixed_in: str
    resolved: At


class ProductRecord(Struct, frozen=True, forbid_unknown_fields=True):
    """The product as its vendor declares it."""

    id: str
    declaration: ProductDeclaration


class Incident(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One incident: what was flawed, for whom, when it was known and how it ended."""

    key: str
    #: For the table.
    name: str
    #: What this one teaches.
    lesson: str
    sources: list[str]
    #: What else was filled in, in sentences.
    assumptions: list[str] = []
    #: None: the product is that of an incident before.
    product: ProductRecord | None = None
    releases: list[ReleaseRecord] = []
    report: DefectReport
    filed: At
    published: At
    revision: RevisionRecord | None = None
    #: None: the record knows of no fix.
    end: EndRecord | None = None
    #: The share of those warned who upgrade all the same.
    upgrade_anyway: Share = 0.0
    #: The version that they take.
    tempting: str
    fleet: FleetRecord | None = None
    app: AppRecord

    @property
    def begins(self) -> datetime:
        """The moment at which the story needs the product and its fleet to be there."""
        return self.filed.at - timedelta(hours=3)


def incidents() -> tuple[Incident, ...]:
    """Return all incidents in the order in which they were filed."""
    return tuple(sorted(_read(), key=lambda incident: incident.filed.at))


def _read() -> Iterator[Incident]:
    for file in files(__package__).joinpath("incidents").iterdir():
        if file.name.endswith(".toml"):
            yield msgspec.toml.decode(file.read_bytes(), type=Incident)
