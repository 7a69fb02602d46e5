"""Dates as the reader writes them, in the reader's time zone."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import format_datetime

#: The mails are in English; a reader of another language gets English month names and no guess at a region.
_FALLBACK = Locale("en", "GB")


def in_words(moment: datetime, locale: str | None, time_zone: str | None) -> str:
    """Return `moment` such as "21 November 2026 at 14:05 CET"; without a known locale or zone, British and UTC."""
    zone = _zone(time_zone)
    local = moment.astimezone(zone)
    chosen = _locale(locale)
    day = format_datetime(local, "d MMMM y" if chosen.territory != "US" else "MMMM d, y", locale=chosen)
    clock = format_datetime(local, "HH:mm" if chosen.territory != "US" else "h:mm a", locale=chosen)
    return f"{day} at {clock} {local.tzname()}"


def _zone(name: str | None) -> tzinfo:
    if name is None:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # The names come from customers' records, and the zones known differ from machine to machine.
        return UTC


def _locale(tag: str | None) -> Locale:
    try:
        asked = Locale.parse(tag or "en-GB", sep="-")
    except (UnknownLocaleError, ValueError, TypeError):
        return _FALLBACK
    return asked if asked.language == "en" and asked.territory else _FALLBACK
