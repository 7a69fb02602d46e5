"""The sweep's SQL and the compiled rule find the same exposure for every install (rule 3 of the design)."""

from __future__ import annotations

import random
from typing import Any

import pytest

from feeds import store as defects
from installs_registry import installs, products
from notifier import publishing
from notifier.exposures import Change, Span, of_install, of_span
from notifier.publications import load_index
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
            seen |= await stage.database.read(_assert_agreement, defect)
    assert seen == {None, "at_risk", "cannot_tell", "already_upgraded", "repair_owed"}


def _assert_agreement(tx: Tx, defect_id: str) -> set[str | None]:
    product = products.find(tx, "notes")
    index = load_index(tx, product.no)
    assert index is not None
    everybody = Span(-(2**62), 2**62)
    defect_no = defects.find(tx, defect_id).no
    by_sql = {
        change.install_no: change.after for change in of_span(tx, product, defect_no, index.rules[defect_id], everybody)
    }
    seen: set[str | None] = set()
    for row in tx.built("SELECT no, id FROM installs", {}):
        state = installs.state(tx, product, row["no"])
        change = of_install(tx, index, state).get(defect_id, Change(row["no"], 0, None, None))
        assert by_sql.get(row["no"]) == change.after, (defect_id, row["id"], state)
        seen.add(change.after and change.after.value)
    return seen
