from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from feeds import audit, holds, store
from feeds.defects import Defect
from feeds.life import TRANSITIONS, Act, State
from storage import Database, Tx
from storage.outcomes import Conflict
from tests.feeds.builders import NOW, Scene, a_hold, a_scene

PEOPLE = ("Ann", "ann", "Bob", "Cleo")
CLEARED = {State.RESOLVED, State.WITHDRAWN}


def acts(scene: Scene, person: str, chance: Random) -> dict[Act, Callable[[Tx, Defect], object]]:
    by = scene.by(person)
    ranges = chance.choice([[{"introduced": "4.2.0"}], [{"introduced": "4.1.0"}], [{"introduced": "4.2.1"}]])
    return {
        Act.REVISE: lambda _, defect: scene.propose(defect, affected=ranges),
        Act.PUBLISH: by.publish,
        Act.DISCARD: lambda tx, defect: store.discard(tx, defect, person, NOW),
        Act.RESOLVE: lambda tx, defect: by.resolve(tx, defect, chance.choice(["4.2.2", "4.2.3"])),
        Act.WITHDRAW: lambda tx, defect: by.withdraw(tx, defect, "We were wrong."),
        Act.REOPEN: lambda tx, defect: store.reopen(tx, defect, "Not fixed.", person, NOW),
        Act.OBJECT: lambda tx, defect: holds.object_to(tx, defect, a_hold(), person, NOW),
        Act.PAUSE: lambda tx, defect: holds.pause(tx, defect, a_hold(), person, NOW),
        Act.RESUME: by.resume,
    }


def one_life(scene: Scene, chance: Random) -> set[State]:
    """Act at random upon one defect, checking after each act what must hold; return the states it has had."""
    defect, seen = scene.file(), {State.DRAFT}
    for _ in range(40):
        act = chance.choice(list(Act))
        before = scene.again(defect)
        try:
            acts(scene, chance.choice(PEOPLE), chance)[act](scene.tx, before)
        except Conflict:
            assert scene.again(defect) == before
            continue
        after = scene.again(defect)
        assert (before.state, act) in TRANSITIONS
        assert after.state in {before.state, TRANSITIONS[before.state, act]}
        if after.state in CLEARED and after.state is not before.state:
            signed_by = audit.of(scene.tx, defect.id)[-1].detail["signed_by"]
            assert isinstance(signed_by, list)
            assert len({person.casefold() for person in signed_by}) >= 2
        seen.add(after.state)
    return seen


@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_people_do_only_legal_changes_happen_and_two_people_clear(database: Database, seed: int) -> None:
    def story(tx: Tx) -> None:
        scene, chance = a_scene(tx), Random(seed)
        seen = set[State]().union(*(one_life(scene, chance) for _ in range(25)))
        assert seen == set(State)
        assert audit.verify(tx) is None

    await database.call(story)
