"""What became of each exposure of a defect, computed from what was recorded: line by line, and in numbers.

The numbers are counted from the very lines that the table shows, so the two cannot disagree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import risk
from feeds import store as defects
from feeds.defects import Defect, as_rule_input
from installs_registry import releases
from installs_registry.preferences import wanted
from notifier.proofs import PROOFS, LedgerLine, Outcome
from notifier.publications import load_product
from notifier.taken_back import taken_back
from notifier.types import LedgerView, StepView
from risk import Standing
from storage import Statements, Tx

sql = Statements(__package__, "ledger.sql")

#: Exposures that are read at once.
_SPAN: Final = 20_000
#: Below every install's number.
BEGINNING: Final = 0
#: The steps that a notice takes.
_OF_NOTICES: Final = ("accepted", "delivered", "shown", "seen", "chosen")
#: All steps, in their order.
STEPS: Final = ("owed", *_OF_NOTICES, "installed")


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a ledger, line by line."""

    lines: list[LedgerLine]
    #: The last install looked at; the next part begins behind it.
    high: int


def ledger(tx: Tx, defect_id: str) -> LedgerView:
    """Tell who was warned before installing, who after, who never; raises NotFound."""
    defect = defects.find(tx, defect_id)
    counted = _Counted()
    for line in all_lines(tx, defect):
        counted.add(line)
    arrivals = tx.tuples(sql.arrivals, defect_no=defect.no)
    took = sorted(_seconds(owed_at, sent_at) for owed_at, sent_at in arrivals)
    return LedgerView(
        filed_at=defect.filed_at,
        published_at=defect.published_at,
        first_delivered_at=min((sent_at for _, sent_at in arrivals), default=None),
        delivered_p50_seconds=nearest_rank(took, 50),
        delivered_p95_seconds=nearest_rank(took, 95),
        exposed=sum(counted.outcomes.values()),
        warned_before_install=counted.outcomes[Outcome.WARNED_BEFORE_INSTALL],
        warned_after_install=counted.outcomes[Outcome.WARNED_AFTER_INSTALL],
        installed_unwarned=counted.outcomes[Outcome.INSTALLED_UNWARNED],
        held_back=counted.held_back,
        moved_to_safe=counted.moved_to_safe,
        accepted_risk=tx.value(sql.count_accepted_risks, defect_no=defect.no),
        unreachable=counted.unreachable,
        in_doubt=tx.value(sql.count_in_doubt, defect_no=defect.no),
        installed=sum(counted.before.values()),
        proof_at_install={proof: counted.before[number] for number, proof in enumerate(PROOFS)},
        proof_now={proof: counted.now[number] for number, proof in enumerate(PROOFS)},
        steps=counted.steps(defect.published_at),
        taken_back=taken_back(tx, defect.no),
    )


def lines(tx: Tx, defect_id: str, *, after: int, size: int) -> Slice | None:
    """Return the lines behind an install's number, None where there is none; raises NotFound."""
    return _slice(tx, _Question.about(tx, defects.find(tx, defect_id)), after, size)


def all_lines(tx: Tx, defect: Defect) -> Iterator[LedgerLine]:
    """Yield every line, in the order of the installs' numbers."""
    question, low = _Question.about(tx, defect), BEGINNING
    while (found := _slice(tx, question, low, _SPAN)) is not None:
        yield from found.lines
        low = found.high


@dataclass(frozen=True, slots=True)
class _Question:
    """What the statement needs to be told of a defect."""

    defect_no: int
    product_no: int
    #: Numbers of the affected versions, between commas.
    affected: str
    #: The floors at which a customer wants to hear of it.
    wanted: str

    @classmethod
    def about(cls, tx: Tx, defect: Defect) -> _Question:
        product, _ = load_product(tx, defect.product_no)
        rule = risk.Rule.compile(as_rule_input(defect), product)
        rows = releases.version_rows(tx, defect.product_no)
        affected = [str(row.no) for row in rows if rule.standing(row.text) is Standing.AFFECTED]
        return cls(defect.no, defect.product_no, f",{',,'.join(affected)},", wanted(defect.report.severity))


