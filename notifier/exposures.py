"""Who is exposed to a defect: for many installs by SQL, for one by the compiled rule. Both must agree (rule 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import risk
from installs_registry import footprints, releases
from installs_registry.installs import InstallState
from installs_registry.products import KnownProduct
from risk import Exposure, Standing
from storage import Statements, Tx

sql = Statements(__package__)


@dataclass(frozen=True, slots=True)
class Change:
    """What an install's exposure to one defect was, and what it is now; the two may be equal."""

    install_no: int
    recipient: int
    before: Exposure | None
    after: Exposure | None


@dataclass(frozen=True, slots=True)
class Span:
    """Recipients above `low`, up to and with `high`."""

    low: int
    high: int

    @classmethod
    def one(cls, recipient: int) -> Span:
        """Return the span that holds a single recipient."""
        return cls(recipient - 1, recipient)


@dataclass(frozen=True, slots=True)
class Matching:
    """One rule as SQL over a product's installs."""

    #: A CASE that yields the exposure's name, NULL for none.
    exposure: str
    #: Three-valued: the condition alone.
    condition: str
    #: Two-valued: the version is one for which the condition matters.
    version: str
    #: The tables, under the aliases that `footprints.columns` uses.
    tables: str
    parameters: dict[str, object]


def matching(tx: Tx, product: KnownProduct, rule: risk.Rule | None) -> Matching:
    """Compile a rule to SQL; without a rule (a withdrawn defect) nobody is exposed."""
    tables = f"installs i JOIN versions v1 ON v1.no = i.first_version_no {footprints.joins(product)}"
    if rule is None:
        return Matching("CAST(NULL AS TEXT)", "FALSE", "1 = 0", tables, {})
    tree = None if rule.defect.condition is None else risk.tree_from_json(rule.defect.condition)
    condition = risk.condition_sql(tree, product.vocabulary, footprints.columns(product), tx.dialect)
    by_standing = _version_numbers(tx, product, rule)
    return Matching(
        exposure=_exposure_case(rule, by_standing, condition.text),
        condition=condition.text,
        version=_any_of(by_standing, Standing.EXPOSED, Standing.AFFECTED, Standing.UNRANKED),
        tables=tables,
        parameters=dict(condition.parameters),
    )


def _version_numbers(tx: Tx, product: KnownProduct, rule: risk.Rule) -> dict[Standing, list[int]]:
    found: dict[Standing, list[int]] = {standing: [] for standing in Standing}
    for row in releases.version_rows(tx, product.no):
        found[rule.standing(row.text)].append(row.no)
    return found


def _any_of(by_standing: dict[Standing, list[int]], *standings: Standing) -> str:
    return _one_of([no for standing in standings for no in by_standing[standing]])


def _one_of(numbers: Sequence[int], column: str = "i.version_no") -> str:
    # Our own row numbers, never a user's text: thousands of them would pass the limit on parameters.
    return f"{column} IN ({', '.join(str(int(no)) for no in numbers)})" if numbers else "1 = 0"


def _exposure_case(rule: risk.Rule, by_standing: dict[Standing, list[int]], condition: str) -> str:
    affected = _any_of(by_standing, Standing.AFFECTED)
    whens = [(f"{affected} AND ({condition}) IS NOT FALSE", Exposure.ALREADY_UPGRADED)]
    if rule.repairs:
        whens.append((_left_damaged(by_standing, condition), Exposure.REPAIR_OWED))
    if not rule.defect.resolved:
        whens.append((f"{_any_of(by_standing, Standing.EXPOSED)} AND ({condition}) IS TRUE", Exposure.AT_RISK))
        unsure = _any_of(by_standing, Standing.EXPOSED, Standing.UNRANKED)
        whens.append((f"{unsure} AND ({condition}) IS NOT FALSE", Exposure.CANNOT_TELL))
    cases = " ".join(f"WHEN {when} THEN '{exposure.value}'" for when, exposure in whens)
    return f"CASE {cases} END"


def _left_damaged(by_standing: dict[Standing, list[int]], condition: str) -> str:
    return _LEFT_DAMAGED.format(
        condition=condition,
        affected=_any_of(by_standing, Standing.AFFECTED),
        ran=_one_of(by_standing[Standing.AFFECTED], "h.version_no"),
    )


_LEFT_DAMAGED = """e.repaired_at IS NULL
    AND (({condition}) IS TRUE OR e.state IN ('already_upgraded', 'repair_owed')) AND NOT ({affected})
    AND EXISTS (SELECT 1 FROM install_versions h WHERE h.install_no = i.no AND {ran})"""


# Filled from the checked syntax tree and our own numbers.
_OF_SPAN = """
    SELECT * FROM (
        SELECT i.no AS install_no, i.recipient, e.state AS before, {exposure} AS after
        FROM {tables}
        LEFT JOIN exposures e ON e.defect_no = :defect_no AND e.install_no = i.no
        WHERE i.product_no = :product_no AND i.recipient > :low AND i.recipient <= :high
    ) assessed WHERE before IS NOT NULL OR after IS NOT NULL
    ORDER BY recipient, install_no"""


def of_span(tx: Tx, product: KnownProduct, defect_no: int, rule: risk.Rule | None, span: Span) -> list[Change]:
    """Return the installs of these recipients whose exposure is or was something."""
    match = matching(tx, product, rule)
    text = _OF_SPAN.format(exposure=match.exposure, tables=match.tables)
    parameters = {
        **match.parameters,
        "defect_no": defect_no,
        "product_no": product.no,
        "low": span.low,
        "high": span.high,
    }
    return [_change(row) for row in tx.built(text, parameters)]


def _change(row: dict[str, Any]) -> Change:
    return Change(row["install_no"], row["recipient"], _exposure(row["before"]), _exposure(row["after"]))


def _exposure(name: str | None) -> Exposure | None:
    return None if name is None else Exposure(name)


def of_install(tx: Tx, index: risk.ProductIndex, state: InstallState) -> dict[str, Change]:
    """Return, by defect id, where this install is or was exposed."""
    known = {row["defect"]: row for row in tx.all(sql.exposures_of_install, install_no=state.install_no)}
    changes = {}
    for defect_id in {*index.rules, *known}:
        row = known.get(defect_id, _NEVER)
        before = _exposure(row["state"])
        after = _after(index.rules.get(defect_id), state, before, repaired=row["repaired_at"] is not None)
        if before is not None or after is not None:
            changes[defect_id] = Change(state.install_no, state.recipient, before, after)
    return changes


_NEVER: Mapping[str, str | None] = MappingProxyType({"state": None, "repaired_at": None})


def _after(rule: risk.Rule | None, state: InstallState, before: Exposure | None, *, repaired: bool) -> Exposure | None:
    if rule is None:
        return None
    # It ran the affected version with matching facts if they match now, or if we have called it so before.
    damaged = before in {Exposure.ALREADY_UPGRADED, Exposure.REPAIR_OWED} or (
        rule.repairs and rule.condition.truth(state.facts) is True
    )
    return rule.exposure(state.version, state.facts, state.history if damaged else (), repaired=repaired)
