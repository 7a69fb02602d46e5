"""What deserves a second look before publishing: plain sentences with a place in the report; they never block."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import risk
from feeds.types import DefectReport, LintWarning
from notifier.linting import offers, reach, wording
from notifier.linting.case import Case, Lint
from notifier.types import Headcount
from risk import Exposure

#: All that is looked at with the audience. What needs the database too is in `linting.values` and
#: `linting.newer_releases`.
LINTS: Final[tuple[Lint, ...]] = (
    wording.long_title,
    wording.no_summary,
    wording.summary_without_advice,
    wording.markup,
    wording.invisible_characters,
    offers.grave_without_remedy,
    offers.remedy_not_offered,
    offers.no_release_affected,
    offers.fixed_but_covered,
    reach.nobody_matches,
    reach.everybody_matches,
    reach.mostly_unknown,
)


def warnings(
    report: DefectReport,
    product: risk.Product,
    shelf: risk.Shelf,
    rule: risk.Rule,
    counts: Mapping[Exposure, Headcount],
    not_concerned: int,
) -> list[LintWarning]:
    """Return what looks odd about a report that can be meant."""
    case = Case(report, product, shelf, rule, counts, not_concerned)
    return [warning for lint in LINTS for warning in lint(case)]
