"""The sweep's SQL and the compiled rule find the same exposure for every install (rule 3 of the design)."""

from __future__ import annotations

import random
from typing import Any

import pytest

import risk
from feeds import store as defects
from installs_registry import footprints, installed, installs, products
from installs_registry.fleet.reading import read
from installs_registry.products import KnownProduct
from notifier import publishing
from notifier.assessing import exposures_now, known_exposures
from notifier.exposures import Span, assess_span
from notifier.fleet_audience import exposed_in
from notifier.matching import matching
from notifier.owing import sql as owing_sql
from notifier.publications import Rulebook, load_index
from storage import Tx
from tests.notifier.stage import Stage

CONDITIONS = [
    None,
    "notebooks > 0",
    "notebooks > 0 && storage_format in ['v1', 'v2']",
    "!('word' in plugins) || has(notebooks)",
    "platform.os == 'windows' && platform.os_version < version('10.0.3')",
    'install.first_version <= version("4.1")',
    "size(plugins) >= 1 && storage_format.startsWith('v')",
]
AFFECTED = [
    [{"introduced": "4.2.0", "fixed": "4.2.2"}],
    [{"introduced": "0", "fixed": "4.1.0"}, {"introduced": "4.2.1"}],
    [{"introduced": "4.1.0", "last_affected": "4.2.0"}],
    [{"versions": ["4.2.1", "4.9.9"]}],
]
VERSIONS = ["4.0.9", "4.1.0", "4.1", "4.2.0", "4.2.1", "4.2.2", "5.0"]


async def _fleet(stage: Stage, rng: random.Random, size: int) -> None:
    for number in range(size):
        facts = {
            "notebooks": rng.choice([0, 1, 12, -3, 2**53 - 1]),
            "storage_format": rng.choice(["v1", "v2", "V2", "", "ü\u2028"]),
            "plugins": rng.choice([[], ["word"], ["excel", "word"], ['"', "a,b"]]),
        }
        platform = {
            "os": rng.choice(["windows", "macos"]),
            "os_version": rng.choice(["9", "10.0.3", "10.0.03"]),
        }
        body: dict[str, Any] = {
            "footprint": {name: value for name, value in facts.items() if rng.random() < 0.7},
            "platform": {name: value for name, value in platform.items() if rng.random() < 0.7},
        }
        for version in rng.sample(VERSIONS, rng.choice([1, 1, 2, 3])):
            await stage.check_in(f"i-{number}", version, **body)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.torture) for seed in range(1, 10))])
async def test_sql_and_rule_agree_on_every_install(stage: Stage, seed: int) -> None:
    rng = random.Random(seed)
    await _fleet(stage, rng, 60)
    seen = set()
    for condition in CONDITIONS:
        for affected in AFFECTED:
            defect = await stage.file(
                id=f"D-{CONDITIONS.index(condition)}-{AFFECTED.index(affected)}",
                condition=condition,
                affected=affected,
                remedies=[{"kind": "repair"}] if rng.random() < 0.5 else [],
                **({"upgrading_from": [{"introduced": "4.1"}]} if rng.random() < 0.3 else {}),
            )
            await stage.act(publishing.publish, defect)
            seen |= await stage.database.call(_assert_agreement, defect)
    assert seen == {None, "at_risk", "cannot_tell", "already_upgraded", "repair_owed"}


def _assert_agreement(tx: Tx, defect_id: str) -> set[str | None]:
    product = products.find(tx, "notes")
    index = load_index(tx, product.no)
    assert index is not None
    defect_no = defects.find(tx, defect_id).no
    by_sql = _assessed(tx, product, defect_no, index.rules[defect_id])
    assert _hit(tx, product, defect_no, index.rules[defect_id]) == by_sql
    if tx.dialect == "sqlite" and not index.rules[defect_id].repairs:
        assert _in_columns(tx, product, index.rules[defect_id]) == by_sql
    product_held = Rulebook().held(tx, "notes")
    ids = [row["id"] for row in tx.built("SELECT id FROM installs", {})]
    present = installed.held(tx, product_held.reception.layout, ids).values()
    numbers = [install.no for install in present]
    known, histories = known_exposures(tx, numbers), installs.histories(tx, numbers)
    seen: set[str | None] = set()
    for install in present:
        found = exposures_now(product_held, install, known.get(install.no, {}), histories[install.no])
        after = dict(found).get(defect_id)
        assert by_sql.get(install.no) == (after and after.value), (defect_id, install)
        seen.add(after and after.value)
    return seen


def _assessed(tx: Tx, product: KnownProduct, defect_no: int, rule: risk.Rule) -> dict[int, str]:
    """Return the exposures as a sweep finds them, by install."""
    for statement in (owing_sql.make_assessed, owing_sql.forget_assessed):
        tx.run(statement)
    assess_span(tx, product, defect_no, rule, Span(-(2**62), 2**62), "CAST(NULL AS TEXT)")
    rows = tx.built("SELECT install_no, after FROM assessed WHERE after IS NOT NULL", {})
    tx.run(owing_sql.forget_assessed)
    return {row["install_no"]: row["after"] for row in rows}


def _hit(tx: Tx, product: KnownProduct, defect_no: int, rule: risk.Rule) -> dict[int, str]:
    """Return the exposures as an audience finds them, by install."""
    match = matching(tx, product, rule)
    rows = tx.built(match.hits, {**match.parameters, "defect_no": defect_no, "product_no": product.no})
    found = {row["install_no"]: row["exposure"] for row in rows}
    assert len(found) == len(rows), "an install was hit twice"
    return found


def _in_columns(tx: Tx, product: KnownProduct, rule: risk.Rule) -> dict[int, str]:
    """Return the exposures as an audience finds them in memory, by install."""
    fleet = read(tx, product, footprints.columns(product))
    exposed = exposed_in(tx, fleet, product, rule).by_exposure
    return {int(no): exposure.value for exposure, places in exposed.items() for no in fleet.numbers[places]}


async def test_what_is_over_and_was_not_repaired_is_not_read_at_each_check_in(stage: Stage) -> None:
    await stage.holds("ann", "ann-1")
    for number in range(3):
        await stage.withdraw(await stage.publish(id=f"OVER-{number}"))
    await stage.publish(id="STANDS")

    def known(tx: Tx) -> list[str]:
        [install] = tx.built("SELECT no FROM installs", {})
        return [defect for found in known_exposures(tx, [install["no"]]).values() for defect in found]

    assert await stage.database.read(known) == ["STANDS"]
    await stage.check_in("ann-1", "4.2.1")
    assert await stage.kinds(defect="STANDS") == [("warning", "cancelled"), ("recovery", "pending")]
