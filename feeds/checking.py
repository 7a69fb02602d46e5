"""Whether a report can be meant: everything that is wrong with it at once, each with its place.

Only what cannot be meant is refused; what merely looks odd is a warning, made where the installs are known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import risk
from storage.outcomes import Fault, Invalid

from .conditions import ConditionError, parse_condition
from .ranges import as_ranges, range_faults, version_fault
from .texts import one_line, plain, web_address
from .types import DefectReport, RemedyOffer

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

#: More would make a long answer that nobody reads.
_MOST_FAULTS = 1_000


@dataclass(frozen=True, slots=True)
class Declared:
    """What a report may speak of: one product with its version scheme and facts."""

    id: str
    #: The product's own short number in the store.
    no: int
    vocabulary: risk.Vocabulary


@dataclass(frozen=True, slots=True)
class Checked:
    """A report that can be meant."""

    report: DefectReport
    #: The condition's syntax tree as JSON values; None: everyone is meant.
    tree: object | None


def check(report: DefectReport, product: Declared) -> Checked:
    """Return the report with its condition's tree; raise Invalid with its faults, the first 1,000 at most."""
    scheme = product.vocabulary.scheme
    affected = [*_affected_faults(report, scheme)]
    tree, condition = _condition(report.condition, product.vocabulary)
    faults = [
        *_head_faults(report, product),
        *affected,
        *range_faults("/upgrading_from", report.upgrading_from, scheme),
        *condition,
        *_remedy_faults(report, scheme, None if affected else _affected_set(report, scheme)),
        *_reference_faults(report),
    ]
    if faults:
        raise Invalid(*faults[:_MOST_FAULTS])
    return Checked(report, tree)


def _head_faults(report: DefectReport, product: Declared) -> Iterator[Fault]:
    if report.id is not None and not _ID.fullmatch(report.id):
        yield Fault("/id", "An id is up to 64 letters, digits, dots, hyphens and underscores; it begins with no sign.")
    if report.product != product.id:
        yield Fault("/product", f"This defect is one of {product.id}; another product's is filed by itself.")
    yield from one_line("/title", report.title)
    yield from plain("/summary", report.summary)


def _affected_faults(report: DefectReport, scheme: risk.Scheme) -> Iterator[Fault]:
    if not report.affected:
        yield Fault("/affected", "A defect that affects no version is none; name at least one range.")
    yield from range_faults("/affected", report.affected, scheme)


def _affected_set(report: DefectReport, scheme: risk.Scheme) -> risk.VersionSet:
    return risk.compile_ranges(as_ranges(report.affected), scheme)


def _condition(text: str | None, vocabulary: risk.Vocabulary) -> tuple[object | None, tuple[Fault, ...]]:
    if text is None:
        return None, ()
    if not text.strip():
        return None, (Fault("/condition", "The condition is blank; leave it out where everyone is meant."),)
    unstorable = tuple(plain("/condition", text))
    if unstorable:
        return None, unstorable
    try:
        node = parse_condition(text, vocabulary)
    except ConditionError as error:
        return None, (Fault("/condition", f"At character {error.position + 1}: {error}"),)
    return risk.tree_to_json(node), ()


def _remedy_faults(report: DefectReport, scheme: risk.Scheme, affected: risk.VersionSet | None) -> Iterator[Fault]:
    for index, remedy in enumerate(report.remedies):
        at = f"/remedies/{index}"
        yield from plain(f"{at}/text", remedy.text or "")
        if remedy.url is not None:
            yield from web_address(f"{at}/url", remedy.url)
        yield from _target_faults(f"{at}/version", remedy, scheme, affected)


def _target_faults(
    at: str, remedy: RemedyOffer, scheme: risk.Scheme, affected: risk.VersionSet | None
) -> Iterator[Fault]:
    if remedy.version is None:
        if remedy.kind == "upgrade_to":
            yield Fault(at, "A remedy of the kind upgrade_to names the version to go to.")
        return
    faults = [*version_fault(at, remedy.version, scheme)]
    yield from faults
    if not faults and affected is not None and scheme.key(remedy.version) in affected:
        yield Fault(at, f"{remedy.version} has the defect itself: it is inside the affected range.")


def _reference_faults(report: DefectReport) -> Iterator[Fault]:
    for index, reference in enumerate(report.references):
        yield from one_line(f"/references/{index}/type", reference.type)
        yield from web_address(f"/references/{index}/url", reference.url)
