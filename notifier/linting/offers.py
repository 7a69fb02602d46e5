"""Lints of the remedies and of the versions: is there a way out, and does the range hold what is meant."""

from __future__ import annotations

from collections.abc import Iterator

from feeds.types import LintWarning
from notifier.linting.case import GRAVE, Case


def grave_without_remedy(case: Case) -> Iterator[LintWarning]:
    """Look for a grave severity and nothing to do about it."""
    report = case.report
    if report.severity in GRAVE and not report.remedies:
        detail = f"A defect of severity {report.severity.value} offers no remedy: the mail cannot say what to do."
        yield LintWarning("/remedies", detail)


def remedy_not_offered(case: Case) -> Iterator[LintWarning]:
    """Look for a remedy that points at a release which nobody can get."""
    product = case.product
    pointing = [(index, remedy) for index, remedy in enumerate(case.report.remedies) if remedy.version is not None]
    status = {product.scheme.key(release.version): release.status for release in product.releases} if pointing else {}
    for index, remedy in pointing:
        known = status.get(product.scheme.key(str(remedy.version)))
        at = f"/remedies/{index}/version"
        if known is None:
            yield LintWarning(at, f"{remedy.version} is not a registered release.")
        elif known != "offered":
            yield LintWarning(at, f"{remedy.version} is {known}, not on offer.")


def no_release_affected(case: Case) -> Iterator[LintWarning]:
    """Look for a range that covers no existing release, or withdrawn ones only."""
    holds = case.rule.affected.holds
    if not any(map(holds, case.shelf.registered)):
        yield LintWarning("/affected", "No registered release is in the affected range.")
    elif not any(map(holds, case.shelf.not_withdrawn)):
        yield LintWarning("/affected", "Every registered release in the affected range is withdrawn.")


def fixed_but_covered(case: Case) -> Iterator[LintWarning]:
    """Look for a release that one entry calls fixed, and that another one covers."""
    for index, entry in enumerate(case.report.affected):
        if entry.fixed is not None and case.product.scheme.key(entry.fixed) in case.rule.affected:
            detail = f"{entry.fixed} is called fixed here, and another entry of the affected range covers it."
            yield LintWarning(f"/affected/{index}/fixed", detail)
