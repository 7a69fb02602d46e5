"""What a mail's words rest on: a defect with its rule, and what the rules say of one install."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import risk
from feeds import store as defects
from feeds.defects import Defect
from feeds.life import State
from installs_registry import products
from installs_registry.known import KnownProduct
from notifier.delivery.claims import NoticeLine
from notifier.delivery.describing import affected_words
from notifier.delivery.judged import Judged, judged
from notifier.delivery.safe import Guides, SafeTargets
from notifier.mails.facts import Line, Outcome
from notifier.publications import Rulebook
from notifier.states import NoticeKind
from risk import Decision, Exposure, Question, Standing
from storage import Tx

_ENDS = {State.RESOLVED: Outcome.RESOLVED, State.WITHDRAWN: Outcome.WITHDRAWN, State.PUBLISHED: Outcome.NARROWED}

#: Subjects that are kept, and explanations by each of them; then all are given up.
KEPT, EXPLAINED = 16, 8_192

#: Why installs are concerned, what is missing to know it, and the unaffected version they had before.
Findings = tuple[tuple[str, ...], tuple[str, ...], str | None]


@dataclass(frozen=True)
class Subject:
    """A defect with its product and its rule, as one transaction sees them; without slots, for what it keeps."""

    defect: Defect
    product: KnownProduct
    index: risk.ProductIndex
    #: None: the defect was withdrawn.
    rule: risk.Rule | None
    safe: SafeTargets

    def judged(self, tx: Tx, lines: Collection[NoticeLine]) -> dict[int, Judged]:
        """Return what the rules judge the installs of these lines by, by number."""
        return judged(tx, self.product, self.safe.named, lines, self._judged)

    @cached_property
    def _judged(self) -> dict[Hashable, Judged]:
        """What installs have been judged by."""
        return {}

    @property
    def outcome(self) -> Outcome:
        """Why an ALL_CLEAR is sent now."""
        return _ENDS[self.defect.state]

    def line(self, state: Judged, install: str, exposure: Exposure | None) -> Line:
        """Return what a mail says of one install, which the vendor calls `install`."""
        because, missing, earlier = self.found(state, exposure)
        return Line(
            install=install,
            version=state.version,
            exposure=exposure,
            because=because,
            missing=missing,
            earlier=earlier,
        )

    def found(self, state: Judged, exposure: Exposure | None) -> Findings:
        """Return what is found of such installs, as far as it is said."""
        if exposure is None:
            return (), (), None
        because, missing = self._explained(state)
        if exposure is Exposure.CANNOT_TELL:
            return (), missing, None
        return because, missing, self._earlier(state) if exposure is Exposure.ALREADY_UPGRADED else None

    @cached_property
    def _tree(self) -> risk.Node | None:
        condition = self.rule.defect.condition if self.rule else None
        return None if condition is None else risk.tree_from_json(condition)

    @cached_property
    def _named(self) -> tuple[str, ...]:
        """The facts that the condition reads."""
        return tuple(sorted(risk.names(self._tree))) if self._tree else ()

    @cached_property
    def _told(self) -> dict[tuple[object, ...], risk.Explanation]:
        """What has been explained, by the values of those facts."""
        return {}

    @cached_property
    def target(self) -> str | None:
        """The version to name in a warning: the only affected one on offer, or the first to come.

        It takes a look at every release, and is the same in all mails of a batch.
        """
        if self.rule is None:
            return None
        shelf = self.index.shelf
        offered = [
            version for key, version in zip(shelf.offered, shelf.versions, strict=True) if self.rule.affected.holds(key)
        ]
        if offered:
            return offered[0] if len(offered) == 1 else None
        first = self.defect.report.affected[0]
        named = first.versions[0] if first.versions else first.introduced
        return named if named != "0" else None

    @cached_property
    def affected(self) -> str:
        """The affected versions in words."""
        return affected_words(self.defect.report.affected)

    def safe_release(self, kind: NoticeKind, states: Sequence[Judged]) -> str | None:
        """Return the release that such a notice names as safe for all these installs, None where there is none."""
        return self.safe_fix(states) if kind is NoticeKind.ALL_CLEAR else self.safe_version(states)

    def safe_version(self, states: Sequence[Judged]) -> str | None:
        """Return the release that all these installs can go to without a hold, None where there is no common one."""
        if len(states) == 1:
            return self.safe.of_install(states[0])
        targets = set(map(self.safe.of_install, states))
        return targets.pop() if len(targets) == 1 else None

    def safe_fix(self, states: Sequence[Judged]) -> str | None:
        """Return the release that resolved the defect, or, where it would harm otherwise, the common safe one."""
        fixed_in = self.defect.fixed_in
        if fixed_in is None:
            return None
        if any(self._is_harmed_by(state, fixed_in) for state in states):
            return self.safe_version(states)
        return fixed_in

    def _explained(self, state: Judged) -> risk.Explanation:
        if self._tree is None:
            return risk.Explanation()
        known = tuple(map(state.facts.get, self._named))
        told = self._told.get(known)
        if told is None:
            if len(self._told) >= EXPLAINED:
                self._told.clear()
            told = self._told[known] = risk.explain_condition(self._tree, self.product.vocabulary, state.facts)
        return told

    def _earlier(self, state: Judged) -> str | None:
        """Return the newest version it had before that is not affected itself."""
        for version in reversed(state.history):
            if version != state.version and self.rule and self._standing(version) in {Standing.EXPOSED, Standing.CLEAR}:
                return version
        return None

    def _standing(self, version: str) -> Standing | None:
        return self.rule.standing(version) if self.rule else None

    def _is_harmed_by(self, state: Judged, fix: str) -> bool:
        """Tell whether the release that resolved this defect harms an install by another one, or already has."""
        verdict = self.index.judge(Question(state.version, fix, state.facts))
        if self._is_behind(state, fix):
            return verdict.decision is Decision.HOLD
        return any(
            finding.exposure is Exposure.ALREADY_UPGRADED
            and risk.decide(finding.defect.severity, Exposure.AT_RISK) is Decision.HOLD
            for finding in verdict.findings
            if finding.defect.id != self.defect.id
        )

    def _is_behind(self, state: Judged, version: str) -> bool:
        here, there = self.index.place(state.version), self.index.place(version)
        return here is None or there is None or here < there


@dataclass(frozen=True, slots=True, eq=False)
class Subjects:
    """The subjects of the last batches, with what they have worked out: kept as long as they rest on the same."""

    #: By the number of the defect.
    _kept: dict[int, Subject] = field(default_factory=dict)

    def of(self, tx: Tx, rulebook: Rulebook, guides: Guides, defect_no: int) -> Subject:
        """Read the subject; raises NotFound."""
        defect = defects.find_by_number(tx, defect_no)
        index = rulebook.index(tx, defect.product_no)
        kept = self._kept.get(defect_no)
        # Whatever a product declares is published, so with the same index its declarations are the same too.
        if kept is not None and kept.index is index and kept.defect == defect:
            return kept
        if len(self._kept) >= KEPT:
            self._kept.clear()
        product = products.find_by_number(tx, defect.product_no)
        rule, safe = index.rules.get(defect.id), guides.of(defect.product_no, index)
        subject = self._kept[defect_no] = Subject(defect, product, index, rule, safe)
        return subject
