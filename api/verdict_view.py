"""A verdict as it is answered."""

from __future__ import annotations

from typing import Final, cast

from msgspec import UNSET

import risk
from api.types import Considered, FindingView, SafeTarget, VerdictView
from feeds.types import RemedyKind, RemedyOffer

#: How long a client may go by a verdict, in seconds.
VALID_FOR: Final = 3600


def view_of(verdict: risk.Verdict) -> VerdictView:
    """Return the answer that says this verdict."""
    target, considered = verdict.safe_target, verdict.considered
    return VerdictView(
        decision=verdict.decision,
        product=verdict.product,
        from_version=verdict.from_version,
        to_version=verdict.to_version,
        findings=[finding_view(finding) for finding in verdict.findings],
        safe_target=None if target is None else SafeTarget(target.version, target.path),
        sequence=verdict.sequence,
        valid_for_seconds=VALID_FOR,
        accepted=verdict.accepted or UNSET,
        considered=UNSET if considered is None else [_considered(each) for each in considered],
    )


def finding_view(finding: risk.Finding) -> FindingView:
    """Return a finding as it stands in the answer."""
    defect = finding.defect
    return FindingView(
        defect=defect.id,
        revision=defect.revision,
        title=defect.title,
        severity=defect.severity,
        exposure=finding.exposure,
        because=finding.because,
        missing=finding.missing,
        remedies=[_remedy(remedy) for remedy in defect.remedies],
        url=defect.url,
    )


def _remedy(remedy: risk.Remedy) -> RemedyOffer:
    return RemedyOffer(kind=cast("RemedyKind", remedy.kind), text=remedy.text, version=remedy.version, url=remedy.url)


def _considered(considered: risk.Considered) -> Considered:
    return Considered(considered.defect, considered.counts, considered.why)
