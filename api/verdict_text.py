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


class VerdictText:
    """Puts the verdicts of one product, by one state of its rules, into JSON."""

    def __init__(self) -> None:
        self._encode = msgspec.json.Encoder().encode
        #: By what a concern is told apart by: text and the place of a value in turn, the last one `_NOWHERE`; of those
        #: only of which the facts do not decide which reasons are told.
        self._pieces: dict[tuple[object, ...], tuple[str, ...]] = {}
        #: by the same, the text around the lists of what the facts show and of what is missing
        self._around: dict[tuple[object, ...], tuple[str, str]] = {}

    def of(self, verdict: risk.Verdict) -> bytes:
        """Return the text of a verdict in which no risk is accepted and nothing explained."""
        target = verdict.safe_target
        return self._encode(
            _VerdictText(
                decision=verdict.decision,
                product=verdict.product,
                from_version=verdict.from_version,
                to_version=verdict.to_version,
                findings=self._findings(verdict) if verdict.concerns else _NONE,
                safe_target=None if target is None else SafeTarget(target.version, target.path),
                sequence=verdict.sequence,
                valid_for_seconds=VALID_FOR,
            )
        )

    def _findings(self, verdict: risk.Verdict) -> Raw:
        known = {} if verdict.besides else self._pieces
        said: list[str] = []
        for concern in verdict.concerns:
            said += known.get(concern[1:4]) or self._say(risk.Finding(concern, verdict.shown, verdict.besides))
        shown = verdict.shown
        shown[_NOWHERE] = ""
        values = [*map(shown.__getitem__, said[1::2])]
        together = "".join(values)
        said[1::2] = map(_inside, values) if '"' in together or "\\" in together else values
        return Raw(f"[{''.join(said).removesuffix(',')}]".encode())

    def _say(self, finding: risk.Finding) -> tuple[str, ...]:
        """Return a finding in pieces, and keep what of it is the same for all who stand to the defect alike."""
        same = finding.concern[1:4]
        around = self._around.get(same)
        if around is None:
            around = self._around[same] = _around(finding)
            sentences = finding.concern.condition.sentences(truth=True) if finding.concern.truth else None
            if sentences is not None:
                self._pieces[same] = _pieces(*around, sentences)
        return f'{around[0]}{_text(finding.because)},"missing":{_text(finding.missing)}{around[1]}', _NOWHERE


def _around(finding: risk.Finding) -> tuple[str, str]:
    view = finding_view(finding)
    members = [f'"{name}":{_text(getattr(view, name))}' for name in view.__struct_fields__]
    place = view.__struct_fields__.index("because")
    return f'{{{",".join(members[:place])},"because":', f",{','.join(members[place + 2 :])}}},"


def _pieces(before: str, after: str, sentences: Iterable[risk.Sentence]) -> tuple[str, ...]:
    """Return a finding's text around and in a list of sentences."""
    pieces, between = [f"{before}["], '"'
    for first, *others in sentences:
        pieces[-1] += between + _inside(first)
        pieces += [_inside(piece) for piece in others]
        pieces[-1] += '"'
        between = ',"'
    pieces[-1] += f'],"missing":[]{after}'
    return *pieces, _NOWHERE


def _inside(text: str) -> str:
    """Return a text in JSON, the marks around it left out."""
    return _text(text)[1:-1]


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()
