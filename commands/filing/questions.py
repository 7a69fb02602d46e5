"""The questions of an impact statement; each takes the report as far as it is known and returns it with the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, get_args

from msgspec.structs import replace

from commands.filing.asking import Asker, chosen, confirmed, offer, several_lines
from feeds.types import AffectedEntry, DefectReport, Reference, RemedyKind, RemedyOffer
from installs_registry.known import KnownProduct
from risk import Severity


@dataclass(frozen=True, slots=True)
class Known:
    """What the vendor has declared of the product."""

    product: KnownProduct
    #: Oldest first.
    releases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the conversation."""

    text: str
    hint: str
    ask: Callable[[Asker, Known, DefectReport], DefectReport]


#: Releases that are named.
_NAMED: Final = 12

_SEVERITIES: Final = MappingProxyType(
    {
        Severity.DATA_LOSS.value: "data is gone; an upgrade is held, also where we cannot tell",
        Severity.DATA_CORRUPTION.value: "data is wrong; an upgrade is held, also where we cannot tell",
        Severity.OUTAGE.value: "it does not run; an upgrade is held for those at risk",
        Severity.DEGRADED.value: "something works worse; an upgrade is a caution",
        Severity.COSMETIC.value: "it only looks wrong; nobody is written to",
    }
)

_REMEDIES: Final = MappingProxyType(
    {
        "wait": "stay on the version they have",
        "upgrade_to": "go to a version without the defect",
        "roll_back": "go back to the version before",
        "workaround": "set or do something that keeps it harmless",
        "back_up": "save the data first",
        "repair": "mend what was damaged",
        "exchange": "another product or copy",
        "credit": "money back",
        "contact": "talk to you",
    }
)
#: The kinds whose remedy names a version.
_WITH_VERSION: Final = frozenset({"upgrade_to", "roll_back"})


def which_upgrade(asker: Asker, known: Known, report: DefectReport) -> DefectReport:
    """Ask for the affected range."""
    if known.releases:
        asker.say(f"Releases: {', '.join(known.releases[-_NAMED:])}")
    introduced = asker.ask("First version with the defect:", needed=True)
    fixed = asker.ask("First version without it again (Enter: none yet):") or None
    since = asker.ask("Harmed only when coming from this version or later (Enter: from any):") or None
    sources = (AffectedEntry(introduced=since, fixed=introduced),) if since else ()
    return replace(report, affected=(AffectedEntry(introduced=introduced, fixed=fixed),), upgrading_from=sources)


def which_installs(asker: Asker, known: Known, report: DefectReport) -> DefectReport:
    """Ask for the condition."""
    facts = [(fact.name, str(fact.type)) for fact in known.product.facts.values()]
    asker.rows([*facts, ("platform.os, platform.os_version, platform.arch", "")])
    asker.say("For example: notebooks > 0 && storage_format in ['v1', 'v2']" if not facts else _example(known))
    return replace(report, condition=asker.ask("Condition (Enter: every install):") or None)


def _example(known: Known) -> str:
    fact = next(iter(known.product.facts.values()))
    value = {"integer": "> 0", "number": "> 0", "boolean": "== true", "string": "in ['a', 'b']"}.get(fact.type)
    test = f"{fact.name} {value}" if value else f"has({fact.name})"
    return f"For example: {test} && platform.os == 'macos'"


def what_happens(asker: Asker, known: Known, report: DefectReport) -> DefectReport:
    """Ask for the severity, the title and the summary."""
    del known
    offer(asker, _SEVERITIES)
    severity = Severity(chosen(asker, "How grave is it?", _SEVERITIES) or Severity.DATA_LOSS)
    title = asker.ask("In one line, the subject of the mail:", needed=True)
    asker.say("What happens, in words for the customer, and what should they not do? An empty line ends it.")
    return replace(report, severity=severity, title=title, summary=several_lines(asker, "…"))


def way_out(asker: Asker, known: Known, report: DefectReport) -> DefectReport:
    """Ask for the remedies."""
    del known
    remedies: list[RemedyOffer] = []
    fixed = report.affected[0].fixed
    if fixed and confirmed(asker, f"Offer the upgrade to {fixed}?", usual=True):
        remedies.append(RemedyOffer(kind="upgrade_to", version=fixed))
    offer(asker, _REMEDIES)
    while kind := chosen(asker, "Another remedy (Enter: no more):", _REMEDIES, none=True):
        remedies.append(_remedy(asker, kind))
    return replace(report, remedies=tuple(remedies))


def _remedy(asker: Asker, kind: str) -> RemedyOffer:
    said: dict[str, Any] = {"kind": _kind(kind)}
    if kind in _WITH_VERSION:
        said["version"] = asker.ask("Which version?", needed=kind == "upgrade_to") or None
    said["text"] = asker.ask("In words for the customer (Enter: none):") or None
    return RemedyOffer(**said)


def _kind(kind: str) -> RemedyKind:
    return next(known for known in get_args(RemedyKind) if known == kind)


def regression(asker: Asker, known: Known, report: DefectReport) -> DefectReport:
    """Ask since when it is there: an upgrade does no harm that was done before."""
    del known
    first = report.affected[0]
    if confirmed(asker, f"Are the versions before {first.introduced} free of it?", usual=True):
        return report
    since = asker.ask("Since which version is it there (Enter: it always was)?") or "0"
    return replace(report, affected=(replace(first, introduced=since),), upgrading_from=())


def where_to_read(asker: Asker, known: Known, report: DefectReport) -> DefectReport:
    """Ask for the vendor's own name of the defect, and for the evidence."""
    del known
    name = asker.ask("Its id, such as NOTES-4411 (Enter: one is made):") or None
    url = asker.ask("The address of the ticket or the evidence (Enter: none):")
    return replace(report, id=name, references=(Reference("evidence", url),) if url else ())


QUESTIONS: Final = (
    Question("Which upgrade does the harm?", "From what they have, to a version with the defect.", which_upgrade),
    Question(
        "Which kinds of install does it harm?",
        "A fact that an install does not report is unknown, and unknown is never taken for safe.",
        which_installs,
    ),
    Question("What happens to them?", "", what_happens),
    Question("How do they get out?", "The mail lists these in your order.", way_out),
    Question("Is it a regression?", "Who has the defect already is not put at risk by the upgrade.", regression),
    Question("Where can more be read?", "", where_to_read),
)
