"""Whether a revision tells fewer people than the live one: widening is one person's word, narrowing is two's.

Conservative: what is not plainly a widening, or a change of words, counts as narrowing.
"""

from __future__ import annotations

from collections.abc import Sequence

import risk

from .defects import Revision
from .ranges import as_ranges
from .types import AffectedEntry, DefectReport

#: Gravest first.
_GRAVITY = tuple(risk.Severity)


def narrows(live: Revision, proposed: Revision, scheme: risk.Scheme) -> bool:
    """Tell whether publishing the proposed revision could take the warning from anyone."""
    old, new = live.report, proposed.report
    return not (
        _GRAVITY.index(new.severity) <= _GRAVITY.index(old.severity)
        and covers(new.affected, old.affected, scheme)
        and covers_origins(new.upgrading_from, old.upgrading_from, scheme)
        and (proposed.tree is None or proposed.tree == live.tree)
        and (_offers_repair(new) or not _offers_repair(old))
    )


def covers_origins(new: Sequence[AffectedEntry], old: Sequence[AffectedEntry], scheme: risk.Scheme) -> bool:
    """Tell whether all versions that an upgrade was harmed from still are; none named: all of them."""
    if not new:
        return True
    return bool(old) and covers(new, old, scheme)


def covers(new: Sequence[AffectedEntry], old: Sequence[AffectedEntry], scheme: risk.Scheme) -> bool:
    """Tell whether the new ranges hold every version that the old ones hold."""
    try:
        alone = risk.compile_ranges(as_ranges(new), scheme)
        together = risk.compile_ranges(as_ranges([*new, *old]), scheme)
    except risk.RangeError:
        return False
    return alone.edges == together.edges


def _offers_repair(report: DefectReport) -> bool:
    return any(remedy.kind == "repair" for remedy in report.remedies)
