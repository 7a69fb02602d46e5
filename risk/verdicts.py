"""The question before an upgrade, and the answer to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .decisions import Decision, Exposure, Severity, decide
from .defects import Remedy
from .facts import Facts
from .paths import SafeTarget


@dataclass(frozen=True, slots=True)
class Question:
    """An upgrade check."""

    from_version: str
    #: None: which upgrade should I take?
    to_version: str | None
    facts: Facts
    #: ids of the defects whose risk is accepted; the verdict is given without them
    accept: frozenset[str] = frozenset()
    #: tell of each defect of the product why it does or does not count
    explain: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """A defect that concerns this upgrade of this install."""

    defect: str
    revision: int
    title: str
    severity: Severity
    exposure: Exposure
    #: what the facts show, each needed for the exposure to be what it is
    because: tuple[str, ...]
    #: names of the facts that are absent and would settle it
    missing: tuple[str, ...]
    remedies: tuple[Remedy, ...]
    url: str | None


@dataclass(frozen=True, slots=True)
class Considered:
    """One defect of the product, and why it does or does not count."""

    defect: str
    counts: bool
    why: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to a question."""

    decision: Decision
    product: str
    from_version: str
    #: the version judged; None where none was asked for and there is none to take
    to_version: str | None
    #: gravest first
    findings: tuple[Finding, ...]
    safe_target: SafeTarget | None
    #: the state of the defects that was judged
    sequence: int
    #: the accepted defects that would have counted here
    accepted: tuple[str, ...]
    #: None unless asked for
    considered: tuple[Considered, ...] | None


def by_gravity(finding: Finding) -> tuple[int, int, str]:
    """Order findings: the gravest decision first, then severity, then id."""
    decision = decide(finding.severity, finding.exposure)
    return _DECISIONS.index(decision), _SEVERITIES.index(finding.severity), finding.defect


_DECISIONS: Final = tuple(Decision)
_SEVERITIES: Final = tuple(Severity)
