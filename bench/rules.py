"""A product with many published defects, as many of them to a version however many there are in all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import risk
from feeds.conditions import parse_condition
from risk import Severity

#: Defects whose affected range begins at one release.
PER_RELEASE = 5
#: Releases from the one that brings a defect to the one that fixes it.
SPAN = 4

#: What the installs report: enough for a question of 600 bytes.
FACTS: dict[str, risk.Fact] = {
    "notebooks": risk.Fact("notebooks", risk.FactType.INTEGER),
    "storage_format": risk.Fact("storage_format", risk.FactType.STRING),
    "encrypted": risk.Fact("encrypted", risk.FactType.BOOLEAN),
    **{
        name: risk.Fact(name, risk.FactType.INTEGER)
        for name in ("attachments", "shared_notebooks", "largest_note_kilobytes", "sync_conflicts", "days_since_backup")
    },
    **{
        name: risk.Fact(name, risk.FactType.STRING)
        for name in ("database_engine", "sync_provider", "editor", "spelling_language", "theme")
    },
}


@dataclass(frozen=True, slots=True)
class Case:
    """A product, its defects, and how to ask about it."""

    product: risk.Product
    defects: tuple[risk.Defect, ...]

    @property
    def versions(self) -> tuple[str, ...]:
        """Return the versions on offer, oldest first."""
        return tuple(release.version for release in self.product.releases)

    def index(self) -> risk.ProductIndex:
        """Compile the rules."""
        return risk.ProductIndex.compile(self.product, self.defects, 1)

    def questions(self, number: int, *, harmed: bool) -> Iterator[dict[str, Any]]:
        """Yield questions, each of about 600 bytes and no two alike: from an older release to the newest.

        Nothing is found for those not `harmed`, four defects for the others.
        """
        older = self.versions[: -2 * SPAN]
        for place in range(number):
            yield {
                "product": self.product.id,
                "from": older[place * 7 % len(older)],
                "to": self.versions[-1],
                "platform": {"os": "macos", "os_version": f"14.{place % 7}.1", "arch": "arm64"},
                "footprint": _footprint(place, harmed=harmed),
            }


def case(defects: int) -> Case:
    """Return a product with this many published defects."""
    releases = max(defects // PER_RELEASE, 4 * SPAN)
    versions = [f"{1 + place // 20}.{place % 20}.0" for place in range(releases)]
    offered = tuple(risk.Release(version, "offered") for version in versions)
    product = risk.Product("notes", risk.scheme("semver"), FACTS, offered)
    return Case(product, tuple(_defect(number, versions) for number in range(defects)))


def asked(questions: Iterable[dict[str, Any]]) -> list[risk.Question]:
    """Return questions as the rules read them."""
    return [
        risk.Question(each["from"], each["to"], {**each["footprint"], "platform.os": each["platform"]["os"]})
        for each in questions
    ]


def _defect(number: int, versions: list[str]) -> risk.Defect:
    begin = number // PER_RELEASE % len(versions)
    end = begin + SPAN
    return risk.Defect(
        id=f"NOTES-{number}",
        revision=1,
        title=f"Upgrading to {versions[begin]} can lose notebooks that are kept in the old format",
        severity=Severity.DATA_LOSS,
        affected=(risk.Range(introduced=versions[begin], fixed=versions[end] if end < len(versions) else None),),
        condition=_tree(_condition(number, recent=end >= len(versions))),
        remedies=(risk.Remedy("wait", text="Stay with the version you have."),),
        url=f"https://example.com/notes/{number}",
    )


def _condition(number: int, *, recent: bool) -> str:
    """Return a condition; of the defects of one release, the first bites where it is recent."""
    if number % PER_RELEASE == 0:
        formats = "['v1', 'v2']" if recent else "['v8', 'v9']"
        return f"notebooks > 100 && storage_format in {formats} && !encrypted"
    return f"attachments > {number % 50} && database_engine == 'engine-{number % 7}' && platform.os == 'macos'"


def _tree(condition: str) -> object:
    return risk.tree_to_json(parse_condition(condition, risk.Vocabulary(FACTS, risk.scheme("semver"))))


def _footprint(place: int, *, harmed: bool) -> dict[str, Any]:
    return {
        "notebooks": 101 + place,
        "storage_format": "v2" if harmed else "v3",
        "encrypted": False,
        "attachments": place % 900,
        "shared_notebooks": place % 11,
        "largest_note_kilobytes": 40 + place % 77,
        "sync_conflicts": place % 3,
        "days_since_backup": place % 31,
        "database_engine": "embedded-engine-of-the-house",
        "sync_provider": f"sync-{place % 9}.example.com",
        "editor": "rich text with markdown shortcuts",
        "spelling_language": "de-AT, en-GB and fr-CH",
        "theme": "follows the system, dark after sunset",
    }
