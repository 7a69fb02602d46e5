"""The installs that a letter is about, as it lists them."""

from __future__ import annotations

from notifier.mails.facts import Line, MailFacts
from notifier.mails.parts import Item, Section
from notifier.mails.sentences import one_line
from notifier.states import NoticeKind
from risk import Exposure


def installs_section(facts: MailFacts) -> Section:
    """Return the section that lists the installs."""
    heading = "Your installation" if len(facts.lines) == 1 else "Your installations"
    return Section(heading=heading, items=tuple(_item_of(line, facts) for line in facts.lines), of_installs=True)


def lines_left(facts: MailFacts) -> tuple[Line, ...]:
    """Return the installs for which something is left to do when the fault is gone."""
    return facts.concerned(Exposure.ALREADY_UPGRADED, Exposure.REPAIR_OWED)


def items_of_installs(facts: MailFacts) -> tuple[Item, ...]:
    """Return the items of the section on the installs, where the letter has one."""
    return tuple(_item_of(line, facts) for line in _listed_lines(facts))


def said_of_one(facts: MailFacts) -> str | None:
    """Return what is said of the only install beside its name; None: nothing, or the letter does not list it."""
    lines = _listed_lines(facts)
    return _said_of(lines[0], facts) if lines else None


def _listed_lines(facts: MailFacts) -> tuple[Line, ...]:
    return lines_left(facts) if facts.kind is NoticeKind.ALL_CLEAR else facts.lines


def _item_of(line: Line, facts: MailFacts) -> Item:
    return Item(head=one_line(head_of(line.install, line.version)), text=_said_of(line, facts))


def head_of(install: str, version: str) -> str:
    """Return what stands over what is said of an install; what the vendor calls it may hold anything."""
    return f"{install}: version {version}"


def _said_of(line: Line, facts: MailFacts) -> str | None:
    said = []
    if line.because:
        said.append(f"Concerned because {_listed(line.because)}.")
    if line.missing:
        said.append(f"We cannot tell for sure: we do not know {_listed(line.missing)}.")
    if line.exposure is Exposure.REPAIR_OWED:
        said.append("It once had an affected version; the repair is still to be done.")
    if line.earlier and any(option.kind == "roll_back" for option in facts.options):
        said.append(f"It can go back to {line.earlier}.")
    return one_line(" ".join(said)) if said else None


def _listed(parts: tuple[str, ...]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
