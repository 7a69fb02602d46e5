"""The text of a verdict is byte for byte what the general encoder makes of the same verdict."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from hypothesis import given
from hypothesis import strategies as st

import risk
from api.verdict_text import VerdictText
from api.verdict_view import view_of

TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
SOME_TEXTS = st.lists(TEXTS, max_size=3).map(tuple)
REMEDIES = st.builds(
    risk.Remedy,
    kind=st.sampled_from(["wait", "upgrade_to", "credit"]),
    text=st.none() | TEXTS,
    version=st.none() | TEXTS,
    url=st.none() | TEXTS,
)
DEFECTS = st.builds(
    risk.Defect,
    id=TEXTS,
    revision=st.integers(1, 99),
    title=TEXTS,
    severity=st.sampled_from(risk.Severity),
    affected=st.just(()),
    remedies=st.lists(REMEDIES, max_size=3).map(tuple),
    url=st.none() | TEXTS,
)
SAFE_TARGETS = st.builds(risk.SafeTarget, version=TEXTS, path=SOME_TEXTS)


@st.composite
def verdicts(draw: st.DrawFn, defects: Iterable[risk.Defect]) -> risk.Verdict:
    """Return a verdict over some of these defects."""
    return risk.Verdict(
        decision=draw(st.sampled_from(risk.Decision)),
        product=draw(TEXTS),
        from_version=draw(TEXTS),
        to_version=draw(st.none() | TEXTS),
        findings=tuple(a_finding(draw, defect) for defect in defects if draw(st.booleans())),
        safe_target=draw(st.none() | SAFE_TARGETS),
        sequence=draw(st.integers(0, 2**53)),
        accepted=(),
        considered=None,
    )


def a_finding(draw: st.DrawFn, defect: risk.Defect) -> risk.Finding:
    return risk.Finding(
        defect=defect,
        exposure=draw(st.sampled_from(risk.Exposure)),
        because=draw(SOME_TEXTS),
        missing=draw(SOME_TEXTS),
    )


@given(st.data())
def test_the_text_of_a_verdict_is_that_of_its_view(data: st.DataObject) -> None:
    defects = data.draw(st.lists(DEFECTS, max_size=4, unique_by=lambda defect: defect.id))
    text = VerdictText()
    for verdict in data.draw(st.lists(verdicts(defects), min_size=1, max_size=4)):
        assert text.of(verdict) == msgspec.json.encode(view_of(verdict))
