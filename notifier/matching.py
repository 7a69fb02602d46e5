"""A rule as SQL over the installs of its product (rule 3 of the design: it agrees with the rule itself).

Two shapes of the same thing. `Matching.exposure` looks at installs that something else has chosen: the recipients of a
sweep's page. `Matching.hits` finds all that are exposed: the footprints lie by version, so it reads those of the
versions concerned and no others, and evaluates the condition once for each that misses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import risk
from installs_registry import footprints, releases
from installs_registry.products import KnownProduct
from notifier.condition_sql import condition_sql
from risk import Exposure, Standing
from storage import Tx


@dataclass(frozen=True, slots=True)
class Matching:
    """One rule as SQL; all of it built from the checked syntax tree and our own numbers."""

    #: A CASE over `tables` and exposures e that yields the exposure's name, NULL for none.
    exposure: str
    #: The tables, under the aliases that `footprints.columns` uses, the installs i first.
    tables: str
    #: A SELECT of install_no and exposure of all installs that are exposed; where a repair can be owed, it looks at
    #: what they were by :defect_no, and takes :product_no.
    hits: str
    #: The footprints by version, as f.
    footprints: str
    #: Whether some may be owed a repair, whatever version they have now.
    repairs: bool
    #: The numbers of the versions for which the condition matters.
    candidates: tuple[int, ...]
    parameters: Mapping[str, object]


_NOBODY = "SELECT 0 AS install_no, CAST(NULL AS TEXT) AS exposure WHERE 1 = 0"


def matching(tx: Tx, product: KnownProduct, rule: risk.Rule | None) -> Matching:
    """Compile a rule to SQL; without a rule (a withdrawn defect) nobody is exposed."""
    tables = f"installs i LEFT JOIN versions v1 ON v1.no = i.first_version_no {footprints.joins(product)}"
    rows = footprints.by_version(product, ())
    if rule is None:
        return Matching("CAST(NULL AS TEXT)", tables, _NOBODY, rows, repairs=False, candidates=(), parameters={})
    tree = None if rule.defect.condition is None else risk.tree_from_json(rule.defect.condition)
    condition = condition_sql(tree, product.vocabulary, footprints.columns(product), tx.dialect)
    sides = _Sides.of(tx, product, rule)
    by_version = footprints.by_version(product, () if tree is None else risk.names(tree))
    return Matching(
        exposure=_exposure(rule, sides, condition.text),
        tables=tables,
        hits=_hits(rule, sides, condition.text, by_version, tables),
        footprints=rows,
        repairs=rule.repairs,
        candidates=(*sides.affected, *sides.exposed, *sides.unranked),
        parameters=condition.parameters,
    )


@dataclass(frozen=True, slots=True)
class _Sides:
    """The numbers of a product's versions, by how they stand to a defect."""

    affected: Sequence[int]
    exposed: Sequence[int]
    unranked: Sequence[int]

    @classmethod
    def of(cls, tx: Tx, product: KnownProduct, rule: risk.Rule) -> _Sides:
        found: dict[Standing, list[int]] = {standing: [] for standing in Standing}
        for row in releases.version_rows(tx, product.no):
            # By the stored sort key: nothing is parsed again.
            standing = Standing.UNRANKED if row.sort_key is None else rule.standing_at(row.sort_key)
            found[standing].append(row.no)
        return cls(found[Standing.AFFECTED], found[Standing.EXPOSED], found[Standing.UNRANKED])


def one_of(column: str, numbers: Iterable[int]) -> str:
    """Return the test whether a column is one of these numbers."""
    # Our own row numbers, never a user's text: thousands of them would pass the limit on parameters.
    listed = ", ".join(str(int(no)) for no in numbers)
    return f"{column} IN ({listed})" if listed else "1 = 0"


def _concerned(rule: risk.Rule, sides: _Sides) -> tuple[int, ...]:
    """Return the versions at which an install is exposed unless the condition misses."""
    return tuple(sides.affected) if rule.defect.resolved else (*sides.affected, *sides.exposed, *sides.unranked)


def _kind(sides: _Sides, condition: str, version: str) -> str:
    """Return the exposure at a version concerned whose condition does not miss."""
    whens = []
    if sides.affected:
        whens.append(f"WHEN {one_of(version, sides.affected)} THEN '{Exposure.ALREADY_UPGRADED}'")
    if sides.exposed:
        ranked = f"{one_of(version, sides.exposed)} AND " if sides.unranked else ""
        whens.append(f"WHEN {ranked}({condition}) IS TRUE THEN '{Exposure.AT_RISK}'")
    return f"CASE {' '.join(whens)} ELSE '{Exposure.CANNOT_TELL}' END" if whens else f"'{Exposure.CANNOT_TELL}'"


def _exposure(rule: risk.Rule, sides: _Sides, condition: str) -> str:
    version = "i.version_no"
    matched = f"{one_of(version, _concerned(rule, sides))} AND ({condition}) IS NOT FALSE"
    whens = [f"WHEN {matched} THEN {_kind(sides, condition, version)}"]
    if rule.repairs:
        damaged = f"{_left_damaged(sides, condition)} AND {_once_had(sides)}"
        whens.insert(0, f"WHEN {damaged} THEN '{Exposure.REPAIR_OWED}'")
    return f"CASE {' '.join(whens)} END"


def _left_damaged(sides: _Sides, condition: str) -> str:
    """Return whether an install has left the affected versions damaged, if it ever had one.

    It ran one with matching facts if they match now, or if we have called it so before.
    """
    called_so = f"e.state IN ('{Exposure.ALREADY_UPGRADED}', '{Exposure.REPAIR_OWED}')"
    return (
        f"NOT ({one_of('i.version_no', sides.affected)}) AND e.repaired_at IS NULL"
        f" AND (({condition}) IS TRUE OR {called_so})"
    )


def _once_had(sides: _Sides) -> str:
    return _ONCE_HAD.format(affected=one_of("h.version_no", sides.affected))


_ONCE_HAD = "EXISTS (SELECT 1 FROM install_versions h WHERE h.install_no = i.no AND {affected})"


def _hits(rule: risk.Rule, sides: _Sides, condition: str, by_version: str, tables: str) -> str:
    kind = _kind(sides, condition, "f.version_no")
    concerned = one_of("f.version_no", _concerned(rule, sides))
    if " i " in by_version:
        concerned += " AND i.no = f.install_no AND v1.no = i.first_version_no"
    hits = _MATCHED.format(kind=kind, rows=by_version, concerned=concerned, condition=condition)
    if not rule.repairs:
        return hits
    damaged = _DAMAGED.format(
        repair_owed=Exposure.REPAIR_OWED,
        tables=tables,
        affected=one_of("version_no", sides.affected),
        left_damaged=_left_damaged(sides, condition),
    )
    return _EITHER.format(matched=hits, damaged=damaged)


_MATCHED = """SELECT f.install_no, {kind} AS exposure FROM {rows}
    WHERE {concerned} AND ({condition}) IS NOT FALSE"""

_DAMAGED = """SELECT i.no AS install_no, '{repair_owed}' AS exposure FROM {tables}
    LEFT JOIN exposures e ON e.defect_no = :defect_no AND e.install_no = i.no
    WHERE i.product_no = :product_no AND i.no IN (SELECT install_no FROM install_versions WHERE {affected})
        AND {left_damaged}"""

_EITHER = """SELECT install_no, exposure FROM ({matched}) matched
    WHERE install_no NOT IN (SELECT install_no FROM ({damaged}) damaged)
    UNION ALL {damaged}"""
