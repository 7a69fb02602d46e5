"""The versions that installs have come to, counted: from which, to which, and whether a condition matches.

A footprint is kept as it is now, so the truth is that of the facts as they are now.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import risk
from installs_registry import footprints, releases
from installs_registry.known import KnownProduct
from notifier.condition_sql import condition_sql
from storage import Tx, instant


@dataclass(frozen=True, slots=True)
class Move:
    """Installs that came from one version to another."""

    #: None: that is when they were first seen.
    from_version: str | None
    to_version: str
    #: Whether the condition matches their facts; None: we cannot tell.
    truth: bool | None
    #: How many; one that made the same move twice counts twice.
    installs: int


# Filled from the checked syntax tree and our own names.
_MOVES = """
    SELECT a.version_no AS from_no, b.version_no AS to_no,
        CASE WHEN ({condition}) IS TRUE THEN 1 WHEN ({condition}) IS FALSE THEN 0 END AS truth, count(*) AS installs
    FROM install_versions b
    JOIN installs i ON i.no = b.install_no JOIN versions v1 ON v1.no = i.first_version_no {footprints}
    LEFT JOIN install_versions a ON a.no = (
        SELECT p.no FROM install_versions p
        WHERE p.install_no = b.install_no AND (p.since < b.since OR (p.since = b.since AND p.no < b.no))
        ORDER BY p.since DESC, p.no DESC LIMIT 1)
    WHERE i.product_no = :product_no AND b.since > :since AND ({last} = 0 OR b.version_no = i.version_no)
    GROUP BY 1, 2, 3"""


def since(
    tx: Tx, product: KnownProduct, condition: object | None, moment: datetime, *, last_only: bool = False
) -> list[Move]:
    """Return the moves after a moment; `last_only`: those that brought an install to the version it has now.

    `condition` is a syntax tree in JSON, None for every install.
    """
    tree = None if condition is None else risk.tree_from_json(condition)
    test = condition_sql(tree, product.vocabulary, footprints.columns(product), tx.dialect)
    text = _MOVES.format(condition=test.text, footprints=footprints.joins(product), last=int(last_only))
    where = {**test.parameters, "product_no": product.no, "since": instant(moment)}
    texts = {row.no: row.text for row in releases.version_rows(tx, product.no)}
    return [
        Move(
            texts.get(row["from_no"]),
            texts[row["to_no"]],
            None if row["truth"] is None else bool(row["truth"]),
            int(row["installs"]),
        )
        for row in tx.built(text, where)
    ]
