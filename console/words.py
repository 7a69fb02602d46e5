"""How pages say things: numbers, times, durations, and what states and acts are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from notifier.delivery.describing import affected_words
from notifier.mails.dates import in_words
from notifier.mails.facts import Option
from notifier.mails.sentences import meaning
from storage import parse_instant

#: From the longest: seconds in it, and its name.
_UNITS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))
#: From this many of a unit on, the next smaller one is not worth naming.
_PLENTY: Final = 2
#: Seconds below which none is counted.
_SOON: Final = 1


@dataclass(frozen=True, slots=True)
class Reader:
    """Whoever looks at a page, as far as the writing of times goes."""

    #: BCP 47; None: not known.
    locale: str | None = None
    #: IANA; None: UTC.
    time_zone: str | None = None

    def when(self, moment: str | datetime) -> str:
        """Return a moment such as "21 November 2026 at 14:05 CET"."""
        return in_words(_moment(moment), self.locale, self.time_zone)

    def day(self, moment: str | datetime) -> str:
        """Return the day of a moment such as "21 November 2026"."""
        return self.when(moment).partition(" at ")[0]


def counted(number: int, thing: str, things: str | None = None) -> str:
    """Return a number with its noun: "1 install", "1,204 installs"."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def duration(seconds: float) -> str:
    """Return a length of time in its largest unit that is plenty: "90 seconds", "36 hours", "36 days"."""
    if seconds < _SOON:
        return "under a second"
    whole = round(seconds)
    size, name = next((unit for unit in _UNITS if whole >= unit[0] * _PLENTY), _UNITS[-1])
    return counted(round(whole / size), name)


def between(start: str, end: str) -> str:
    """Return how long it is from one instant to another."""
    return duration((parse_instant(end) - parse_instant(start)).total_seconds())


def share(part: int, whole: int) -> str:
    """Return a part in per cent; what is not all never reads 100 %, and what is not nothing never 0 %."""
    if not whole:
        return "–"
    percent = round(100 * part / whole)
    if percent in {0, 100} and part not in {0, whole}:
        return "under 1 %" if percent == 0 else "over 99 %"
    return f"{percent} %"


def plain(word: object) -> str:
    """Return a word of the contract as people read it: "already_upgraded", "data-loss"."""
    return str(word).replace("_", " ").replace("-", " ")


def place(pointer: str) -> str:
    """Return a place in a report, a JSON pointer, as people say it: "remedies 2, version"."""
    words = ""
    for part in pointer.strip("/").split("/"):
        words += f" {int(part) + 1}" if part.isdigit() else f", {plain(part)}"
    return words.strip(", ") or "the report"


def capital(sentence: str) -> str:
    """Return a sentence with its first letter large."""
    return sentence[:1].upper() + sentence[1:]


def few(number: int, least: int) -> str:
    """Return a number; one below `least` that is not nothing only as that: it would single somebody out."""
    return f"fewer than {least}" if 0 < number < least else f"{number:,}"


def proved(proof: str) -> str:
    """Return what a proof says, as people read it."""
    return {
        "chosen": "had chosen what to do",
        "seen": "had opened the notice",
        "shown": "had been shown it in the app",
        "delivered": "had it in their mailbox",
        "accepted": "their mail server had taken it",
        "in_doubt": "may have had it",
        "not_reached": "had not been reached",
    }.get(proof, plain(proof))


def way(channel: str) -> str:
    """Return how a channel reaches people."""
    return {"email": "by mail", "in_app": "in the app"}.get(channel, f"by {plain(channel)}")


def remedy(offer: Any) -> str:  # noqa: ANN401 - a RemedyOffer or an Option: both have kind and version
    """Return what a remedy asks of the customer."""
    return meaning(Option(index=0, kind=offer.kind, version=offer.version))


def pace(rate: float) -> str:
    """Return so many mails a second in the unit that makes a whole number of them: "6 mails a minute"."""
    if rate >= 1:
        return f"{counted(round(rate), 'mail')} a second"
    return f"{counted(round(rate * 60), 'mail')} a minute"


def _moment(moment: str | datetime) -> datetime:
    return parse_instant(moment) if isinstance(moment, str) else moment


FILTERS: Final[Mapping[str, Callable[..., str]]] = MappingProxyType(
    {
        "affected": affected_words,
        "capital": capital,
        "counted": counted,
        "duration": duration,
        "few": few,
        "number": "{:,}".format,
        "place": place,
        "pace": pace,
        "plain": plain,
        "proved": proved,
        "remedy": remedy,
        "share": share,
        "way": way,
    }
)
