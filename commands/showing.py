"""How the commands show an audience, what publishing would do, and what looks odd about a report."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import UNSET

from commands.printing import minute, print_line, print_prose, tell
from commands.tables import print_table
from feeds.types import DefectView, Effect, LintWarning
from notifier.types import AudienceView, BacktestView, DriftView, TakenBackView


def show_audience(view: AudienceView) -> None:
    """Print whom a defect would concern, and what it would have done before where that was asked for."""
    counts = {
        "at risk": view.at_risk,
        "cannot tell": view.cannot_tell,
        "already upgraded": view.already_upgraded,
        "repair owed": view.repair_owed,
    }
    rows: list[tuple[object, ...]] = [(name, count.installs, count.customers) for name, count in counts.items()]
    because = view.not_at_risk.because
    rows.append(("not at risk", view.not_at_risk.installs, None))
    rows.append(("  because of the version", because.version, None))
    rows.append(("  because of the condition", because.condition, None))
    print_table(("", "installs", "customers"), rows)
    if view.backtest is not UNSET:
        show_backtest(view.backtest)


def show_backtest(view: BacktestView) -> None:
    """Print what a defect would have done to the upgrades that were seen."""
    because = view.in_vain.because
    rows = [
        (f"upgrades in the last {view.days} days", view.upgrades),
        ("would have been warned of", view.warned),
        ("  harmed: affected, and the condition matches", view.harmed),
        ("  in vain: the version taken is not affected", because.version),
        ("  in vain: affected, and the facts are missing", because.unknown),
    ]
    print_line("")
    print_table(("", "upgrades"), rows)


def show_drift(view: DriftView) -> None:
    """Print how an audience has changed since it was previewed; nothing where it has not."""
    counts = (view.at_risk, view.cannot_tell, view.already_upgraded, view.repair_owed)
    if view.new or view.upgraded or any(count.then != count.now for count in counts):
        print_prose(f"since {view.person} previewed revision {view.revision} at {minute(view.at)}: {view.sentence}")


def effect_lines(view: DefectView) -> list[str]:
    """Return what publishing would change and whom it would tell, a line each; none where nothing waits."""
    lines = [f"  {change}" for change in view.changes]
    return lines if view.effect is None else [*lines, *_told_lines(view.effect)]


def _told_lines(effect: Effect) -> list[str]:
    groups = (
        (effect.newly_at_risk, "newly at risk: warned"),
        (effect.told_to_proceed, "of them, had asked and were told to proceed"),
        (effect.newly_upgraded, "have upgraded already: told how to recover"),
        (effect.told_otherwise, "told before, different now: told the correction"),
        (effect.no_longer, "told before, no longer concerned: told the all-clear"),
        (effect.unchanged, "concerned as before: told nothing"),
    )
    return [f"  {told.recipients:>7,} ({told.installs:,} installs) {words}" for told, words in groups]


def taken_back_lines(view: TakenBackView | None) -> list[str]:
    """Return what a withdrawal or a narrowing took back, a line each; none where nothing was taken back."""
    if view is None:
        return []
    fates = f"{view.never_sent:,} never sent, {view.in_doubt:,} in doubt, {view.sent:,} sent"
    refused = f", {view.refused:,} refused for good" if view.refused else ""
    cleared = f"{view.all_clears_sent:,} of {view.all_clears:,} sent" if view.all_clears else "none owed so far"
    return [
        f"  {view.by} at {minute(view.at)}; of its warnings: {fates}{refused}",
        f"  all-clears, to those who have it or may have it: {cleared}",
    ]


def tell_warnings(warnings: Iterable[LintWarning]) -> None:
    """Tell what deserves a second look."""
    for warning in warnings:
        tell(f"look at {warning.at or 'the report'}: {warning.detail}")
