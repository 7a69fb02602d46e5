from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from feeds.life import TRANSITIONS, Act, State, diagram, page, step
from storage.outcomes import Conflict

ILLEGAL = [pair for pair in product(State, Act) if pair not in TRANSITIONS]

#: DESIGN's own sentence about the states.
CHANGES = {
    ("draft", "published"),
    ("draft", "discarded"),
    ("published", "resolved"),
    ("published", "withdrawn"),
    ("resolved", "published"),
}


def test_the_changes_of_state_are_those_of_the_design() -> None:
    changes = {(str(before), str(after)) for (before, _), after in TRANSITIONS.items() if before != after}
    assert changes == CHANGES


@pytest.mark.parametrize(("state", "act"), ILLEGAL)
def test_an_act_that_is_not_legal_is_refused_and_the_legal_ones_are_named(state: State, act: Act) -> None:
    with pytest.raises(Conflict) as refusal:
        step(state, act)
    named = refusal.value.detail.partition("it can take ")[2].rstrip(".").split(", ")
    assert named == ([str(each) for before, each in TRANSITIONS if before is state] or ["none"])


@pytest.mark.parametrize(("state", "act"), TRANSITIONS)
def test_a_legal_act_leads_on(state: State, act: Act) -> None:
    assert step(state, act) is TRANSITIONS[state, act]


def test_every_state_and_act_says_in_words_what_it_is() -> None:
    assert all(word.prose for word in (*State, *Act))


def test_the_diagram_shows_each_change_once() -> None:
    lines = [line.strip() for line in diagram().splitlines()]
    assert lines.count("draft --> published: publish") == 1
    assert {line for line in lines if line.endswith("[*]")} == {"discarded --> [*]", "withdrawn --> [*]"}


def test_the_page_in_the_docs_is_in_step_with_the_code() -> None:
    kept = Path(__file__).parents[2] / "docs" / "defect-states.md"
    assert kept.read_text("utf-8") == page()
