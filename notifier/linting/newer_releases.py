"""The lint of time: a release that came out while an unresolved defect's range stops just before it.

A vendor that ships 4.2.2 while "4.2.0 to 4.2.1" stands published is asked whether 4.2.2 carries the defect still.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import risk
from feeds import store as defects
from feeds.defects import Defect
from feeds.life import State
from feeds.ranges import as_ranges
from feeds.types import AffectedEntry, LintWarning
from installs_registry import products, releases
from installs_registry.known import KnownProduct
from storage import Statements, Tx

sql = Statements("notifier")


@dataclass(frozen=True, slots=True)
class Doubt:
    """A release of which nobody has said whether it carries a defect."""

    defect: str
    release: str
    #: JSON pointer into the defect.
    at: str
    sentence: str


def doubts(tx: Tx, defect: Defect) -> list[Doubt]:
    """Return the releases registered since a published defect's live revision, each just behind its range."""
    if defect.state is not State.PUBLISHED:
        return []
    newer = {row["subject"] for row in tx.all(sql.releases_since, product_no=defect.product_no, defect=defect.id)}
    return list(_doubts(tx, defect, products.find_by_number(tx, defect.product_no), newer)) if newer else []


def warnings(tx: Tx, defect: Defect) -> list[LintWarning]:
    """Return the same as warnings about the defect."""
    return [LintWarning(doubt.at, doubt.sentence) for doubt in doubts(tx, defect)]


def about_release(tx: Tx, product: str, version: str) -> tuple[LintWarning, ...]:
    """Return what to ask whoever registers this release, of all published defects of its product."""
    known = products.find(tx, product)
    found = (doubt for defect in defects.judged(tx, known.no) for doubt in doubts(tx, defect))
    return tuple(LintWarning("", f"{doubt.defect}: {doubt.sentence}") for doubt in found if doubt.release == version)


def _doubts(tx: Tx, defect: Defect, product: KnownProduct, newer: set[str]) -> Iterator[Doubt]:
    shelf = sorted(
        (row.sort_key, row.text)
        for row in releases.version_rows(tx, product.no)
        if row.sort_key is not None and row.status in {"offered", "held"}
    )
    affected = risk.compile_ranges(as_ranges(defect.report.affected), product.scheme)
    for index, entry in enumerate(defect.report.affected):
        for end in risk.compile_ranges(as_ranges([entry]), product.scheme).edges[1::2]:
            after = _first_from(shelf, end)
            if after is not None and after[1] in newer and not affected.holds(after[0]):
                at, sentence = _question(index, entry, after[1], defect.current.number)
                yield Doubt(defect.id, after[1], at, sentence)


def _first_from(shelf: Sequence[tuple[str, str]], end: str) -> tuple[str, str] | None:
    return next(((key, text) for key, text in shelf if key >= end), None)


def _question(index: int, entry: AffectedEntry, release: str, revision: int) -> tuple[str, str]:
    at = f"/affected/{index}"
    came = f"{release} was registered after revision {revision}"
    if entry.fixed is not None:
        sentence = (
            f"{came}, which names {entry.fixed} as the first without the defect. "
            f"If {release} is sound, resolve the defect; if it carries the defect still, widen the range."
        )
        return f"{at}/fixed", sentence
    sentence = (
        f"{came}, and the affected range stops just before it. Does it carry the defect still? "
        "Widen the range if it does; resolve the defect if it does not."
    )
    return f"{at}/{'versions' if entry.versions else 'last_affected'}", sentence