def _slice(tx: Tx, question: _Question, low: int, size: int) -> Slice | None:
    high = tx.value(sql.end_of_exposures, defect_no=question.defect_no, low=low, size=size)
    if high is None:
        return None
    rows = tx.tuples(
        sql.ledger_lines,
        defect_no=question.defect_no,
        product_no=question.product_no,
        affected=question.affected,
        wanted=question.wanted,
        low=low,
        high=high,
    )
    return Slice([LedgerLine._make(row) for row in rows], high)


@dataclass(slots=True)
class _Counted:
    """The numbers of a ledger while they grow."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    #: By the proof's number.
    before: Counter[int] = field(default_factory=Counter)
    now: Counter[int] = field(default_factory=Counter)
    held_back: int = 0
    moved_to_safe: int = 0
    unreachable: int = 0
    #: By step: when it was taken, and since when it was due where that is not the publication.
    taken: dict[str, list[tuple[str, str | None]]] = field(default_factory=lambda: {step: [] for step in STEPS})

    def add(self, line: LedgerLine) -> None:
        """Count one more line."""
        self.outcomes[line.outcome] += 1
        self.now[line.proof] += 1
        self.held_back += line.held_back
        self.moved_to_safe += line.moved_to_safe
        self.unreachable += line.unreachable
        if line.installed_at is not None:
            self.before[line.proof_before] += 1
            self.taken["installed"].append((line.installed_at, None))
        if line.owed_at is not None:
            self.taken["owed"].append((line.owed_at, None))
            steps = (line.accepted_at, line.delivered_at, line.shown_at, line.seen_at, line.chosen_at)
            for step, at in zip(_OF_NOTICES, steps, strict=True):
                if at is not None:
                    self.taken[step].append((at, line.owed_at))

    def steps(self, published_at: str | None) -> list[StepView]:
        """Return how long each step took."""
        return [_step(step, self.taken[step], published_at) for step in STEPS]


def _step(step: str, taken: Sequence[tuple[str, str | None]], published_at: str | None) -> StepView:
    moments = [at for at, _ in taken]
    spans = ((since or published_at, at) for at, since in taken)
    took = sorted(_seconds(since, at) for since, at in spans if since is not None and since <= at)
    return StepView(
        step=step,
        count=len(taken),
        first_at=min(moments, default=None),
        last_at=max(moments, default=None),
        p50_seconds=nearest_rank(took, 50),
        p95_seconds=nearest_rank(took, 95),
    )


def nearest_rank(values: Sequence[float], percent: int) -> float | None:
    """Return the least of sorted values that so many per cent do not exceed, to three places, None without any."""
    return round(values[-(-len(values) * percent // 100) - 1], 3) if values else None


def _seconds(since: str, at: str) -> float:
    """Return the seconds between two instants."""
    # Not parse_instant, which also checks the form: these are ours, and there are many.
    return (datetime.fromisoformat(at) - datetime.fromisoformat(since)).total_seconds()


#: The columns of the ledger as a table, one line per exposure.
HEADINGS: Final = (
    "install",
    "customer",
    "version",
    "exposure",
    "outcome",
    "proof_at_install",
    "proof",
    "published_at",
    "owed_at",
    "accepted_at",
    "delivered_at",
    "shown_at",
    "seen_at",
    "chosen_at",
    "installed_at",
)


def cells(line: LedgerLine, published_at: str | None, *, named: bool) -> tuple[str | None, ...]:
    """Return one line of the table; the customer's id only where customers are `named`."""
    return (
        line.install,
        line.customer if named else None,
        line.version,
        line.exposure or "over",
        line.outcome,
        None if line.installed_at is None else PROOFS[line.proof_before],
        PROOFS[line.proof],
        published_at,
        line.owed_at,
        line.accepted_at,
        line.delivered_at,
        line.shown_at,
        line.seen_at,
        line.chosen_at,
        line.installed_at,
    )
