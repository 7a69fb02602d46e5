"""What a defect says of itself, in words for a mail: its versions, and what a revision changed."""

from __future__ import annotations

from collections.abc import Sequence

from feeds.types import AffectedEntry, DefectReport, RemedyOffer
from notifier.mails.facts import Option
from notifier.mails.sentences import meaning
from risk import Severity

#: Versions of a list that are named one by one.
NAMED = 5

_FIRST_OF_ALL = "0"


def affected_words(affected: Sequence[AffectedEntry]) -> str:
    """Return the affected versions as a part of a sentence, such as "version 4.2.0 and later, before 4.2.2"."""
    return "; ".join(_entry_words(entry) for entry in affected)


def _entry_words(entry: AffectedEntry) -> str:
    if entry.versions:
        return _listed(entry.versions)
    start = None if entry.introduced == _FIRST_OF_ALL else entry.introduced
    if entry.last_affected:
        if start == entry.last_affected:
            return f"version {start}"
        return f"versions {start} to {entry.last_affected}" if start else f"every version up to {entry.last_affected}"
    if entry.fixed:
        return f"version {start} and later, before {entry.fixed}" if start else f"every version before {entry.fixed}"
    return f"version {start} and later" if start else "every version"


def _listed(versions: Sequence[str]) -> str:
    if len(versions) == 1:
        return f"version {versions[0]}"
    if len(versions) > NAMED:
        return f"versions {', '.join(versions[:NAMED])} and {len(versions) - NAMED} more"
    return f"versions {', '.join(versions[:-1])} and {versions[-1]}"


def changes(before: DefectReport, after: DefectReport) -> tuple[str, ...]:
    """Return, in sentences, what a customer who was told `before` must know of `after`."""
    said = []
    if before.affected != after.affected:
        now, then = affected_words(after.affected), affected_words(before.affected)
        said.append(f"It now concerns {now}. Before, we wrote {then}.")
    if before.severity != after.severity:
        graver = tuple(Severity).index(after.severity) < tuple(Severity).index(before.severity)
        said.append("It is graver than we thought." if graver else "It is less grave than we thought.")
    if before.condition != after.condition or before.upgrading_from != after.upgrading_from:
        said.append("We know better now whom it concerns.")
    said += [f"New: {_named(remedy)}." for remedy in after.remedies if remedy not in before.remedies]
    said += [f"No longer offered: {_named(remedy)}." for remedy in before.remedies if not _kept(remedy, after.remedies)]
    return tuple(said) or ("We now say more clearly what to do.",)


def _kept(remedy: RemedyOffer, remedies: Sequence[RemedyOffer]) -> bool:
    """Return whether a remedy is still offered, perhaps in other words."""
    return any((each.kind, each.version) == (remedy.kind, remedy.version) for each in remedies)


def _named(remedy: RemedyOffer) -> str:
    words = meaning(Option(index=0, kind=remedy.kind, version=remedy.version))
    return words[0].lower() + words[1:]
