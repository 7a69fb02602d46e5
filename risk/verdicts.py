"""The question before an upgrade, and the answer to it."""

from __future__ import annotations

from typing import NamedTuple

from .decisions import Decision, Exposure
from .defects import Defect
from .evaluate import explain
from .facts import Facts
from .rules import Concern
from .words import Shown


class Question(NamedTuple):
    """An upgrade check."""

    from_version: str
    #: None: which upgrade should I take?
    to_version: str | None
    facts: Facts
    #: ids of the defects whose risk is accepted; the verdict is given without them
    accept: frozenset[str] = frozenset()
    #: tell of each defect of the product why it does or does not count
    explain: bool = False


class Finding(NamedTuple):
    """A defect that concerns this upgrade of this install; put into words when it is asked why."""

    concern: Concern
    shown: Shown
    #: what is to be said besides: a version whose place is unknown
    besides: tuple[str, ...] = ()

    @property
    def defect(self) -> Defect:
        """The defect's live revision."""
        return self.concern.defect

    @property
    def exposure(self) -> Exposure:
        """How the install would stand to it, or does already."""
        return self.concern.outcome.exposure

    @property
    def because(self) -> tuple[str, ...]:
        """What the facts show, each needed for the exposure to be what it is."""
        return explain(self.concern.condition, self.shown, self.concern.truth).because + self.besides

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the facts that are absent and would settle it."""
        return explain(self.concern.condition, self.shown, self.concern.truth).missing


class Considered(NamedTuple):
    """One defect of the product, and why it does or does not count."""

    defect: str
    counts: bool
    why: str


class SafeTarget(NamedTuple):
    """Where to go, and each step on the way, the target last."""

    version: str
    path: tuple[str, ...]


class Verdict(NamedTuple):
    """The answer to a question."""

    decision: Decision
    product: str
    from_version: str
    #: the version judged; None where none was asked for and there is none to take
    to_version: str | None
    #: gravest first
    concerns: tuple[Concern, ...]
    #: the values of the install's facts, and what is to be said besides, of each finding
    shown: Shown
    besides: tuple[str, ...]
    safe_target: SafeTarget | None
    #: the state of the defects that was judged
    sequence: int
    #: the accepted defects that would have counted here
    accepted: tuple[str, ...]
    #: None unless asked for
    considered: tuple[Considered, ...] | None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The defects that concern this upgrade, gravest first."""
        return tuple([Finding(concern, self.shown, self.besides) for concern in self.concerns])
