"""What a lint looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import risk
from feeds.types import DefectReport, LintWarning
from notifier.types import Headcount
from risk import Exposure, Severity

#: The severities that keep somebody from work or from data.
GRAVE = frozenset({Severity.DATA_LOSS, Severity.DATA_CORRUPTION, Severity.OUTAGE})


@dataclass(frozen=True, slots=True)
class Case:
    """A report that can be meant, with what is known of its product and of those it would concern."""

    report: DefectReport
    product: risk.Product
    #: Its releases, sorted.
    shelf: risk.Shelf
    rule: risk.Rule
    counts: Mapping[Exposure, Headcount]
    #: Installs that would hear nothing.
    not_concerned: int

    @property
    def exposed(self) -> int:
        """How many installs it would concern."""
        return sum(count.installs for count in self.counts.values())


#: Yields a sentence and a place for each thing that it finds.
Lint = Callable[[Case], Iterator[LintWarning]]
