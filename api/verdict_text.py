"""A verdict straight as JSON text: what never changes of a defect is put into JSON once.

`api.verdict_view` says the same verdict as values; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec
from msgspec import Raw, Struct

import risk
from api.types import SafeTarget
from api.verdict_view import VALID_FOR, finding_view

_NONE: Final = Raw(b"[]")
#: A place that stays empty.
_NOWHERE: Final = ""


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


class _Shown(risk.Shown):
    """The values of facts for sentences that are JSON already."""

    __slots__ = ()

    def __missing__(self, place: str) -> str:
        shown = super().__missing__(place)
        if '"' in shown or "\\" in shown:
            shown = self[place] = _inside(shown)
        return shown


class _Template(NamedTuple):
    """The text of a finding, for all who stand to the defect alike."""

    #: text and the place of a value in turn, the last one `_NOWHERE`; empty where facts decide which reasons are told
    pieces: tuple[str, ...]
    #: the text around the lists of what the facts show and of what is missing
    around: tuple[str, str]


class VerdictText:
    """Puts the verdicts of one product, by one state of its rules, into JSON."""

    def __init__(self) -> None:
        self._encode = msgspec.json.Encoder().encode
        #: by the first members of a finding: the rule, what it makes of the verdict, the truth of its condition
        self._templates: dict[tuple[object, ...], _Template] = {}

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

    def _findings(self, findings: tuple[risk.Finding, ...]) -> Raw:
        shown = _Shown(findings[0].shown.facts)
        shown[_NOWHERE] = ""
        said: list[str] = []
        for finding in findings:
            pieces, around = self._templates.get(finding[:3]) or self._prepare(finding)
            if finding.besides or not pieces:
                because, missing = _text(finding.because), _text(finding.missing)
                pieces = f'{around[0]}{because},"missing":{missing}{around[1]}', _NOWHERE
            said += pieces
        said[1::2] = map(shown.__getitem__, said[1::2])
        return Raw(f"[{''.join(said).removesuffix(',')}]".encode())

    def _prepare(self, finding: risk.Finding) -> _Template:
        """Return the template of a finding, and keep it."""
        view = finding_view(finding)
        members = [f'"{name}":{_text(getattr(view, name))}' for name in view.__struct_fields__]
        place = view.__struct_fields__.index("because")
        before, after = f'{{{",".join(members[:place])},"because":', f",{','.join(members[place + 2 :])}}},"
        sentences = finding.rule.condition.sentences(truth=True) if finding.truth else None
        pieces = () if sentences is None else _pieces(before, sentences, f',"missing":[]{after}')
        template = self._templates[finding[:3]] = _Template(pieces, (before, after))
        return template


def _pieces(before: str, sentences: Iterable[risk.Sentence], after: str) -> tuple[str, ...]:
    """Return a finding's text around and in a list of sentences."""
    pieces, between = [f"{before}["], '"'
    for first, *others in sentences:
        pieces[-1] += between + _inside(first)
        pieces += [_inside(piece) for piece in others]
        pieces[-1] += '"'
        between = ',"'
    pieces[-1] += f"]{after}"
    return *pieces, _NOWHERE


def _inside(text: str) -> str:
    """Return a text in JSON, the marks around it left out."""
    return _text(text)[1:-1]


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()
