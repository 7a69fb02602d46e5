"""The ways that the databases take: footprints by version, whatever is asked; a page by its recipients; what is due."""

from __future__ import annotations

from typing import Any

import pytest

import risk
from feeds import store as defects
from feeds.defects import as_rule_input
from installs_registry import products
from notifier import call_list
from notifier.delivery import leases, waiting
from notifier.matching import Matching, matching
from notifier.publications import load_product
from storage import Statement, Tx, instant
from tests.notifier.stage import AT_RISK, Stage
from tests.statements import watched

CONDITIONS = [None, "notebooks > 0", "storage_format.endsWith('2') || size(plugins) > 3", "platform.os == 'windows'"]


def _match(tx: Tx, defect_id: str) -> Matching:
    defect = defects.find(tx, defect_id)
    product = products.find_by_number(tx, defect.product_no)
    return matching(tx, product, risk.Rule.compile(as_rule_input(defect), load_product(tx, product.no)[0]))


def _plan(tx: Tx, text: str, parameters: dict[str, Any]) -> list[str]:
    return [row["detail"] for row in tx.built(f"EXPLAIN QUERY PLAN {text}", parameters)]


def _hits_plan(tx: Tx, defect_id: str) -> list[str]:
    match = _match(tx, defect_id)
    return _plan(tx, match.hits, {**match.parameters, "product_no": 1, "defect_no": 1})


# PostgreSQL chooses by its statistics, and keeps no rows in the order of a key.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("state", ["draft", "published"])
async def test_an_audience_reads_the_versions_concerned_and_no_others(
    stage: Stage, condition: str | None, state: str
) -> None:
    await stage.holds("ann", "ann-1", **AT_RISK)
    work = {"condition": condition, "remedies": [{"kind": "wait"}]}
    defect = await (stage.publish(**work) if state == "published" else stage.file(**work))
    plan = await stage.database.read(_hits_plan, defect)
    assert plan[0] == "SEARCH f USING PRIMARY KEY (version_no=?)", plan
    assert not any(step.startswith("SCAN") for step in plan), plan


async def test_what_no_condition_names_is_not_looked_up(stage: Stage) -> None:
    defect = await stage.file(condition="notebooks > 0", remedies=[{"kind": "wait"}])
    match = await stage.database.read(_match, defect)
    assert "installs" not in match.hits
    assert "versions" not in match.hits


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_those_to_call_are_looked_up_by_themselves_and_not_among_all_who_are_exposed(stage: Stage) -> None:
    parameters = {"product_no": 1, "defect_no": 1, "recipients": "[]", "now": instant(stage.now)}
    plan = await stage.database.read(_plan, call_list.sql.exposed_of.sqlite, parameters)
    assert plan[0] == "SEARCH i USING INDEX installs_by_recipient (product_no=? AND recipient=?)", plan
    assert "SEARCH e USING INDEX sqlite_autoindex_exposures_1 (defect_no=? AND install_no=?)" in plan, plan


# SQLite has the numbers in its index too, and takes it by itself.
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_what_is_due_is_taken_in_the_order_of_its_index_and_what_follows_may_be_sorted(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.holds("ann", "ann-1", **AT_RISK)
    await stage.publish()
    names = watched(monkeypatch)

    def work(tx: Tx) -> str:
        assert len(leases.claim(tx, "one", stage.now, most=9, mail=True)) == 1
        assert tx.built_tuples("SHOW enable_sort", {}) == [("on",)]
        tx.tuples(waiting.sql.without_sorting)
        explain = Statement("explain", "", f"EXPLAIN {waiting.sql.due.postgresql}")
        queue = {"channel": "email", "defect_no": 1, "generation": 1, "priority": 1}
        return "\n".join(line for (line,) in tx.tuples(explain, now=instant(stage.now), most=9, **queue))

    plan = await stage.database.call(work)
    assert names[:4] == ["without_sorting", "heads", "due", "with_sorting"]
    assert "Index Scan using deliveries_due" in plan
    assert "Sort" not in plan
