"""A new sequence brings a new index, in which what has not changed is not compiled again."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from risk import ProductIndex, Question, Standing

from .builders import a_defect, a_product, an_index, told
from .drawn import drawn_defect, drawn_facts
from .naive import VERSIONS

PRODUCT = a_product("4.1 4.2 4.3")


def test_only_the_defect_that_changed_is_compiled() -> None:
    one, other = a_defect(name="N-1"), a_defect("4.3..", "notebooks > 0", name="N-2")
    before = an_index(one, other, product=PRODUCT)
    revised = replace(other, revision=2, condition=None)
    after = ProductIndex.compile(a_product("4.1 4.2 4.3"), [a_defect(name="N-1"), revised], 1043, before)
    assert after.rules["N-1"] is before.rules["N-1"]
    assert after.rules["N-2"].defect is revised
    assert (before.sequence, after.sequence) == (1042, 1043)
    assert before.rules["N-2"].defect is other


def test_a_defect_that_is_gone_is_gone() -> None:
    before = an_index(a_defect(name="N-1"), a_defect(name="N-2"), product=PRODUCT)
    assert set(ProductIndex.compile(PRODUCT, [a_defect(name="N-2")], 2, before).rules) == {"N-2"}


def test_other_declarations_compile_every_rule() -> None:
    defect = a_defect(condition="notebooks > 0")
    before = an_index(defect, product=PRODUCT)
    retired = {name: fact for name, fact in PRODUCT.facts.items() if name != "notebooks"}
    after = ProductIndex.compile(replace(PRODUCT, facts=retired), [defect], 2, before)
    assert before.rules["N-1"].condition.truth({"notebooks": 1}) is True
    assert after.rules["N-1"].condition.truth({"notebooks": 1}) is None


def test_another_order_of_releases_compiles_every_rule() -> None:
    defect = a_defect("R2..R3")
    before = an_index(defect, product=a_product("R1 R2 R3", "list"))
    after = ProductIndex.compile(a_product("R2 R1 R3", "list"), [defect], 2, before)
    assert (before.rules["N-1"].standing("R1"), after.rules["N-1"].standing("R1")) == (
        Standing.EXPOSED,
        Standing.AFFECTED,
    )


def test_a_release_withdrawn_changes_the_rules_that_it_matters_to_and_no_other() -> None:
    defects = [a_defect("4.2..4.3", name="N-1"), a_defect("4.3..", name="N-2")]
    before = an_index(*defects, product=PRODUCT)
    after = ProductIndex.compile(a_product("4.1 -4.2 4.3"), defects, 2, before)
    assert (before.rules["N-1"].standing("4.1"), after.rules["N-1"].standing("4.1")) == (
        Standing.EXPOSED,
        Standing.CLEAR,
    )
    assert after.rules["N-1"].condition is before.rules["N-1"].condition
    assert after.rules["N-2"] is before.rules["N-2"]


@settings(max_examples=60)
@given(st.randoms(use_true_random=False))
def test_an_index_says_the_same_whatever_it_was_rebuilt_from(random: Random) -> None:
    def drawn() -> tuple[str, dict[str, int]]:
        releases = " ".join(random.choice(["", "", "-", "?"]) + version for version in VERSIONS)
        return releases, {f"N-{number}": random.randint(0, 3) for number in range(6) if random.random() < 0.8}

    revisions = [[drawn_defect(random, number) for _ in range(4)] for number in range(6)]
    index = an_index(product=a_product(""))
    for sequence in range(4):
        releases, chosen = drawn()
        defects = [revisions[int(name[2:])][place] for name, place in chosen.items()]
        fresh = ProductIndex.compile(a_product(releases), defects, sequence)
        index = ProductIndex.compile(a_product(releases), defects, sequence, index)
        facts, start = drawn_facts(random), random.choice(VERSIONS)
        question = Question(start, random.choice([None, *VERSIONS]), facts, explain=True)
        assert told(index.judge(question)) == told(fresh.judge(question))
        assert [rule.exposure(start, facts) for rule in index.rules.values()] == [
            rule.exposure(start, facts) for rule in fresh.rules.values()
        ]
