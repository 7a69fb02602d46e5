"""The wording of each kind of notice, once for text and HTML: short sentences, the thing to do first."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from msgspec import Struct, structs

from notifier.mails.dates import in_words
from notifier.mails.facts import Line, MailFacts, Option, Outcome
from notifier.states import NoticeKind
from risk import Exposure, Severity

#: Sets the colour of the heading: stop, act, look again, fine.
Tone = Literal["stop", "act", "news", "fine"]


class Item(Struct, frozen=True, kw_only=True):
    """One entry of a list."""

    #: None: a point without a number.
    number: int | None = None
    head: str
    text: str | None = None
    url: str | None = None
    #: Stands for the entries, where the mail is rendered once for many; there is no other in it then.
    slot: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading and what stands under it."""

    heading: str
    paragraphs: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()
    #: The items are the recipient's installs.
    of_installs: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail in words, without a form."""

    subject: str
    tone: Tone
    #: Two words over the headline.
    label: str
    headline: str
    opening: tuple[str, ...]
    sections: tuple[Section, ...]
    #: What the link to the notice's page says.
    button: str
    closing: tuple[str, ...]


_HARM = {
    Severity.DATA_LOSS: "can erase data",
    Severity.DATA_CORRUPTION: "can damage data",
    Severity.OUTAGE: "can stop it from working",
    Severity.DEGRADED: "can make it work worse",
    Severity.COSMETIC: "shows, but does no harm",
}

_NOTHING_HAPPENED = "You do not have it, so nothing has happened to yours."

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


def letter(facts: MailFacts) -> Letter:
    """Return the mail that `facts` call for; a test says in its subject and in its first line that it is one."""
    write = {
        NoticeKind.WARNING: _warning,
        NoticeKind.RECOVERY: _recovery,
        NoticeKind.CORRECTION: _correction,
        NoticeKind.ALL_CLEAR: _all_clear,
    }[facts.kind]
    written = write(facts)
    if not facts.is_test:
        return written
    told = "This is a test. No customer has received it. The installation in it is made up."
    return replace(written, subject=f"[Test] {written.subject}", opening=(told, *written.opening))


def _warning(facts: MailFacts) -> Letter:
    asked = f"install {facts.product} {facts.target}" if facts.target else f"update {facts.product}"
    where = "in it" if facts.target else "in its newer versions"
    return Letter(
        subject=f"Please do not {asked} yet",
        tone="stop",
        label="Please wait",
        headline=f"Please do not {asked} yet",
        opening=(
            *_greeting(facts),
            f"We have found a fault {where} that {_HARM[facts.severity]}. {_NOTHING_HAPPENED}",
        ),
        sections=(
            *_what_to_do(facts, "What to do"),
            Section(heading="What would happen", paragraphs=_the_fault(facts)),
            _installs(facts),
        ),
        button="Choose what you want to do",
        closing=("We will write again as soon as it is safe to install.",),
    )


def _recovery(facts: MailFacts) -> Letter:
    versions = {line.version for line in facts.concerned(Exposure.ALREADY_UPGRADED)}
    has = f"{facts.product} {versions.pop()}" if len(versions) == 1 else facts.product
    grave = facts.severity in {Severity.DATA_LOSS, Severity.DATA_CORRUPTION}
    return Letter(
        subject=f"{has}: please act now to protect your data" if grave else f"{has}: what you should do now",
        tone="act",
        label="Please act now" if grave else "Please read",
        headline=f"Your {has} has a fault that {_HARM[facts.severity]}",
        opening=(*_greeting(facts), "You already have a version with this fault. Here is what to do about it."),
        sections=(
            *_what_to_do(facts, "Do this now"),
            Section(heading="What can happen", paragraphs=_the_fault(facts)),
            _installs(facts),
        ),
        button="Choose what you want to do",
        closing=("We will write again when the fault is gone.",),
    )


def _correction(facts: MailFacts) -> Letter:
    return Letter(
        subject=f"{facts.product}: our warning has changed",
        tone="news",
        label="Correction",
        headline="What we told you has changed",
        opening=(*_greeting(facts), f"{_we_wrote(facts)} Some of it is different now."),
        sections=(
            Section(heading="What has changed", items=tuple(Item(head=change) for change in facts.changes)),
            *_what_to_do(facts, "What to do now"),
            Section(heading="The fault", paragraphs=_the_fault(facts)),
            _installs(facts),
        ),
        button="Choose what you want to do",
        closing=("This replaces what we wrote before.",),
    )


def _all_clear(facts: MailFacts) -> Letter:
    if facts.outcome is Outcome.RESOLVED:
        return _resolved(facts)
    if facts.outcome is Outcome.WITHDRAWN:
        return _withdrawn(facts)
    return _narrowed(facts)


def _resolved(facts: MailFacts) -> Letter:
    left = _left(facts)
    gone = f"The fault is gone from {facts.fixed_in}." if facts.fixed_in else "The fault is gone."
    if facts.safe_version is None:
        return _resolved_but_unsafe(facts, gone)
    safe = f"{facts.product} {facts.safe_version}"
    return Letter(
        subject=f"All clear: {safe} is safe to install",
        tone="fine",
        label="All clear",
        headline=f"You can now install {safe}",
        opening=(*_greeting(facts), f"{_we_wrote(facts)} {gone}"),
        sections=_what_is_left(facts, left),
        button="See what is left to do" if left else "See the details",
        closing=("When this is done, nothing else is left to do." if left else "Thank you for waiting.",),
    )


def _resolved_but_unsafe(facts: MailFacts, gone: str) -> Letter:
    """Return the all-clear of one fault where the release without it has another that concerns the recipient."""
    return Letter(
        subject=f"{facts.product}: the fault is fixed, but please wait a little longer",
        tone="news",
        label="Please wait",
        headline="The fault is fixed, but please wait a little longer",
        opening=(*_greeting(facts), f"{_we_wrote(facts)} {gone}"),
        sections=(
            Section(
                heading="What to do",
                paragraphs=("Keep the version you have. The new one has another fault that concerns you.",),
            ),
        ),
        button="See the details",
        closing=("We write about that fault in a message of its own.",),
    )


def _what_is_left(facts: MailFacts, left: tuple[Line, ...]) -> tuple[Section, ...]:
    if not left:
        done = "Install it whenever it suits you. Nothing else is left to do."
        return (Section(heading="What to do", paragraphs=(done,)),)
    upgrade = f"Install version {facts.safe_version}." if facts.safe_version else "Install the new version."
    paragraphs = [upgrade] if facts.concerned(Exposure.ALREADY_UPGRADED) else []
    if facts.concerned(Exposure.REPAIR_OWED):
        paragraphs.append("The new version does not undo what the fault has already done.")
    return (
        Section(heading="What is left to do", paragraphs=tuple(paragraphs), items=_items(facts.options)),
        _installs(structs.replace(facts, lines=left)),
    )


def _withdrawn(facts: MailFacts) -> Letter:
    why = (facts.reason,) if facts.reason else ()
    return Letter(
        subject=f"All clear: our warning about {facts.product} was wrong",
        tone="fine",
        label="All clear",
        headline="Our warning was wrong",
        opening=(
            *_greeting(facts),
            f"{_we_wrote(facts)} We take that back, and we are sorry for the trouble.",
        ),
        sections=(
            *([Section(heading="Why we were wrong", paragraphs=why)] if why else []),
            Section(heading="What to do", paragraphs=("Nothing. You can install and use it as before.",)),
        ),
        button="See the details",
        closing=(),
    )


def _narrowed(facts: MailFacts) -> Letter:
    return Letter(
        subject=f"All clear: our warning about {facts.product} does not concern you",
        tone="fine",
        label="All clear",
        headline="The fault does not concern you after all",
        opening=(
            *_greeting(facts),
            f"{_we_wrote(facts)} We now know more: the fault needs a version or data that you do not have.",
        ),
        sections=(
            Section(heading="What to do", paragraphs=("Nothing. You can install and use it as before.",)),
            Section(heading="What we know now", paragraphs=(f"It concerns {facts.affected}.",)),
        ),
        button="See the details",
        closing=(),
    )


def _greeting(facts: MailFacts) -> tuple[str, ...]:
    return (f"Hello {one_line(facts.customer)},",) if facts.customer else ()


def _we_wrote(facts: MailFacts) -> str:
    when = f"On {in_words(facts.told_at, facts.locale, facts.time_zone)} we" if facts.told_at else "We"
    return f"{when} wrote to you about a fault: “{facts.title}”."


def _the_fault(facts: MailFacts) -> tuple[str, ...]:
    told = tuple(part.strip() for part in facts.summary.split("\n\n") if part.strip())
    return (f"{facts.title.rstrip('.')}.", *told, f"It concerns {facts.affected}.")


def _what_to_do(facts: MailFacts, heading: str) -> tuple[Section, ...]:
    paragraphs = [] if facts.options else [_without_options(facts)]
    if facts.safe_version and not any(option.kind == "upgrade_to" for option in facts.options):
        paragraphs.append(f"If you want a newer version: {facts.safe_version} does not have this fault.")
    if facts.options:
        paragraphs.append("You can choose:" if len(facts.options) > 1 else "We suggest:")
    return (Section(heading=heading, paragraphs=tuple(paragraphs), items=_items(facts.options)),)


def _without_options(facts: MailFacts) -> str:
    if facts.kind is NoticeKind.RECOVERY:
        return "Make a backup now. Then open the page below."
    return "Keep the version you have. It does not have this fault."


def _items(options: tuple[Option, ...]) -> tuple[Item, ...]:
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


def _installs(facts: MailFacts) -> Section:
    heading = "Your installation" if len(facts.lines) == 1 else "Your installations"
    return Section(heading=heading, items=tuple(_item_of(line, facts) for line in facts.lines), of_installs=True)


def _left(facts: MailFacts) -> tuple[Line, ...]:
    """Return the installs for which something is left to do when the fault is gone."""
    return facts.concerned(Exposure.ALREADY_UPGRADED, Exposure.REPAIR_OWED)


def items_of_installs(facts: MailFacts) -> tuple[Item, ...]:
    """Return the items of the section on the installs, where the letter has one."""
    lines = _left(facts) if facts.kind is NoticeKind.ALL_CLEAR else facts.lines
    return tuple(_item_of(line, facts) for line in lines)


def said_of_one(facts: MailFacts) -> str | None:
    """Return what is said of the only install beside its name; None: nothing, or the letter does not list it."""
    return next((item.text for item in items_of_installs(facts)), None)


def _item_of(line: Line, facts: MailFacts) -> Item:
    said = _said_of(line, facts)
    return Item(head=one_line(head_of(line.install, line.version)), text=one_line(" ".join(said)) if said else None)


def head_of(install: str, version: str) -> str:
    """Return what stands over what is said of an install; what the vendor calls it may hold anything."""
    return f"{install}: version {version}"


def one_line(text: str) -> str:
    """Return a text of others as it stands in a sentence of ours: without line ends and control characters."""
    # Line ends and control characters are not printable, and most texts are.
    return text if text.isprintable() else _LINE_END.sub(" ", text)


def _said_of(line: Line, facts: MailFacts) -> list[str]:
    said = []
    if line.because:
        said.append(f"Concerned because {_listed(line.because)}.")
    if line.missing:
        said.append(f"We cannot tell for sure: we do not know {_listed(line.missing)}.")
    if line.exposure is Exposure.REPAIR_OWED:
        said.append("It once had an affected version; the repair is still to be done.")
    if line.earlier and any(option.kind == "roll_back" for option in facts.options):
        said.append(f"It can go back to {line.earlier}.")
    return said


def _listed(parts: tuple[str, ...]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
