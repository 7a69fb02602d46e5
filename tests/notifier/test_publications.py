"""Our own order of changes: verdicts of the past, and keeping up with the present."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import msgspec
import pytest

import risk
from api.verdict_view import view_of
from installs_registry.types import ProductDeclaration, ReleaseDeclaration
from notifier import publishing, releasing
from notifier.publications import Rulebook, load_index
from notifier.releasing import publish_due_releases
from notifier.verdicts import Verdicts
from storage import Database, Tx
from storage.outcomes import Invalid, Refusal
from tests.notifier.stage import AT_RISK, NOTES, Stage

QUESTION = risk.Question(from_version="4.1.0", to_version="4.2.0", facts=dict(AT_RISK))


async def _verdicts(stage: Stage) -> Verdicts:
    verdicts = Verdicts(stage.database)
    await verdicts.refresh()
    return verdicts


async def test_a_verdict_as_of_a_past_sequence_is_byte_equal(stage: Stage) -> None:
    defect = await stage.publish()
    past = (await _verdicts(stage)).index("notes")
    assert past is not None
    then = msgspec.json.encode(view_of(past.judge(QUESTION)))
    await stage.release("4.2.2")
    await stage.withdraw(defect)
    again = await (await _verdicts(stage)).as_of("notes", past.sequence)
    assert again is not None
    assert msgspec.json.encode(view_of(again.judge(QUESTION))) == then
    present = (await _verdicts(stage)).index("notes")
    assert present is not None
    assert present.judge(QUESTION).decision is risk.Decision.PROCEED


async def test_before_its_first_publication_a_product_had_no_rules(stage: Stage) -> None:
    assert await (await _verdicts(stage)).as_of("notes", 0) is None


async def test_drafts_do_not_count_and_resolved_defects_do(stage: Stage) -> None:
    defect = await stage.file()
    assert _rules(await _verdicts(stage)) == set()
    await stage.act(publishing.publish, defect)
    await stage.resolve(defect)
    assert _rules(await _verdicts(stage)) == {defect}


def _rules(verdicts: Verdicts) -> set[str]:
    index = verdicts.index("notes")
    assert index is not None
    return set(index.rules)


async def test_a_release_of_a_later_day_is_no_safe_target_until_then(stage: Stage) -> None:
    await stage.publish()
    await stage.release("4.2.2", offered_at=stage.now + timedelta(days=1))
    assert await _target(stage) is None
    stage.later(days=2)
    assert await stage.database.call(publish_due_releases, stage.now)
    assert not await stage.database.call(publish_due_releases, stage.now)
    assert await _target(stage) == "4.2.2"


async def test_a_release_whose_day_has_come_is_published_once_by_however_many_processes(stage: Stage) -> None:
    await stage.release("4.2.2", offered_at=stage.now + timedelta(days=1))
    stage.later(days=2)
    await asyncio.gather(*(stage.database.call(publish_due_releases, stage.now) for _ in range(8)))
    assert await stage.database.read(_publications_of, "4.2.2") == 2


def _publications_of(tx: Tx, subject: str) -> int:
    rows = tx.built("SELECT count(*) AS published FROM publications WHERE subject = :subject", {"subject": subject})
    return int(rows[0]["published"])


async def _target(stage: Stage) -> str | None:
    index = (await _verdicts(stage)).index("notes")
    assert index is not None
    target = index.judge(QUESTION).safe_target
    return None if target is None else target.version


async def test_a_fact_that_is_retired_is_unknown_from_then_on(stage: Stage) -> None:
    await stage.holds("ann", "ann-1", notebooks=0, storage_format="v2")
    await stage.publish()
    assert await stage.kinds() == []
    await stage.set_up(facts={"storage_format": {"type": "string"}})
    await stage.sweep()
    assert await stage.kinds() == [("warning", "pending")]


async def test_what_is_kept_is_never_older_than_the_transaction(stage: Stage) -> None:
    rulebook = Rulebook()
    before = await stage.database.read(_of_notes, rulebook)
    defect = await stage.publish()
    after = await stage.database.read(_of_notes, rulebook)
    assert (defect in before.rules, defect in after.rules) == (False, True)
    assert await stage.database.read(_of_notes, rulebook) is after


def _of_notes(tx: Tx, rulebook: Rulebook) -> risk.ProductIndex:
    return rulebook.index(tx, 1)


async def test_a_rule_that_has_not_changed_is_not_compiled_again(stage: Stage) -> None:
    first = await stage.publish()
    verdicts = await _verdicts(stage)
    before = verdicts.index("notes")
    second = await stage.publish(id="NOTES-4412")
    await verdicts.refresh()
    after = verdicts.index("notes")
    assert before is not None
    assert after is not None
    assert after.rules[first] is before.rules[first]
    assert _rules(verdicts) == {first, second}
    past = await verdicts.as_of("notes", before.sequence)
    assert past is not None
    assert past.rules[first] is before.rules[first]
    assert set(past.rules) == {first}


async def test_an_act_that_is_refused_publishes_nothing(stage: Stage) -> None:
    defect = await stage.publish()
    before = await stage.database.read(load_index, 1)
    with pytest.raises(Refusal):
        await stage.database.call(publishing.publish, defect, stage.by("ada"))
    after = await stage.database.read(load_index, 1)
    assert before is not None
    assert after is not None
    assert before.sequence == after.sequence


async def test_an_order_that_would_turn_a_published_range_around_is_refused(database: Database) -> None:
    stage = Stage(database)
    await database.call(releasing.declare_product, "notes", _listed(), stage.now)
    for version, after in (("R1", None), ("R2", "R1"), ("R3", "R2")):
        await database.call(releasing.put_release, "notes", version, _after(after), stage.now)
    await stage.publish(affected=[{"introduced": "R2", "fixed": "R3"}], remedies=[])
    with pytest.raises(Invalid) as refused:
        await database.call(releasing.put_release, "notes", "R3", _after("R1"), stage.now)
    assert [fault.at for fault in refused.value.faults] == ["/after"]


def _listed() -> ProductDeclaration:
    return msgspec.convert({**NOTES, "version_scheme": "list"}, ProductDeclaration)


def _after(version: str | None) -> ReleaseDeclaration:
    return msgspec.convert({"offered_at": "2025-01-01T00:00:00Z", "after": version}, ReleaseDeclaration)
