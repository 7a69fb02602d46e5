"""All published and resolved defects of one product, compiled, and the judgement over them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from .decisions import Decision, Exposure, decide
from .defects import Defect, Product, Rule, Shelf
from .evaluate import Truth
from .paths import SafeTarget, Search
from .segments import Segments
from .verdicts import Considered, Finding, Question, Verdict, by_gravity
from .versions import UnrankedVersion


@dataclass(frozen=True, slots=True, eq=False)
class ProductIndex:
    """Answers upgrade checks from memory; never changes, a new sequence brings a new one."""

    product: Product
    sequence: int
    #: by defect id
    rules: Mapping[str, Rule]
    shelf: Shelf
    segments: Segments
    #: sort keys of the registered releases, by their text
    places: Mapping[str, str]

    @classmethod
    def compile(cls, product: Product, defects: Iterable[Defect], sequence: int) -> ProductIndex:
        """Compile; raises RangeError or InvalidVersion where a range or a release does not fit."""
        shelf = Shelf.of(product)
        rules = {defect.id: Rule.compile(defect, product, shelf) for defect in defects}
        places = {release.version: product.scheme.sort_key(release.version) for release in product.releases}
        segments = Segments.of(rules.values())
        return cls(product, sequence, MappingProxyType(rules), shelf, segments, MappingProxyType(places))

    def judge(self, question: Question) -> Verdict:
        """Answer an upgrade check; raises InvalidVersion for a version that does not parse."""
        return _Hearing(self, question, self.place(question.from_version)).verdict()

    def place(self, version: str) -> str | None:
        """Return the sort key of a version, None for one of a `list` product whose place is not declared."""
        known = self.places.get(version)
        if known is not None:
            return known
        try:
            return self.product.scheme.sort_key(version)
        except UnrankedVersion:
            return None


@dataclass(slots=True, eq=False)
class _Hearing:
    """One question being judged; a condition is evaluated once at most."""

    index: ProductIndex
    question: Question
    #: sort key of the version upgraded from, None where its place is unknown
    start: str | None
    truths: dict[Rule, Truth] = field(default_factory=dict)

    def verdict(self) -> Verdict:
        question = self.question
        safe = None if self.start is None else self.search(self.start).safe_target()
        to_version = self.advised(safe) if question.to_version is None else question.to_version
        found, accepted = ([], []) if to_version is None else self.found(self.index.place(to_version))
        return Verdict(
            decision=decide(found[0].severity, found[0].exposure) if found else Decision.PROCEED,
            product=self.index.product.id,
            from_version=question.from_version,
            to_version=to_version,
            findings=tuple(found),
            safe_target=safe,
            sequence=self.index.sequence,
            accepted=tuple(accepted),
            considered=self.considered(to_version) if question.explain else None,
        )

    def search(self, start: str) -> Search:
        return Search(self.index.shelf, self.index.segments, start, self.holds)

    def advised(self, safe: SafeTarget | None) -> str | None:
        """Return the version to judge where none was asked for.

        The first step to the safe target; where every way is held, the highest release on offer above, so
        that the verdict says what holds it; None where there is nothing above to take.
        """
        if safe is not None:
            return safe.path[0]
        shelf = self.index.shelf
        if shelf.offered and (self.start is None or self.start < shelf.offered[-1]):
            return shelf.versions[-1]
        return None

    def found(self, target: str | None) -> tuple[list[Finding], list[str]]:
        """Return the findings, gravest first, and the accepted defects that would have been among them."""
        found: list[Finding] = []
        accepted: list[str] = []
        happened = set() if self.start is None else set(self.index.segments.at(self.start))
        unranked = self.unranked() if self.start is None or target is None else ()
        for rule in self.index.rules.values() if target is None else self.index.segments.at(target):
            exposure = self.exposure(rule, target, happened)
            if exposure is None:
                continue
            if rule.defect.id in self.question.accept and rule not in happened:
                accepted.append(rule.defect.id)
            else:
                found.append(self.finding(rule, exposure, unranked))
        return sorted(found, key=by_gravity), sorted(accepted)

    def exposure(self, rule: Rule, target: str | None, happened: Collection[Rule]) -> Exposure | None:
        """Rule 1: harm is an upgrade's own if its target is affected and its start is not.

        `rule` affects the target, or the target's place is unknown; `happened` are those that affect the start.
        """
        if rule in happened:
            counts = target is not None and self.truth(rule) is not False
            return Exposure.ALREADY_UPGRADED if counts else None
        truth = self.truth(rule)
        if truth is False or (self.start is not None and not rule.enters_from(self.start)):
            return None
        return Exposure.AT_RISK if truth and self.start and target else Exposure.CANNOT_TELL

    def holds(self, rule: Rule) -> bool:
        """Tell whether an upgrade that does the rule's harm is a hold."""
        return self.truth(rule) in rule.hold_on and rule.defect.id not in self.question.accept

    def truth(self, rule: Rule) -> Truth:
        truths = self.truths
        if rule not in truths:
            truths[rule] = rule.condition.truth(self.question.facts)
        return truths[rule]

    def finding(self, rule: Rule, exposure: Exposure, unranked: tuple[str, ...]) -> Finding:
        explanation = rule.condition.explain(self.question.facts, self.truth(rule))
        defect = rule.defect
        return Finding(
            defect=defect.id,
            revision=defect.revision,
            title=defect.title,
            severity=defect.severity,
            exposure=exposure,
            because=explanation.because + unranked,
            missing=explanation.missing,
            remedies=defect.remedies,
            url=defect.url,
        )

    def unranked(self) -> tuple[str, ...]:
        """Say which of the two versions has no declared place."""
        asked = (self.question.from_version, self.question.to_version)
        return tuple(
            f"{version} is not among the declared releases, so its place is unknown"
            for version in asked
            if version is not None and self.index.place(version) is None
        )

    def considered(self, to_version: str | None) -> tuple[Considered, ...]:
        """Say of each defect why it does or does not count."""
        told = ((name, self.reason(rule, to_version)) for name, rule in sorted(self.index.rules.items()))
        return tuple(Considered(name, counts, why) for name, (counts, why) in told)

    def reason(self, rule: Rule, to_version: str | None) -> tuple[bool, str]:
        """Return whether the defect counts, and the first reason that settles it."""
        if to_version is None:
            return False, "there is no release to upgrade to"
        start, target = self.question.from_version, self.index.place(to_version)
        truth = self.truth(rule)
        explanation = rule.condition.explain(self.question.facts, truth)
        missing = (f"{name} is not known" for name in explanation.missing)
        checks = (
            (target is not None and not rule.affected.holds(target), f"{to_version} is not affected"),
            (
                self.start is not None and rule.affected.holds(self.start),
                f"{start} is affected already, so this upgrade does no new harm",
            ),
            (
                self.start is not None and not rule.enters_from(self.start),
                f"{start} is not among the versions from which an upgrade does harm",
            ),
            (truth is False, "; ".join(("the condition does not match", *explanation.because))),
            (rule.defect.id in self.question.accept, "its risk is accepted"),
        )
        for settled, why in checks:
            if settled:
                return False, why
        exposure = "at risk" if truth and self.start and target else "cannot tell"
        return True, "; ".join((exposure, *explanation.because, *self.unranked(), *missing))
