"""The judgement alone, in memory: the compiled index beside a list of `packaging`'s SpecifierSets."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from itertools import cycle

from packaging.specifiers import SpecifierSet
from packaging.version import Version

import risk
from bench import rules
from bench.figures import Figure, Finding, Goal, Remark, in_turn, timed
from bench.plan import Plan
from bench.rules import Case

NAME = "judge"
#: Microseconds that a judgement should take at most, at a thousand defects.
_MOST = 10
_PEER = "SpecifierSets in a list"


def run(plan: Plan) -> Iterator[Finding]:
    """Compare judgements per second, and weigh the rules."""
    for defects in plan.defects:
        case = rules.case(defects)
        for harmed, found in ((False, "nothing found"), (True, "four findings")):
            figure = _beside_specifiers(case, plan, f"{defects:,} defects, {found}", harmed=harmed)
            yield figure
            yield Remark(NAME, _micros(figure))
        yield Remark(NAME, f"{defects:,} defects: {_kibibytes(case) * 1000 / defects:,.0f} KiB per 1,000 defects")


def _beside_specifiers(case: Case, plan: Plan, name: str, *, harmed: bool) -> Figure:
    index = case.index()
    specifiers = [SpecifierSet(f">={each.affected[0].introduced}{_below(each)}") for each in case.defects]
    questions = cycle(rules.asked(case.questions(plan.bodies, harmed=harmed)))
    targets = cycle(case.versions)
    # A call of the peer looks at every defect, so that a few tell enough.
    few = max(1, plan.calls // len(case.defects))

    def judge() -> int:
        for _ in range(plan.calls):
            _say(index.judge(next(questions)))
        return plan.calls

    def look_through() -> int:
        for _ in range(few):
            version = Version(next(targets))
            sum(version in each for each in specifiers)
        return few

    peers = {_PEER: lambda: timed(look_through)}
    (figure,) = in_turn(NAME, name, lambda: timed(judge), peers, plan.rounds, Goal("speed", 1))
    return figure


def _below(defect: risk.Defect) -> str:
    fixed = defect.affected[0].fixed
    return f",<{fixed}" if fixed else ""


def _say(verdict: risk.Verdict) -> list[tuple[str, ...]]:
    return [finding.because for finding in verdict.findings]


def _micros(figure: Figure) -> str:
    told = ", ".join(f"{measured.cpu_micros:.1f}" for measured in figure.ours)
    return (
        f"{figure.case}: {told} µs of CPU a judgement, round by round (1,000 defects, nothing found: at most {_MOST})"
    )


def _kibibytes(case: Case) -> float:
    """Return what an index takes in memory, the defects that it was compiled from not counted."""
    gc.collect()
    tracemalloc.start()
    index = case.index()
    gc.collect()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / 1024 if index.rules else 0.0
