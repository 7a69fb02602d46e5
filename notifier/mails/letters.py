"""The wording of each kind of notice, once for text and HTML: short sentences, the thing to do first."""

from __future__ import annotations

from dataclasses import replace

from notifier.mails.clearing import all_clear
from notifier.mails.facts import MailFacts
from notifier.mails.listing import installs_section
from notifier.mails.parts import Item, Letter, Section
from notifier.mails.sentences import HARM, greeting, the_fault, we_wrote, what_to_do
from notifier.states import NoticeKind
from risk import Exposure, Severity

_NOTHING_HAPPENED = "You do not have it, so nothing has happened to yours."


def letter(facts: MailFacts) -> Letter:
    """Return the mail that `facts` call for; a test says in its subject and in its first line that it is one."""
    write = {
        NoticeKind.WARNING: _warning,
        NoticeKind.RECOVERY: _recovery,
        NoticeKind.CORRECTION: _correction,
        NoticeKind.ALL_CLEAR: all_clear,
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
            *greeting(facts),
            f"We have found a fault {where} that {HARM[facts.severity]}. {_NOTHING_HAPPENED}",
        ),
        sections=(
            *what_to_do(facts, "What to do"),
            Section(heading="What would happen", paragraphs=the_fault(facts)),
            installs_section(facts),
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
        headline=f"Your {has} has a fault that {HARM[facts.severity]}",
        opening=(*greeting(facts), "You already have a version with this fault. Here is what to do about it."),
        sections=(
            *what_to_do(facts, "Do this now"),
            Section(heading="What can happen", paragraphs=the_fault(facts)),
            installs_section(facts),
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
        opening=(*greeting(facts), f"{we_wrote(facts)} Some of it is different now."),
        sections=(
            Section(heading="What has changed", items=tuple(Item(head=change) for change in facts.changes)),
            *what_to_do(facts, "What to do now"),
            Section(heading="The fault", paragraphs=the_fault(facts)),
            installs_section(facts),
        ),
        button="Choose what you want to do",
        closing=("This replaces what we wrote before.",),
    )
