from __future__ import annotations

import pytest

from feeds import audit, people, store
from feeds.forgetting import forget
from feeds.people import FORGOTTEN
from feeds.signatures import outstanding
from storage import Database, Tx
from storage.outcomes import NotFound
from tests.feeds.builders import NOW, a_scene


def chain(tx: Tx) -> str:
    return str(tx.built("SELECT person, detail FROM audit ORDER BY no", {}))


async def test_the_chain_holds_references_and_the_reader_gets_names(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        live = scene.published()
        for person in ("Ann", "Bob"):
            scene.by(person).withdraw(tx, live, "We were wrong.")
        assert "Ann" not in chain(tx)
        assert "Bob" not in chain(tx)
        last = audit.of(tx, live.id)[-1]
        assert (last.person, last.detail["signed_by"]) == ("Bob", ["Ann", "Bob"])
        assert audit.verify(tx) is None

    await database.call(story)


async def test_two_spellings_are_one_reference(database: Database) -> None:
    def story(tx: Tx) -> None:
        audit.lock(tx)
        assert people.reference(tx, "Ann") == people.reference(tx, " ann ") != people.reference(tx, "Bob")
        assert people.reference(tx, "Zoë") == people.reference(tx, "Zoe\u0308")

    await database.call(story)


async def test_a_person_who_is_forgotten_is_nowhere_and_the_chain_is_whole(database: Database) -> None:
    def story(tx: Tx) -> None:
        scene = a_scene(tx)
        live = scene.published()
        scene.by("Quinn").withdraw(tx, live, "We were wrong.")
        forget(tx, "quinn", "Ann", NOW)
        assert audit.verify(tx) is None
        again = store.find(tx, live.id)
        assert again.filed_by == FORGOTTEN
        assert outstanding(tx, again) == ()
        assert {entry.person for entry in audit.of(tx, live.id)} == {FORGOTTEN, "Ann"}
        for table in ("audit_people", "signatures", "revisions", "defects", "audit"):
            assert "Quinn" not in str(tx.built(f"SELECT * FROM {table}", {}))  # noqa: S608 - a name of ours

    await database.call(story)


async def test_who_has_decided_nothing_cannot_be_forgotten(database: Database) -> None:
    def story(tx: Tx) -> None:
        with pytest.raises(NotFound):
            forget(tx, "Nobody", "Ann", NOW)

    await database.call(story)


@pytest.mark.parametrize(
    ("tampering", "why"),
    [
        ("UPDATE audit_people SET person = 'Eve' WHERE person = 'Ann'", "changed after"),
        ("UPDATE audit_people SET salt = NULL WHERE person = 'Ann'", "changed after"),
        ("UPDATE audit_people SET person = NULL, salt = NULL WHERE person = 'Ann'", "taken out"),
        ("DELETE FROM audit_people WHERE person = 'Ann'", "missing"),
    ],
)
async def test_another_name_behind_a_reference_is_found_at_its_first_row(
    database: Database, tampering: str, why: str
) -> None:
    def story(tx: Tx) -> None:
        a_scene(tx).published()
        tx.run_built(tampering, {})
        broken = audit.verify(tx)
        assert broken is not None
        assert broken.no == 2
        assert why in broken.why

    await database.call(story)
