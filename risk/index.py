"""All published and resolved defects of one product, compiled, and the judgement over them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from .decisions import Decision, Exposure
from .defects import Defect, Product, Shelf
from .evaluate import Condition, Shared, explain
from .operators import Truth
from .paths import Search
from .ranges import BOTTOM
from .rules import Concern, Rule
from .segments import Segments
from .verdicts import Considered, Question, SafeTarget, Verdict
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
        return _Hearing(self, question, self.place(question.from_version), Shown(question.facts), {}, {}).verdict()

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


@dataclass(slots=True, eq=False)
class _Hearing:
    """One question being judged; a condition is evaluated once at most."""

    index: ProductIndex
    question: Question
    #: sort key of the version upgraded from, None where its place is unknown
    start: str | None
    shown: Shown
    truths: dict[Condition, Truth]
    #: by sort key, what `concerned` returned
    near: dict[str, tuple[list[Concern], list[Rule]]]

    def verdict(self) -> Verdict:
        index, question, start = self.index, self.question, self.start
        safe = None if start is None else self.safe_target(start)
        to_version = self.advised(safe) if question.to_version is None else question.to_version
        target = None if to_version is None else index.place(to_version)
        concerns, accepted = ((), ()) if to_version is None else self.found(target)
        decision = concerns[0].outcome.decision if concerns else _NOTHING_FOUND
        besides = self.unranked() if concerns and (start is None or target is None) else ()
        considered = self.considered(to_version) if question.explain else None
        names = index.product.id, question.from_version, to_version
        return Verdict(decision, *names, concerns, self.shown, besides, safe, index.sequence, accepted, considered)

    def safe_target(self, start: str) -> SafeTarget | None:
        """Return the safe target; that the highest release on offer is one step away is the usual case."""
        shelf = self.index.shelf
        if not shelf.offered or start >= shelf.offered[-1]:
            return None
        if not self.concerned(shelf.offered[-1])[1]:
            return SafeTarget(shelf.versions[-1], shelf.versions[-1:])
        return Search(shelf, start, self.concerned, self.holding).safe_target()

    def advised(self, safe: SafeTarget | None) -> str | None:
        """Return the version to judge where none was asked for.

        The first step to the safe target; where every way is held, the highest release on offer above, so
        that the verdict says what holds it; None where there is nothing above to take.
        """
        if safe is not None:
            return safe.path[0]
        shelf = self.index.shelf
        return shelf.versions[-1] if shelf.offered and (self.start or BOTTOM) < shelf.offered[-1] else None

    def found(self, target: str | None) -> tuple[tuple[Concern, ...], tuple[str, ...]]:
        """Return what is to be told, gravest first, and the accepted defects that would have been among it."""
        found = sorted(self.perhaps_concerned() if target is None else self.concerned(target)[0])
        accept = self.question.accept
        if not accept:
            return tuple(found), ()
        taken = {each.name for each in found if each.outcome.exposure is not Exposure.ALREADY_UPGRADED} & accept
        return tuple([each for each in found if each.name not in taken]), tuple(sorted(taken))

    def concerned(self, place: str) -> tuple[list[Concern], list[Rule]]:
        """Return how an upgrade to this sort key is concerned, and the rules that hold it."""
        if place in self.near:
            return self.near[place]
        found, held = self.near[place] = [], []
        start, (_, _, facts, accept, _), truths = self.start, self.question, self.truths
        for rule in self.index.segments.at(place, facts):
            condition = rule.condition
            if condition in truths:
                truth = truths[condition]
            else:
                truth = truths[condition] = condition.truth(facts)
            if truth is not False and (concern := rule.concern(start, truth)) is not None:
                found.append(concern)
                if concern.outcome.holds and concern.name not in accept:
                    held.append(rule)
        return found, held

    def perhaps_concerned(self) -> list[Concern]:
        """Return how an upgrade to a version whose place is unknown may be concerned."""
        start = self.start
        rules = [rule for rule in self.index.rules.values() if start is None or rule.harms(start)]
        return [rule.made(rule.harm[None], truth) for rule in rules if (truth := self.truth(rule)) is not False]

    def holding(self, place: str) -> list[Rule]:
        """Return the rules that make a hold of an upgrade to this sort key which does their harm."""
        accept, rules = self.question.accept, self.index.segments.at(place, self.question.facts)
        live = [(rule, truth) for rule in rules if (truth := self.truth(rule)) is not False]
        return [rule for rule, truth in live if rule.harm[truth].holds and rule.defect.id not in accept]

    def truth(self, rule: Rule) -> Truth:
        """Return the truth of a rule's condition."""
        if rule.condition not in self.truths:
            self.truths[rule.condition] = rule.condition.truth(self.question.facts)
        return self.truths[rule.condition]

    def unranked(self) -> tuple[str, ...]:
        """Say which of the two versions has no declared place."""
        index, question = self.index, self.question
        asked = [each for each in (question.from_version, question.to_version) if each and index.place(each) is None]
        return tuple([f"{each} is not among the declared releases, so its place is unknown" for each in asked])

    def considered(self, to_version: str | None) -> tuple[Considered, ...]:
        """Say of each defect why it does or does not count."""
        rules = sorted(self.index.rules.items())
        return tuple(Considered(name, *self.reason(rule, to_version)) for name, rule in rules)

    def reason(self, rule: Rule, to_version: str | None) -> tuple[bool, str]:
        """Return whether the defect counts, and the first reason that settles it."""
        if to_version is None:
            return False, "there is no release to upgrade to"
        start, target = self.question.from_version, self.index.place(to_version)
        truth = self.truth(rule)
        because, missing = explain(rule.condition, self.shown, truth)
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
