"""A verdict straight as JSON text: what never changes of a defect is put into JSON once.

`api.verdict_view` says the same verdict as values; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec import Raw, Struct

import risk
from api.types import SafeTarget
from api.verdict_view import VALID_FOR, finding_view

_NONE: Final = Raw(b"[]")


class _VerdictText(Struct, frozen=True, kw_only=True, gc=False):
    """The members of `VerdictView`, its findings as text."""

    decision: risk.Decision
    product: str
    from_version: str = msgspec.field(name="from")
    to_version: str | None = msgspec.field(name="to")
    findings: Raw
    safe_target: SafeTarget | None
    sequence: int
    valid_for_seconds: int


class VerdictText:
    """Puts the verdicts of one product, by one state of its rules, into JSON."""

    def __init__(self) -> None:
        self._encode = msgspec.json.Encoder().encode
        #: by defect id and exposure: the text of a finding up to what the facts show, and from the remedies on
        self._fixed: dict[tuple[str, risk.Exposure], tuple[bytes, bytes]] = {}

    def of(self, verdict: risk.Verdict) -> bytes:
        """Return the text of a verdict in which no risk is accepted and nothing explained."""
        target = verdict.safe_target
        return self._encode(
            _VerdictText(
                decision=verdict.decision,
                product=verdict.product,
                from_version=verdict.from_version,
                to_version=verdict.to_version,
                findings=self._findings(verdict.findings) if verdict.findings else _NONE,
                safe_target=None if target is None else SafeTarget(target.version, target.path),
                sequence=verdict.sequence,
                valid_for_seconds=VALID_FOR,
            )
        )

    def _findings(self, findings: Iterable[risk.Finding]) -> Raw:
        return Raw(b"[%s]" % b",".join([self._finding(finding) for finding in findings]))

    def _finding(self, finding: risk.Finding) -> bytes:
        defect, exposure, because, missing = finding
        before, after = self._fixed.get((defect.id, exposure)) or self._fix(finding)
        encode = self._encode
        return b'%s%s,"missing":%s%s' % (before, encode(because), encode(missing) if missing else b"[]", after)

    def _fix(self, finding: risk.Finding) -> tuple[bytes, bytes]:
        """Return the text around the members that depend on the install's facts, and keep it."""
        view = finding_view(finding)
        members = [self._encode(name) + b":" + self._encode(getattr(view, name)) for name in view.__struct_fields__]
        place = view.__struct_fields__.index("because")
        before, after = b",".join(members[:place]), b",".join(members[place + 2 :])
        fixed = self._fixed[finding.defect.id, finding.exposure] = b'{%s,"because":' % before, b",%s}" % after
        return fixed
