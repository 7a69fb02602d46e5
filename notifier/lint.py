"""What deserves a second look before publishing: plain sentences with a place in the report; they never block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import risk
from feeds.types import DefectReport, LintWarning
from notifier.types import Headcount
from risk import Exposure, Severity

#: Longer titles are cut off in a mail client's list.
TITLE_SHOWN = 80

_GRAVE = frozenset({Severity.DATA_LOSS, Severity.DATA_CORRUPTION, Severity.OUTAGE})


def warnings(
    report: DefectReport,
    product: risk.Product,
    rule: risk.Rule,
    counts: Mapping[Exposure, Headcount],
    not_concerned: int,
) -> list[LintWarning]:
    """Return what looks odd about a report that can be meant."""
    return [
        *_title(report),
        *_remedies(report, product),
        *_releases(product, rule),
        *_reach(report, counts, not_concerned),
    ]


def _title(report: DefectReport) -> Iterator[LintWarning]:
    if len(report.title) > TITLE_SHOWN:
        detail = f"The title has {len(report.title)} characters; mail clients show about {TITLE_SHOWN}."
        yield LintWarning("/title", detail)
    if not report.summary.strip():
        yield LintWarning("/summary", "There is no summary: the mail cannot say what would happen.")


def _remedies(report: DefectReport, product: risk.Product) -> Iterator[LintWarning]:
    if report.severity in _GRAVE and not report.remedies:
        detail = f"A defect of severity {report.severity.value} offers no remedy: the mail cannot say what to do."
        yield LintWarning("/remedies", detail)
    status = {product.scheme.key(release.version): release.status for release in product.releases}
    for index, remedy in enumerate(report.remedies):
        if remedy.version is None:
            continue
        known = status.get(product.scheme.key(remedy.version))
        if known is None:
            yield LintWarning(f"/remedies/{index}/version", f"{remedy.version} is not a registered release.")
        elif known != "offered":
            yield LintWarning(f"/remedies/{index}/version", f"{remedy.version} is {known}, not on offer.")


def _releases(product: risk.Product, rule: risk.Rule) -> Iterator[LintWarning]:
    affected = [release for release in product.releases if rule.standing(release.version) is risk.Standing.AFFECTED]
    if not affected:
        yield LintWarning("/affected", "No registered release is in the affected range.")
    elif all(release.status == "withdrawn" for release in affected):
        yield LintWarning("/affected", "Every registered release in the affected range is withdrawn.")


def _reach(report: DefectReport, counts: Mapping[Exposure, Headcount], not_concerned: int) -> Iterator[LintWarning]:
    exposed = sum(count.installs for count in counts.values())
    if exposed == 0 and not_concerned > 0:
        yield LintWarning("/condition" if report.condition else "/affected", "Nobody matches: no install is concerned.")
    elif exposed > 0 and not_concerned == 0 and report.condition is not None:
        yield LintWarning("/condition", "Everybody matches: the condition leaves no install out.")
    unsure = counts[Exposure.CANNOT_TELL].installs
    if exposed and unsure * 2 > exposed:
        detail = f"For {unsure} of {exposed} installs the facts are missing that the condition asks for."
        yield LintWarning("/condition", detail)
