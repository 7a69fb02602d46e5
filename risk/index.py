"""All published and resolved defects of one product, compiled, and the judgement over them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from .decisions import Decision
from .defects import Defect, Product, Shelf
from .evaluate import Shared, explain
from .operators import Truth
from .paths import Search
from .rules import Outcome, Rule
from .segments import Segments
from .verdicts import Considered, Finding, Question, SafeTarget, Verdict
from .versions import UnrankedVersion
from .words import Shown


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
    def compile(
        cls, product: Product, defects: Iterable[Defect], sequence: int, earlier: ProductIndex | None = None
    ) -> ProductIndex:
        """Compile; the rules of defects that are as they were are taken from an `earlier` index of the product.

        Raises RangeError or InvalidVersion where a range or a release does not fit.
        """
        shelf = Shelf.of(product)
        kept = earlier.rules_for(product, shelf) if earlier else {}
        shared: Shared = {}
        rules: dict[str, Rule] = {}
        for defect in defects:
            rule = kept.get(defect.id)
            if rule is None or rule.defect != defect:
                rule = Rule.compile(defect, product, shelf, shared)
            rules[defect.id] = rule
        places = {release.version: product.scheme.sort_key(release.version) for release in product.releases}
        segments = Segments.of(rules.values())
        return cls(product, sequence, MappingProxyType(rules), shelf, segments, MappingProxyType(places))

    def rules_for(self, product: Product, shelf: Shelf) -> Mapping[str, Rule]:
        """Return those of the rules that hold for the product as it is declared now: all of them, or none."""
        if (self.product.scheme, self.product.facts) != (product.scheme, product.facts):
            return {}
        if self.shelf == shelf:
            return self.rules
        return {name: rule.placed(shelf) for name, rule in self.rules.items()}

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


#: Kept, as a look-up of an enum's member costs as much as ten of a name.
_NOTHING_FOUND: Final = Decision.PROCEED
#: A gravity and the defect's id, as the gravest sorts first; the rule, what it makes of the verdict, and whether its
#: condition matches.
Concern = tuple[int, str, Rule, Outcome, Truth]


@dataclass(slots=True, eq=False)
class _Hearing:
    """One question being judged; a condition is evaluated once at most."""

    index: ProductIndex
    question: Question
    #: sort key of the version upgraded from, None where its place is unknown
    start: str | None
    truths: dict[Rule, Truth] = field(default_factory=dict)
    #: by sort key, what `concerned` returned
    near: dict[str, list[Concern]] = field(default_factory=dict)

    def verdict(self) -> Verdict:
        index, question = self.index, self.question
        safe = None if self.start is None else self.safe_target(self.start)
        to_version = self.advised(safe) if question.to_version is None else question.to_version
        target = None if to_version is None else index.place(to_version)
        found, accepted = ([], ()) if to_version is None else self.found(target)
        decision = found[0][3].decision if found else _NOTHING_FOUND
        known = self.start is not None and target is not None
        findings = self.findings(found, () if known else self.unranked()) if found else ()
        considered = self.considered(to_version) if question.explain else None
        product, start, sequence = index.product.id, question.from_version, index.sequence
        return Verdict(decision, product, start, to_version, findings, safe, sequence, accepted, considered)

    def safe_target(self, start: str) -> SafeTarget | None:
        """Return the safe target; that the highest release on offer is one step away is the usual case."""
        shelf = self.index.shelf
        if not shelf.offered or start >= shelf.offered[-1]:
            return None
        return Search(shelf, start, self.held, self.holding).safe_target()

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

    def found(self, target: str | None) -> tuple[list[Concern], tuple[str, ...]]:
        """Return what is to be told, gravest first, and the accepted defects that would have been among it."""
        concerned = self.perhaps_concerned() if target is None else self.concerned(target)
        accept = self.question.accept
        if not accept:
            return sorted(concerned), ()
        accepted = sorted(
            name for _, name, rule, outcome, _ in concerned if name in accept and outcome is not rule.happened
        )
        return sorted(each for each in concerned if each[1] not in accepted), tuple(accepted)

    def concerned(self, place: str) -> list[Concern]:
        """Return the rules that matter to an upgrade to this sort key, each behind what it makes of the verdict."""
        found = self.near.get(place)
        if found is None:
            start = self.start
            found = self.near[place] = []
            for rule, truth in self.live(place):
                outcome = rule.harm[None] if start is None else rule.outcome(start, truth)
                if outcome is not None:
                    found.append((outcome.gravity, rule.defect.id, rule, outcome, truth))
        return found

    def perhaps_concerned(self) -> list[Concern]:
        """Return the rules that may matter to an upgrade to a version whose place is unknown."""
        start, rules = self.start, self.index.rules.values()
        live = [(rule, truth) for rule in rules if (truth := self.truth(rule)) is not False]
        harming = [(rule, rule.harm[None], truth) for rule, truth in live if start is None or rule.harms(start)]
        return [(outcome.gravity, rule.defect.id, rule, outcome, truth) for rule, outcome, truth in harming]

    def held(self, place: str) -> list[Rule]:
        """Return the rules that make a hold of the one step to this sort key."""
        accept = self.question.accept
        concerned = self.concerned(place)
        return [rule for _, name, rule, outcome, _ in concerned if outcome.holds and name not in accept]

    def holding(self, place: str) -> list[Rule]:
        """Return the rules that make a hold of an upgrade to this sort key which does their harm."""
        accept = self.question.accept
        return [rule for rule, truth in self.live(place) if rule.harm[truth].holds and rule.defect.id not in accept]

    def live(self, place: str) -> list[tuple[Rule, Truth]]:
        """Return the rules that affect the version of this sort key, and the truth of their conditions: none misses."""
        facts, truths = self.question.facts, self.truths
        found: list[tuple[Rule, Truth]] = []
        for rule in self.index.segments.at(place, facts):
            if rule in truths:
                truth = truths[rule]
            else:
                truth = truths[rule] = rule.condition.truth(facts)
            if truth is not False:
                found.append((rule, truth))
        return found

    def truth(self, rule: Rule) -> Truth:
        """Return the truth of a rule's condition."""
        truths = self.truths
        if rule not in truths:
            truths[rule] = rule.condition.truth(self.question.facts)
        return truths[rule]

    def findings(self, found: list[Concern], besides: tuple[str, ...]) -> tuple[Finding, ...]:
        """Return each of them with all that it takes to say why it concerns this install."""
        shown = Shown(self.question.facts)
        return tuple([Finding(rule, outcome, truth, shown, besides) for _, _, rule, outcome, truth in found])

    def unranked(self) -> tuple[str, ...]:
        """Say which of the two versions has no declared place."""
        index, question = self.index, self.question
        asked = [each for each in (question.from_version, question.to_version) if each and index.place(each) is None]
        return tuple([f"{each} is not among the declared releases, so its place is unknown" for each in asked])

    def considered(self, to_version: str | None) -> tuple[Considered, ...]:
        """Say of each defect why it does or does not count."""
        return tuple(
            Considered(name, *self.reason(rule, to_version)) for name, rule in sorted(self.index.rules.items())
        )

    def reason(self, rule: Rule, to_version: str | None) -> tuple[bool, str]:
        """Return whether the defect counts, and the first reason that settles it."""
        if to_version is None:
            return False, "there is no release to upgrade to"
        start, target = self.question.from_version, self.index.place(to_version)
        truth = self.truth(rule)
        because, missing = explain(rule.condition, Shown(self.question.facts), truth)
        here = self.start or ""
        known = self.start is not None
        outside = f"{start} is not among the versions from which an upgrade does harm"
        checks = (
            (target is not None and not rule.affected.holds(target), f"{to_version} is not affected"),
            (known and rule.affected.holds(here), f"{start} is affected already, so this upgrade does no new harm"),
            (known and not rule.enters_from(here), outside),
            (truth is False, "; ".join(("the condition does not match", *because))),
            (rule.defect.id in self.question.accept, "its risk is accepted"),
        )
        for settled, why in checks:
            if settled:
                return False, why
        exposure = "at risk" if truth and self.start and target else "cannot tell"
        return True, "; ".join((exposure, *because, *self.unranked(), *(f"{name} is not known" for name in missing)))
