"""The text of a verdict is byte for byte what the general encoder makes of the same verdict."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

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
FACTS = {
    name: risk.Fact(name, kind)
    for name, kind in {
        "notebooks": risk.FactType.INTEGER,
        "disk": risk.FactType.NUMBER,
        "sync": risk.FactType.BOOLEAN,
        "editor": risk.FactType.STRING,
        "plugins": risk.FactType.STRINGS,
    }.items()
}
PRODUCT = risk.Product("notes", risk.scheme("intdot"), FACTS, ())
TESTS = st.one_of(
    st.tuples(st.sampled_from([">", "!="]), st.just(["name", "notebooks"]), st.integers(-9, 9)),
    st.tuples(st.just("<="), st.just(["name", "disk"]), st.floats(-9, 9)),
    st.just(["name", "sync"]),
    st.just(["has", "editor"]),
    st.tuples(st.sampled_from(["!=", "contains"]), st.just(["name", "editor"]), TEXTS),
    st.tuples(st.just("in"), TEXTS, st.just(["name", "plugins"])),
    st.tuples(st.just("<"), st.just(["size", ["name", "plugins"]]), st.integers(0, 4)),
).map(list)
JOINED = st.tuples(st.sampled_from(["&&", "||"]), TESTS, TESTS).map(list)
CONDITIONS = st.none() | TESTS | JOINED | st.lists(TESTS, min_size=2, max_size=4).map(lambda tests: ["&&", *tests])
SOME_FACTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "notebooks": st.integers(-(2**53), 2**53),
        "disk": st.floats(allow_nan=False, allow_infinity=False),
        "sync": st.booleans(),
        "editor": TEXTS | st.text("\"\\%()s'", max_size=100),
        "plugins": SOME_TEXTS,
    },
)
DEFECTS = st.builds(
    risk.Defect,
    id=TEXTS,
    revision=st.integers(1, 99),
    title=TEXTS,
    severity=st.sampled_from(risk.Severity),
    affected=st.just((risk.Range(introduced="4.2"),)),
    condition=CONDITIONS,
    remedies=st.lists(REMEDIES, max_size=3).map(tuple),
    url=st.none() | TEXTS,
)
SAFE_TARGETS = st.builds(risk.SafeTarget, version=TEXTS, path=SOME_TEXTS)


@st.composite
def verdicts(draw: st.DrawFn, rules: Iterable[risk.Rule]) -> risk.Verdict:
    """Return a verdict over some of these rules."""
    shown = risk.Shown(draw(SOME_FACTS))
    live = [(rule, truth) for rule in rules if (truth := rule.condition.truth(shown.facts)) is not False]
    return risk.Verdict(
        decision=draw(st.sampled_from(risk.Decision)),
        product=draw(TEXTS),
        from_version=draw(TEXTS),
        to_version=draw(st.none() | TEXTS),
        concerns=tuple(a_concern(draw, rule, truth=truth) for rule, truth in live),
        shown=shown,
        besides=draw(st.just(()) | SOME_TEXTS),
        safe_target=draw(st.none() | SAFE_TARGETS),
        sequence=draw(st.integers(0, 2**53)),
        accepted=(),
        considered=None,
    )


def a_concern(draw: st.DrawFn, rule: risk.Rule, *, truth: bool | None) -> risk.Concern:
    outcome = draw(st.sampled_from([rule.harm[truth], rule.harm[None], rule.happened]))
    return rule.made(outcome, truth)


@given(st.data())
def test_the_text_of_a_verdict_is_that_of_its_view(data: st.DataObject) -> None:
    defects = data.draw(st.lists(DEFECTS, max_size=4, unique_by=lambda defect: defect.id))
    rules = [risk.Rule.compile(defect, PRODUCT) for defect in defects]
    text = VerdictText()
    for verdict in data.draw(st.lists(verdicts(rules), min_size=1, max_size=4)):
        assert text.of(verdict) == msgspec.json.encode(view_of(verdict))
