"""The back-test: of the upgrades that were seen, how many a defect would have warned of, and how many in vain.

A holder would have been warned who stood at a version from which the defect threatens, with a condition that does not
miss. The warning was **in vain** where the upgrade then taken could do no harm, since its target is not affected
(`version`), and where the target is affected but the facts that decide are missing (`unknown`): whether it did harm
cannot be said. What is left was harmed, or would have been. An upgrade goes from a version to a higher one; a first
check-in, a step back and a version whose place nobody has declared are none. Facts and releases count as they are now.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import risk
from installs_registry.known import KnownProduct
from notifier import moves
from notifier.moves import Move
from notifier.types import BacktestView, InVain, InVainBecause
from risk import Standing
from storage import Tx


def backtest(tx: Tx, product: KnownProduct, rule: risk.Rule, days: int, now: datetime) -> BacktestView:
    """Count over the upgrades of the last `days` days."""
    counts: Counter[str] = Counter()
    for move in moves.since(tx, product, rule.defect.condition, _begin(now, days)):
        counts.update(dict.fromkeys(_outcomes(rule, move), move.installs))
    version, unknown = counts["version"], counts["unknown"]
    return BacktestView(
        days=days,
        upgrades=counts["upgrades"],
        warned=counts["warned"],
        harmed=counts["harmed"],
        in_vain=InVain(version + unknown, InVainBecause(version, unknown)),
    )


def _begin(now: datetime, days: int) -> datetime:
    return now - timedelta(days=days)


def _outcomes(rule: risk.Rule, move: Move) -> list[str]:
    """Return under which heads a move counts."""
    if move.from_version is None or not _goes_up(rule.scheme, move.from_version, move.to_version):
        return []
    if rule.standing(move.from_version) is not Standing.EXPOSED or move.truth is False:
        return ["upgrades"]
    if rule.standing(move.to_version) is not Standing.AFFECTED:
        return ["upgrades", "warned", "version"]
    return ["upgrades", "warned", "harmed" if move.truth else "unknown"]


def _goes_up(scheme: risk.Scheme, from_version: str, to_version: str) -> bool:
    try:
        return scheme.sort_key(from_version) < scheme.sort_key(to_version)
    except risk.UnrankedVersion:
        return False
