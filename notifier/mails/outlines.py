"""What the facts of a mail share with those of many others: all that its words depend on, but for the slots."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from operator import attrgetter

from msgspec import structs

from notifier.mails.facts import Line, MailFacts
from notifier.mails.marks import Marks, Slot
from notifier.states import NoticeKind
from risk import Exposure

#: Facts of which an outline keeps little or nothing.
_NOT_SHARED = frozenset({"customer", "url", "unsubscribe_url", "lines", "told_at", "locale", "time_zone"})
_shared = attrgetter(*(each for each in MailFacts.__struct_fields__ if each not in _NOT_SHARED))
#: Kinds of notice that do not say when the recipient was told before.
_TELL_NO_DATE = frozenset({NoticeKind.WARNING, NoticeKind.RECOVERY})

#: The outline of a single install, by its exposure.
_ALONE = {exposure: (Line(install="", version="", exposure=exposure),) for exposure in (*Exposure, None)}


def outline(facts: MailFacts, marks: Marks) -> MailFacts:
    """Return the facts with marks for what is the recipient's own, and without the rest of it."""
    lines, told_at, locale, time_zone, *_ = _outlined(facts)
    return structs.replace(
        facts,
        customer=marks.of(Slot.CUSTOMER) if facts.customer else None,
        url=marks.of(Slot.URL),
        unsubscribe_url=marks.of(Slot.UNSUBSCRIBE) if facts.unsubscribe_url else None,
        lines=lines,
        told_at=told_at,
        locale=locale,
        time_zone=time_zone,
    )


def shared(facts: MailFacts) -> tuple[Hashable, ...]:
    """Return all that an outline holds, as a key."""
    return (*_shared(facts), *_outlined(facts))


def names_version(kind: NoticeKind, exposure: Exposure | None) -> bool:
    """Return whether the words of a mail depend on an install's version; it stands beside its name in any case."""
    return kind is NoticeKind.RECOVERY and exposure is Exposure.ALREADY_UPGRADED


def names_date(kind: NoticeKind) -> bool:
    """Return whether a mail says when the recipient was told before."""
    return kind not in _TELL_NO_DATE


def _outlined(facts: MailFacts) -> tuple[tuple[Line, ...], datetime | None, str | None, str | None, bool, bool]:
    """Return what the facts that are in `_NOT_SHARED` leave in an outline.

    The lines, when the recipient was told, locale and time zone, and whether there is a name and an unsubscribe link.
    """
    has = (bool(facts.customer), bool(facts.unsubscribe_url))
    if facts.kind in _TELL_NO_DATE:
        return (_outlines(facts), None, None, None, *has)
    # A mail names the minute.
    told_at = facts.told_at.replace(second=0, microsecond=0) if facts.told_at else None
    return (_outlines(facts), told_at, facts.locale, facts.time_zone, *has)


def _outlines(facts: MailFacts) -> tuple[Line, ...]:
    """Return the installs without what is their own: of each exposure one, or two that stand for several."""
    if facts.kind is not NoticeKind.RECOVERY and len(facts.lines) == 1:
        return _ALONE[facts.lines[0].exposure]
    lines: list[Line] = []
    for exposure in (*Exposure, None):
        there = [line for line in facts.lines if line.exposure is exposure]
        versions = {line.version for line in there} if names_version(facts.kind, exposure) else {""}
        named = [versions.pop()] * 2 if len(versions) == 1 else ["one", "another"]
        lines += [Line(install="", version=each, exposure=exposure) for _, each in zip(there, named, strict=False)]
    return tuple(lines)
