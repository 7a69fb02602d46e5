"""What a proposed revision changes: in sentences for whoever decides, and whether those told before must hear it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import MappingProxyType
from typing import Final

import risk
from feeds.narrowing import covers, covers_origins
from feeds.types import AffectedEntry, DefectReport, Reference, RemedyOffer
from notifier.delivery.describing import affected_words

#: Of these remedies the version says it all; of the next ones the words and the address are what to do.
_BY_VERSION = frozenset({"wait", "upgrade_to", "roll_back"})
_BY_WORDS = frozenset({"workaround", "back_up", "repair"})


def changes(live: DefectReport, proposed: DefectReport, scheme: risk.Scheme) -> tuple[str, ...]:
    """Return what publishing the proposed report would change, gravest first, each a sentence without its full stop."""
    return (
        *_affected(live, proposed, scheme),
        *_origins(live, proposed, scheme),
        *_condition(live, proposed),
        *_severity(live, proposed),
        *_remedies(live.remedies, proposed.remedies),
        *_wording(live, proposed),
        *_references(live.references, proposed.references),
    )


def tells_otherwise(live: DefectReport, proposed: DefectReport, scheme: risk.Scheme) -> bool:
    """Tell whether those warned by one report must hear the other: another range, or other things to do.

    Words alone, a range written otherwise, and what is offered beside (an exchange, a credit, a contact) are none.
    """
    same_range = covers(proposed.affected, live.affected, scheme) and covers(live.affected, proposed.affected, scheme)
    return not same_range or _to_do(live.remedies) != _to_do(proposed.remedies)


def _to_do(remedies: Sequence[RemedyOffer]) -> frozenset[tuple[str | None, ...]]:
    by_version = {(each.kind, each.version) for each in remedies if each.kind in _BY_VERSION}
    by_words = {(each.kind, each.version, each.text, each.url) for each in remedies if each.kind in _BY_WORDS}
    return frozenset[tuple[str | None, ...]](by_version | by_words)


def _affected(live: DefectReport, proposed: DefectReport, scheme: risk.Scheme) -> Iterator[str]:
    old, new = live.affected, proposed.affected
    if old != new:
        how = _moved(covers(new, old, scheme), covers(old, new, scheme))
        yield f"affected range {how}: {_from_to(old, new, affected_words)}"


def _origins(live: DefectReport, proposed: DefectReport, scheme: risk.Scheme) -> Iterator[str]:
    old, new = live.upgrading_from, proposed.upgrading_from
    if old != new:
        how = _moved(covers_origins(new, old, scheme), covers_origins(old, new, scheme))
        yield f"upgrades that are harmed {how}: {_from_to(old, new, _origin_words)}"


def _moved(holds_the_old: bool, held_by_the_old: bool) -> str:  # noqa: FBT001 - two sides of one comparison
    if holds_the_old:
        return "written otherwise, the same versions" if held_by_the_old else "widened"
    return "narrowed" if held_by_the_old else "moved"


def _from_to(
    old: Sequence[AffectedEntry], new: Sequence[AffectedEntry], words: Callable[[Sequence[AffectedEntry]], str]
) -> str:
    """Return both sides; of two ranges that differ in one bound, that bound alone."""
    if len(old) == len(new) == 1:
        bounds = [(getattr(old[0], name), getattr(new[0], name)) for name in ("introduced", "fixed", "last_affected")]
        differing = [(before, after) for before, after in bounds if before != after]
        if len(differing) == 1 and all(differing[0]) and old[0].versions == new[0].versions:
            return " → ".join(differing[0])
    return f"{words(old)} → {words(new)}"


def _origin_words(entries: Sequence[AffectedEntry]) -> str:
    return affected_words(entries) or "from any version before"


def _condition(live: DefectReport, proposed: DefectReport) -> Iterator[str]:
    if live.condition == proposed.condition:
        return
    if proposed.condition is None:
        yield f"condition dropped, everyone is meant: {live.condition}"
    elif live.condition is None:
        yield f"condition added, no longer everyone is meant: {proposed.condition}"
    else:
        yield f"condition changed: {live.condition} → {proposed.condition}"


def _severity(live: DefectReport, proposed: DefectReport) -> Iterator[str]:
    gravity = tuple(risk.Severity)
    if live.severity is not proposed.severity:
        how = "raised" if gravity.index(proposed.severity) < gravity.index(live.severity) else "lowered"
        yield f"severity {how}: {live.severity} → {proposed.severity}"


def _remedies(old: Sequence[RemedyOffer], new: Sequence[RemedyOffer]) -> Iterator[str]:
    yield from (f"remedy added: {_remedy_words(each)}" for each in new if _named(each) not in map(_named, old))
    yield from (f"remedy dropped: {_remedy_words(each)}" for each in old if _named(each) not in map(_named, new))
    kept = [(each, other) for each in old for other in new if _named(each) == _named(other)]
    yield from (f"remedy reworded: {_remedy_words(new)}" for old, new in kept if old != new and old not in _all(kept))
    if set(old) == set(new) and old != new:
        yield "remedies put in another order"


def _all(kept: Sequence[tuple[RemedyOffer, RemedyOffer]]) -> frozenset[RemedyOffer]:
    """Return those that are offered in the very same words."""
    return frozenset(old for old, new in kept if old == new)


def _named(offer: RemedyOffer) -> tuple[str, str | None]:
    return offer.kind, offer.version


def _remedy_words(offer: RemedyOffer) -> str:
    return " ".join(part for part in (offer.kind.replace("_", " "), offer.version) if part)


_FIELDS: Final = MappingProxyType({"title": "title reworded", "summary": "what happens reworded"})


def _wording(live: DefectReport, proposed: DefectReport) -> Iterator[str]:
    yield from (words for name, words in _FIELDS.items() if getattr(live, name) != getattr(proposed, name))


def _references(old: Sequence[Reference], new: Sequence[Reference]) -> Iterator[str]:
    yield from (f"reference added: {each.url}" for each in new if each not in old)
    yield from (f"reference dropped: {each.url}" for each in old if each not in new)
