"""What publishing would do, counted before: it is what then happens, whatever has been told before."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import msgspec
import pytest

from feeds.types import DefectReport, DefectView, Effect, Hold, Told
from notifier import publishing
from notifier.verdicts import CheckMade, record_checks
from tests.notifier.stage import AT_RISK, ERASES_V2, SAFE, Stage

NOBODY = Told(0, 0)
NARROW: dict[str, Any] = {"condition": "notebooks > 100"}
WIDE: dict[str, Any] = {"condition": "notebooks >= 0"}


async def proposed(stage: Stage, defect: str, **changes: Any) -> DefectView:
    """Propose a revision and return the defect as it is then shown."""
    report = msgspec.convert({**ERASES_V2, **changes}, DefectReport)
    await stage.database.call(publishing.revise, defect, report, stage.by("quinn"))
    return await stage.database.read(publishing.view, defect, stage.now)


async def effect(stage: Stage, defect: str, **changes: Any) -> Effect:
    shown = await proposed(stage, defect, **changes)
    assert shown.effect is not None
    return shown.effect


async def asked(stage: Stage, install: str, to: str, decision: str) -> None:
    check = CheckMade(install, "4.1.0", to, decision, 1, stage.now)
    await stage.database.call(record_checks, [check])


async def test_a_draft_counts_whom_it_would_warn_and_whom_it_would_help_to_recover(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    await stage.check_in("ann-2", customer="ann", footprint=AT_RISK)
    await stage.holds("bob", "bob-1", "4.2.0", **AT_RISK)
    await stage.holds("cleo", "cleo-1", **SAFE)
    view = await stage.database.read(publishing.view, await stage.file(), stage.now)
    assert view.effect == Effect(
        newly_at_risk=Told(1, 2),
        told_to_proceed=NOBODY,
        newly_upgraded=Told(1, 1),
        told_otherwise=NOBODY,
        no_longer=NOBODY,
        unchanged=NOBODY,
    )
    assert view.changes == ()


async def test_those_who_had_asked_and_were_told_to_proceed_are_counted_among_the_newly_at_risk(stage: Stage) -> None:
    for name in ("ann", "bob", "cleo", "dan"):
        await stage.holds(name, f"{name}-1", **SAFE)
    defect = await stage.publish()
    await asked(stage, "ann-1", "4.2.0", "proceed")
    await asked(stage, "bob-1", "4.2.0", "hold")
    await asked(stage, "cleo-1", "4.1.0", "proceed")
    counted = await effect(stage, defect, **WIDE)
    assert (counted.newly_at_risk, counted.told_to_proceed) == (Told(4, 4), Told(1, 1))


async def test_those_told_before_are_counted_by_what_changes_for_them(stage: Stage) -> None:
    await stage.holds("ann", "ann-1", notebooks=500, storage_format="v2")
    await stage.holds("bob", "bob-1")
    defect = await stage.publish()
    await stage.deliver()
    counted = await effect(stage, defect, remedies=[{"kind": "wait"}], **NARROW)
    assert (counted.told_otherwise, counted.no_longer) == (Told(1, 1), Told(1, 1))
    assert (counted.newly_at_risk, counted.unchanged) == (NOBODY, NOBODY)


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "Said better"},
        {"summary": "Said at greater length."},
        {"remedies": [*ERASES_V2["remedies"], {"kind": "credit", "text": "A month."}]},
        {"remedies": [{**each, "text": "Kindly."} for each in ERASES_V2["remedies"][:2]] + [{"kind": "repair"}]},
        {"affected": [{"introduced": "4.2.0", "fixed": "4.2.1"}, {"introduced": "4.2.1", "fixed": "4.2.2"}]},
    ],
)
async def test_words_and_unrelated_remedies_are_told_to_nobody_again(stage: Stage, changes: dict[str, Any]) -> None:
    await stage.holds("ann", "ann-1")
    defect = await stage.publish()
    await stage.deliver()
    counted = await effect(stage, defect, **changes)
    assert (counted.unchanged, counted.told_otherwise) == (Told(1, 1), NOBODY)
    await stage.revise(defect, **changes)
    assert await stage.kinds() == [("warning", "sent")]


async def test_what_changes_is_said_in_sentences_and_nothing_is_left_to_say_once_it_is_live(stage: Stage) -> None:
    defect = await stage.publish()
    shown = await proposed(stage, defect, affected=[{"introduced": "4.1.0", "fixed": "4.2.2"}], severity="outage")
    assert shown.changes == ("affected range widened: 4.2.0 → 4.1.0", "severity lowered: data-loss → outage")
    for person in ("ada", "omar"):
        await stage.act(publishing.publish, defect, person=person)
    live = await stage.database.read(publishing.view, defect, stage.now)
    assert (live.changes, live.effect) == ((), None)


async def test_who_objects_sees_how_many_have_upgraded_meanwhile(stage: Stage) -> None:
    for name in ("ann", "bob", "cleo"):
        await stage.holds(name, f"{name}-1")
    await stage.check_in("bob-1", "4.2.0")
    defect = await stage.file()
    stage.later(hours=1)
    until = stage.now.replace(year=2027)
    await stage.act(publishing.object_to, defect, Hold("Bad for the quarter.", until), person="sales")
    await stage.check_in("cleo-1", "4.2.0")
    await stage.check_in("dora-1", "4.2.0", footprint=AT_RISK)
    [objection] = (await stage.database.read(publishing.view, defect, stage.now)).objections
    assert (objection.person, objection.upgraded_meanwhile) == ("sales", 1)


REPORTS: list[dict[str, Any]] = [
    {},
    NARROW,
    WIDE,
    {"affected": [{"introduced": "4.2.1", "fixed": "4.2.2"}]},
    {"affected": [{"introduced": "4.1.0", "fixed": "4.2.2"}]},
    {"remedies": [{"kind": "wait"}]},
    {"remedies": [{"kind": "workaround", "text": "Export first."}, {"kind": "repair"}]},
    {"severity": "cosmetic"},
    {"severity": "outage", **NARROW},
    {"title": "Said better"},
]


async def one_round(stage: Stage, defect: str, chance: Random) -> None:
    """Let something happen, then compare what a revision is said to do with the notices that it then owes."""
    for customer in range(6):
        if chance.random() < 0.4:
            version = chance.choice(["4.1.0", "4.1.0", "4.2.0", "4.2.1"])
            facts = {"notebooks": chance.choice([0, 12, 500]), "storage_format": chance.choice(["v2", "v2", "v3"])}
            install = f"c{customer}-{chance.randrange(2)}"
            await stage.check_in(install, version, customer=f"c{customer}", footprint=facts)
    for notice in await stage.notices():
        if notice.state == "pending" and chance.random() < 0.6:
            await stage.deliver(customer=f"c{chance.randrange(6)}")
    before = Counter(kind for kind, _ in await stage.kinds())
    shown = await proposed(stage, defect, **chance.choice(REPORTS))
    if shown.proposed is None:
        return
    counted = shown.effect
    assert counted is not None
    if (await stage.act(publishing.publish, defect)).status == 202:
        await stage.act(publishing.publish, defect, person="omar")
    after = Counter(kind for kind, _ in await stage.kinds())
    assert after - before == +Counter(
        warning=counted.newly_at_risk.recipients,
        recovery=counted.newly_upgraded.recipients,
        correction=counted.told_otherwise.recipients,
        all_clear=counted.no_longer.recipients,
    )


@pytest.mark.parametrize("seed", range(4))
async def test_the_counts_are_the_notices_owed_after_the_sweep(stage: Stage, seed: int) -> None:
    chance = Random(seed)
    for customer in range(6):
        await stage.customer(f"c{customer}")
    defect = await stage.publish()
    for _ in range(12):
        await one_round(stage, defect, chance)
        stage.later(minutes=1)
