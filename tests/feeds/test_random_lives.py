"""Whatever people do, in whatever order: one can warn, clearing takes two, nobody stops a warning of lost data.

A state machine of hypothesis acts upon the store itself, with random people on several defects while time passes, the
rules change and rights are taken away, and compares it with a small model after every step. Each run is undone.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from feeds import audit, escalating, holds, rules, store
from feeds.checking import check
from feeds.deciding import Decided, Decider
from feeds.defects import Defect
from feeds.life import TRANSITIONS, Act, State
from feeds.narrowing import narrows
from feeds.people import spelling
from feeds.signatures import lapse, spend
from storage import Database, Tx, instant
from storage.outcomes import Conflict, Invalid, Refusal
from tests.feeds.builders import NOTES, NOW, a_hold, a_report, a_scene

SCHEME = NOTES.vocabulary.scheme
PEOPLE = st.sampled_from(["Ann", "ann ", "Bob", "Cleo"])
REPORTS = st.fixed_dictionaries(
    {},
    optional={
        "affected": st.sampled_from([[{"introduced": "4.1.0"}], [{"introduced": "4.2.1"}]]),
        "severity": st.sampled_from(["outage", "degraded"]),
        "condition": st.sampled_from([None, "notebooks > 5"]),
        "title": st.just("Said better"),
    },
)
HOURS = st.integers(1, 30)
CLEARED = {State.RESOLVED, State.WITHDRAWN}


@dataclass
class Life:
    """What the model knows of one defect: whose words wait for what, and when it was paused."""

    id: str
    #: By act and its terms: the people who have said so since the defect last changed.
    words: dict[tuple[Act, str], set[str]] = field(default_factory=dict)
    #: Where the sending stood still: moments that have passed, in hours.
    paused_hours: int = 0


class Lives(RuleBasedStateMachine):
    """Acts upon the store, each in a savepoint, as each request is a transaction."""

    tx: Tx

    @initialize()
    def begin(self) -> None:
        self.undo = self.tx.savepoint()
        self.undo.__enter__()
        self.now = NOW
        self.people = 2
        self.lives: list[Life] = []
        self.asked: set[str] = set()
        self.rows = 0
        self.file({})

    def teardown(self) -> None:
        with suppress(_UndoneError):
            self.undo.__exit__(_UndoneError, _UndoneError(), None)

    @rule(changes=REPORTS)
    def file(self, changes: dict[str, Any]) -> None:
        if len(self.lives) < 3:
            filed = store.file(self.tx, NOTES.no, check(a_report(**changes), NOTES), "Quinn", self.now)
            self.lives.append(Life(filed.id))

    @rule(data=st.data(), changes=REPORTS)
    def revise(self, data: st.DataObject, changes: dict[str, Any]) -> None:
        life, before = self._one(data)
        checked = check(a_report(**changes), NOTES)
        after = self._try(lambda: store.propose(self.tx, before, checked, "Quinn", self.now), before, Act.REVISE)
        if after is not None and after.latest != before.latest:
            life.words.clear()

    @rule(data=st.data(), person=PEOPLE)
    def publish(self, data: st.DataObject, person: str) -> None:
        life, before = self._one(data)
        live, proposed = before.live_revision, before.proposed_revision
        narrowing = live is not None and proposed is not None and narrows(live, proposed, SCHEME)
        decided = self._decide(lambda by: by.publish(self.tx, before), before, Act.PUBLISH, person)
        if decided is not None:
            self._spoken(life, decided, (Act.PUBLISH, ""), person, self.people if narrowing else 1)

    @rule(data=st.data(), person=PEOPLE, fixed_in=st.sampled_from(["4.2.2", "4.2.3"]))
    def resolve(self, data: st.DataObject, person: str, fixed_in: str) -> None:
        life, before = self._one(data)
        decided = self._decide(lambda by: by.resolve(self.tx, before, fixed_in), before, Act.RESOLVE, person)
        if decided is not None:
            self._spoken(life, decided, (Act.RESOLVE, fixed_in), person, self.people)

    @rule(data=st.data(), person=PEOPLE, reason=st.sampled_from(["We were wrong.", "Another thing."]))
    def withdraw(self, data: st.DataObject, person: str, reason: str) -> None:
        life, before = self._one(data)
        decided = self._decide(lambda by: by.withdraw(self.tx, before, reason), before, Act.WITHDRAW, person)
        if decided is not None:
            self._spoken(life, decided, (Act.WITHDRAW, reason), person, self.people)

    @rule(data=st.data(), person=PEOPLE)
    def reopen(self, data: st.DataObject, person: str) -> None:
        life, before = self._one(data)
        after = self._try(lambda: store.reopen(self.tx, before, "Not so.", person, self.now), before, Act.REOPEN)
        if after is not None:
            assert after.state is State.PUBLISHED
            life.words.clear()

    @rule(data=st.data(), person=PEOPLE)
    def discard(self, data: st.DataObject, person: str) -> None:
        _, before = self._one(data)
        after = self._try(lambda: store.discard(self.tx, before, person, self.now), before, Act.DISCARD)
        if after is not None:
            assert after.live == before.live

    @rule(data=st.data(), person=PEOPLE, hours=HOURS)
    def object(self, data: st.DataObject, person: str, hours: int) -> None:
        _, before = self._one(data)
        hold = a_hold(until=self.now + timedelta(hours=hours))
        self._try(lambda: holds.object_to(self.tx, before, hold, person, self.now), before, Act.OBJECT)
        assert self._again(before) == before

    @rule(data=st.data(), person=PEOPLE, hours=HOURS)
    def pause(self, data: st.DataObject, person: str, hours: int) -> None:
        _, before = self._one(data)
        hold = a_hold(until=self.now + timedelta(hours=hours))
        self._try(lambda: holds.pause(self.tx, before, hold, person, self.now), before, Act.PAUSE)
        assert self._again(before) == before

    @rule(data=st.data(), person=PEOPLE)
    def resume(self, data: st.DataObject, person: str) -> None:
        life, before = self._one(data)
        ends = str(sorted(each.no for each in holds.active(self.tx, before.no, self.now).pauses))
        decided = self._decide(lambda by: by.resume(self.tx, before), before, Act.RESUME, person)
        if decided is not None:
            paused = holds.active(self.tx, before.no, self.now).pause is not None
            assert paused is (decided.pending is not None)
            self._spoken(life, decided, (Act.RESUME, ends), person, self.people)

    @rule(person=PEOPLE, people=st.sampled_from([1, 2]))
    def change_the_rule(self, person: str, people: int) -> None:
        rules.sign_off(self.tx, people, person, self.now)
        if people != self.people:
            self.asked.add(spelling(person))
            if len(self.asked) >= self.people:
                self.people = people
                self.asked.clear()
        else:
            self.asked.discard(spelling(person))

    @rule(person=PEOPLE)
    def take_a_right_away(self, person: str) -> None:
        lapse(self.tx, person, self.now)
        self.asked.discard(spelling(person))
        for life in self.lives:
            for people in life.words.values():
                people.discard(spelling(person))

    @rule(hours=st.integers(1, 12))
    def time_passes(self, hours: int) -> None:
        for _ in range(hours):
            for life in self.lives:
                defect = store.find(self.tx, life.id)
                life.paused_hours += holds.active(self.tx, defect.no, self.now).pause is not None
            self.now += timedelta(hours=1)

    @rule()
    def nobody_decides(self) -> None:
        for draft in escalating.undecided(self.tx, self.now):
            assert draft.state is State.DRAFT
            assert draft.filed_at <= instant(self.now - timedelta(hours=24))
            assert escalating.escalate(self.tx, draft, self.now)
            assert not escalating.escalate(self.tx, draft, self.now)

    @precondition(lambda self: self.lives)
    @rule(data=st.data(), act=st.sampled_from([Act.WITHDRAW, Act.RESOLVE]))
    def whoever_goes_round_the_handlers_fails(self, data: st.DataObject, act: Act) -> None:
        _, before = self._one(data)
        terms = {"reason": "Nobody signed this."} if act is Act.WITHDRAW else {"fixed_in": "9.9.9"}
        with pytest.raises(Conflict):
            spend(self.tx, before, act, terms, self.now, scheme=SCHEME)

    @invariant()
    def the_audit_is_whole_and_only_grows(self) -> None:
        if hasattr(self, "rows"):
            assert audit.verify(self.tx) is None
            end = audit.head(self.tx)
            assert end is not None
            assert end.no >= self.rows
            self.rows = end.no

    @invariant()
    def the_rule_is_the_models(self) -> None:
        if hasattr(self, "people"):
            assert rules.current(self.tx).signatures_needed == self.people

    @invariant()
    def a_warning_of_lost_data_stands_still_for_a_day_in_all_at_most(self) -> None:
        for life in getattr(self, "lives", ()):
            defect = store.find(self.tx, life.id)
            reports = [each.report.severity for each in store.revisions(self.tx, defect)]
            if all(severity in holds.GRAVE for severity in reports):
                assert life.paused_hours <= rules.current(self.tx).longest_pause_hours

    def _one(self, data: st.DataObject) -> tuple[Life, Defect]:
        life = data.draw(st.sampled_from(self.lives))
        return life, store.find(self.tx, life.id)

    def _again(self, defect: Defect) -> Defect:
        return store.find(self.tx, defect.id)

    def _try(self, act: Any, before: Defect, which: Act) -> Any:
        """Return what the act returns; None where it was refused, which changes nothing."""
        try:
            with self.tx.savepoint():
                done = act()
        except Invalid:
            assert which in {Act.PAUSE, Act.OBJECT, Act.RESOLVE}
        except Refusal:
            assert (before.state, which) not in TRANSITIONS or self._is_pointless(before, which)
        else:
            assert (before.state, which) in TRANSITIONS
            after = self._again(before)
            assert after.state in {before.state, TRANSITIONS[before.state, which]}
            return done
        assert self._again(before) == before
        return None

    def _is_pointless(self, before: Defect, which: Act) -> bool:
        if which in {Act.PUBLISH, Act.DISCARD}:
            return before.proposed is None
        if which is Act.RESOLVE:
            return before.proposed is not None
        return which is Act.RESUME and holds.active(self.tx, before.no, self.now).pause is None

    def _decide(self, act: Any, before: Defect, which: Act, person: str) -> Decided | None:
        decided: Decided | None = self._try(lambda: act(Decider(person, self.now, NOTES)), before, which)
        return decided

    def _spoken(self, life: Life, decided: Decided, what: tuple[Act, str], person: str, needed: int) -> None:
        """Compare what became of a word with the model: done where enough different people have said the same."""
        people = life.words.setdefault(what, set())
        people.add(spelling(person))
        assert (decided.pending is None) is (len(people) >= needed)
        if decided.pending is not None:
            assert {spelling(each) for each in decided.pending.signed_by} == people
            assert decided.pending.needs == needed - len(people)
            return
        row = audit.of(self.tx, life.id)[-1]
        signed_by = row.detail["signed_by"]
        assert isinstance(signed_by, list)
        assert {spelling(each) for each in signed_by} == people
        if what[0] is Act.RESUME:
            life.words = {key: said for key, said in life.words.items() if key[0] is not Act.RESUME}
        else:
            life.words.clear()


class _UndoneError(Exception):
    """Ends a run: what it has done is rolled back."""


async def lives(database: Database, examples: int, steps: int, *, quick: bool = False) -> None:
    def story(tx: Tx) -> None:
        a_scene(tx)
        machine = type("LivesOnOneDatabase", (Lives,), {"tx": tx})
        bounds = settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            verbosity=Verbosity.quiet,
            phases=[Phase.generate] if quick else list(Phase),
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        )
        run_state_machine_as_test(machine, settings=bounds)

    await database.call(story)


async def test_whatever_people_do_the_rules_hold_at_the_store(database: Database) -> None:
    await lives(database, examples=10, steps=30)


@pytest.mark.torture
async def test_whatever_many_people_do_for_long_the_rules_hold_at_the_store(database: Database) -> None:
    await lives(database, examples=200, steps=80)


async def test_the_machine_finds_a_store_that_lets_one_person_clear(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feeds.signatures.CLEARING", frozenset())
    with pytest.raises(AssertionError):
        await lives(database, examples=40, steps=40, quick=True)
