"""Lints of the audience: nobody, everybody, or mostly a guess."""

from __future__ import annotations

from collections.abc import Iterator

from feeds.types import LintWarning
from notifier.linting.case import Case
from risk import Exposure


def nobody_matches(case: Case) -> Iterator[LintWarning]:
    """Look whether anybody is concerned."""
    if case.exposed == 0 and case.not_concerned > 0:
        at = "/condition" if case.report.condition else "/affected"
        yield LintWarning(at, "Nobody matches: no install is concerned.")


def everybody_matches(case: Case) -> Iterator[LintWarning]:
    """Look for a condition that leaves no install out."""
    if case.exposed > 0 and case.not_concerned == 0 and case.report.condition is not None:
        yield LintWarning("/condition", "Everybody matches: the condition leaves no install out.")


def mostly_unknown(case: Case) -> Iterator[LintWarning]:
    """Look whether more than half of the audience is there because of facts that are missing."""
    unsure = case.counts[Exposure.CANNOT_TELL].installs
    if case.exposed and unsure * 2 > case.exposed:
        # Without the counts: beside it, small ones are kept back from who may not see customers.
        detail = "For more than half of those concerned, the facts are missing that the condition asks for."
        yield LintWarning("/condition", detail)
