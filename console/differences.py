"""A proposed revision beside the live one: only what differs, field by field, in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from console.words import plain, remedy
from feeds.types import DefectReport, RemedyOffer
from notifier.delivery.describing import affected_words


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that a revision would change; each side a list of paragraphs."""

    name: str
    live: Sequence[str]
    proposed: Sequence[str]


@dataclass(frozen=True, slots=True)
class Text:
    """One field of a report, a list of paragraphs."""

    name: str
    paragraphs: Sequence[str]


def differences(live: DefectReport, proposed: DefectReport) -> list[Difference]:
    """Return what publishing the proposed report would change, in the order of the page."""
    return [
        Difference(name, before, after) for name, read in _FIELDS if (before := read(live)) != (after := read(proposed))
    ]


def texts(report: DefectReport) -> list[Text]:
    """Return all that a report says, in the order of the page."""
    return [Text(name, read(report)) for name, read in _FIELDS]


def remedy_words(offer: RemedyOffer) -> str:
    """Return a remedy on one line: what it asks, and the vendor's words."""
    return ". ".join(part.rstrip(".") for part in (remedy(offer), offer.text, offer.url) if part)


_FIELDS: Final[tuple[tuple[str, Callable[[DefectReport], Sequence[str]]], ...]] = (
    ("Title", lambda report: [report.title]),
    ("Severity", lambda report: [plain(report.severity)]),
    ("What happens", lambda report: report.summary.split("\n\n")),
    ("Affected", lambda report: [affected_words(report.affected)]),
    ("Upgrading from", lambda report: [affected_words(report.upgrading_from) or "any version before"]),
    ("Condition", lambda report: [report.condition or "everyone"]),
    ("Remedies", lambda report: [remedy_words(offer) for offer in report.remedies]),
    ("References", lambda report: [reference.url for reference in report.references]),
)
