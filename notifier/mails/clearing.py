"""The wording of an ALL_CLEAR: what is safe now and what is left to do, or why it does not concern the reader."""

from __future__ import annotations

from msgspec import structs

from notifier.mails.facts import Line, MailFacts, Outcome
from notifier.mails.listing import installs_section, lines_left
from notifier.mails.parts import Letter, Section
from notifier.mails.sentences import greeting, items_of_options, we_wrote
from risk import Exposure


def all_clear(facts: MailFacts) -> Letter:
    """Return the letter for why it is sent now."""
    if facts.outcome is Outcome.RESOLVED:
        return _resolved(facts)
    if facts.outcome is Outcome.WITHDRAWN:
        return _withdrawn(facts)
    return _narrowed(facts)


def _resolved(facts: MailFacts) -> Letter:
    left = lines_left(facts)
    gone = f"The fault is gone from {facts.fixed_in}." if facts.fixed_in else "The fault is gone."
    if facts.safe_version is None:
        return _resolved_but_unsafe(facts, gone)
    safe = f"{facts.product} {facts.safe_version}"
    return Letter(
        subject=f"All clear: {safe} is safe to install",
        tone="fine",
        label="All clear",
        headline=f"You can now install {safe}",
        opening=(*greeting(facts), f"{we_wrote(facts)} {gone}"),
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
        opening=(*greeting(facts), f"{we_wrote(facts)} {gone}"),
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
        Section(heading="What is left to do", paragraphs=tuple(paragraphs), items=items_of_options(facts.options)),
        installs_section(structs.replace(facts, lines=left)),
    )


def _withdrawn(facts: MailFacts) -> Letter:
    why = (facts.reason,) if facts.reason else ()
    return Letter(
        subject=f"All clear: our warning about {facts.product} was wrong",
        tone="fine",
        label="All clear",
        headline="Our warning was wrong",
        opening=(
            *greeting(facts),
            f"{we_wrote(facts)} We take that back, and we are sorry for the trouble.",
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
            *greeting(facts),
            f"{we_wrote(facts)} We now know more: the fault needs a version or data that you do not have.",
        ),
        sections=(
            Section(heading="What to do", paragraphs=("Nothing. You can install and use it as before.",)),
            Section(heading="What we know now", paragraphs=(f"It concerns {facts.affected}.",)),
        ),
        button="See the details",
        closing=(),
    )
