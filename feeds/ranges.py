"""The version ranges of a report: what is wrong with them, and what the rules read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import risk
from storage.outcomes import Fault

from .types import AffectedEntry

#: As `introduced`: before every version (OSV's events).
BEGINNING = "0"


def as_ranges(entries: Sequence[AffectedEntry]) -> tuple[risk.Range, ...]:
    """Return the entries in the form that the rules compile."""
    return tuple(
        risk.Range(entry.introduced, entry.fixed, entry.last_affected, entry.versions or ()) for entry in entries
    )


def range_faults(at: str, entries: Sequence[AffectedEntry], scheme: risk.Scheme) -> Iterator[Fault]:
    """Yield all that is wrong with the entries of the list at the JSON pointer `at`."""
    for index, entry in enumerate(entries):
        place = f"{at}/{index}"
        faults = [*_shape_faults(place, entry), *_version_faults(place, entry, scheme)]
        yield from faults or _order_faults(place, entry, scheme)


def version_fault(at: str, text: str, scheme: risk.Scheme) -> Iterator[Fault]:
    """Yield a fault where the text is no version of the scheme."""
    try:
        scheme.key(text)
    except risk.InvalidVersion as error:
        yield Fault(at, str(error))


def _shape_faults(at: str, entry: AffectedEntry) -> Iterator[Fault]:
    bounds = (entry.introduced, entry.fixed, entry.last_affected)
    if entry.versions is not None:
        if any(bound is not None for bound in bounds):
            yield Fault(f"{at}/versions", "An entry is a range or a list of versions, not both.")
        if not entry.versions:
            yield Fault(f"{at}/versions", "An empty list means no version at all.")
    elif entry.introduced is None:
        yield Fault(at, f'An entry says where it begins ("introduced", "{BEGINNING}" for all), or lists "versions".')
    if entry.fixed is not None and entry.last_affected is not None:
        yield Fault(f"{at}/last_affected", 'A range ends with "fixed" or with "last_affected", not with both.')


def _version_faults(at: str, entry: AffectedEntry, scheme: risk.Scheme) -> Iterator[Fault]:
    if entry.introduced is not None and entry.introduced != BEGINNING:
        yield from version_fault(f"{at}/introduced", entry.introduced, scheme)
    if entry.fixed is not None:
        yield from version_fault(f"{at}/fixed", entry.fixed, scheme)
    if entry.last_affected is not None:
        yield from version_fault(f"{at}/last_affected", entry.last_affected, scheme)
    for index, text in enumerate(entry.versions or ()):
        yield from version_fault(f"{at}/versions/{index}", text, scheme)


def _order_faults(at: str, entry: AffectedEntry, scheme: risk.Scheme) -> Iterator[Fault]:
    try:
        risk.compile_ranges(as_ranges([entry]), scheme)
    except risk.RangeError as error:
        yield Fault(f"{at}/{error.field}", str(error))
