"""Resolving: ranges that are still open end at the fixed release, so that they can be judged for ever."""

from __future__ import annotations

import msgspec

import risk
from storage.outcomes import Invalid

from .ranges import BEGINNING, as_ranges, version_fault
from .types import AffectedEntry, DefectReport

_AT = "/fixed_in"


def closed(report: DefectReport, fixed_in: str, scheme: risk.Scheme) -> DefectReport:
    """Return the report with its open ranges ended by the release that no longer has the defect.

    Raises Invalid where that release cannot be: it is no version, still affected, or older than the defect.
    """
    faults = tuple(version_fault(_AT, fixed_in, scheme))
    if faults:
        raise Invalid(*faults)
    key = scheme.key(fixed_in)
    if not any(_begins_below(entry, key, scheme) for entry in report.affected):
        raise Invalid.at(_AT, f"{fixed_in} is older than every version that has the defect.")
    entries = tuple(_closed(entry, fixed_in, scheme) for entry in report.affected)
    if key in risk.compile_ranges(as_ranges(entries), scheme):
        raise Invalid.at(_AT, f"{fixed_in} has the defect by its own report; publish a revision of the range first.")
    return msgspec.structs.replace(report, affected=entries)


def _closed(entry: AffectedEntry, fixed_in: str, scheme: risk.Scheme) -> AffectedEntry:
    ended = entry.introduced is None or entry.fixed is not None or entry.last_affected is not None
    if ended or not _begins_below(entry, scheme.key(fixed_in), scheme):
        return entry
    return msgspec.structs.replace(entry, fixed=fixed_in)


def _begins_below(entry: AffectedEntry, key: risk.Key, scheme: risk.Scheme) -> bool:
    if entry.introduced is not None:
        return entry.introduced == BEGINNING or scheme.key(entry.introduced) < key
    return any(scheme.key(text) < key for text in entry.versions or ())
