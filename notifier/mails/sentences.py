"""Sentences that several kinds of letter have."""

from __future__ import annotations

import re

from notifier.mails.dates import in_words
from notifier.mails.facts import MailFacts, Option
from notifier.mails.parts import Item, Section
from notifier.states import NoticeKind
from risk import Severity

HARM = {
    Severity.DATA_LOSS: "can erase data",
    Severity.DATA_CORRUPTION: "can damage data",
    Severity.OUTAGE: "can stop it from working",
    Severity.DEGRADED: "can make it work worse",
    Severity.COSMETIC: "shows, but does no harm",
}

_MEANING = {
    "wait": "Wait, and keep the version you have",
    "upgrade_to": "Install version {version}",
    "roll_back": "Go back to the version you had before",
    "workaround": "Work around it",
    "back_up": "Make a backup first",
    "repair": "Repair what was damaged",
    "exchange": "Exchange the product",
    "credit": "Take a credit",
    "contact": "Talk to us",
}

#: What would break a line that somebody else has written.
_LINE_END = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def greeting(facts: MailFacts) -> tuple[str, ...]:
    """Return the greeting, nothing where no name is known."""
    return (f"Hello {one_line(facts.customer)},",) if facts.customer else ()


def we_wrote(facts: MailFacts) -> str:
    """Say when the reader was told of the fault before."""
    when = f"On {in_words(facts.told_at, facts.locale, facts.time_zone)} we" if facts.told_at else "We"
    return f"{when} wrote to you about a fault: “{facts.title}”."


def the_fault(facts: MailFacts) -> tuple[str, ...]:
    """Return the paragraphs that tell what the fault is and what it concerns."""
    told = tuple(part.strip() for part in facts.summary.split("\n\n") if part.strip())
    return (f"{facts.title.rstrip('.')}.", *told, f"It concerns {facts.affected}.")


def what_to_do(facts: MailFacts, heading: str) -> tuple[Section, ...]:
    """Return the section of the remedies."""
    paragraphs = [] if facts.options else [_without_options(facts)]
    if facts.safe_version and not any(option.kind == "upgrade_to" for option in facts.options):
        paragraphs.append(f"If you want a newer version: {facts.safe_version} does not have this fault.")
    if facts.options:
        paragraphs.append("You can choose:" if len(facts.options) > 1 else "We suggest:")
    return (Section(heading=heading, paragraphs=tuple(paragraphs), items=items_of_options(facts.options)),)


def _without_options(facts: MailFacts) -> str:
    if facts.kind is NoticeKind.RECOVERY:
        return "Make a backup now. Then open the page below."
    return "Keep the version you have. It does not have this fault."


def items_of_options(options: tuple[Option, ...]) -> tuple[Item, ...]:
    """Return the remedies as a numbered list."""
    return tuple(
        Item(number=place, head=meaning(option), text=option.text, url=option.url)
        for place, option in enumerate(options, start=1)
    )


def meaning(option: Option) -> str:
    """Return what a remedy asks of the customer, in a few words."""
    if option.kind == "upgrade_to" and option.version is None:
        return "Install the version without the fault"
    if option.kind == "roll_back" and option.version:
        return f"Go back to version {option.version}"
    return _MEANING[option.kind].format(version=option.version)


def one_line(text: str) -> str:
    """Return a text of others as it stands in a sentence of ours: without line ends and control characters."""
    # Line ends and control characters are not printable, and most texts are.
    return text if text.isprintable() else _LINE_END.sub(" ", text)
