"""Who is exposed to a defect: for many installs by SQL, for one by the compiled rule. Both must agree (rule 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import risk
from installs_registry.products import KnownProduct
from notifier.matching import matching
from risk import Exposure
from storage import Tx
from storage.queries import Dialect


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


# Filled from the checked syntax tree and our own numbers. MATERIALIZED: or `after` is worked out anew for each mention.
_ASSESS = """
    INSERT INTO assessed (install_no, recipient, before, after, kind)
    WITH changing AS MATERIALIZED (
        SELECT i.no AS install_no, i.recipient, e.state AS before, {exposure} AS after
        FROM {tables}
        LEFT JOIN {exposures}
        WHERE i.product_no = :product_no AND i.recipient > :low AND i.recipient <= :high
        ORDER BY i.recipient, i.no
    )
    SELECT install_no, recipient, before, after, {kind} FROM changing WHERE before IS NOT NULL OR after IS NOT NULL"""

# OFFSET 0: each install's is looked up by the key. PostgreSQL would else read all of the defect's for each page, as it
# takes a table that has just begun to fill for small.
_EXPOSURES: Mapping[Dialect, str] = {
    "sqlite": "exposures e ON e.defect_no = :defect_no AND e.install_no = i.no",
    "postgresql": """LATERAL (
            SELECT state, repaired_at FROM exposures WHERE defect_no = :defect_no AND install_no = i.no OFFSET 0
        ) e ON TRUE""",
}


def assess_span(tx: Tx, product: KnownProduct, defect_no: int, rule: risk.Rule | None, span: Span, kind: str) -> int:
    """Write into `assessed` the installs of these recipients whose exposure is or was something; return how many.

    `kind` is SQL over the columns before and after that yields the kind of the notice that the change calls for.
    """
    match = matching(tx, product, rule)
    exposures = _EXPOSURES[tx.dialect]
    text = _ASSESS.format(exposure=match.exposure, tables=match.tables, exposures=exposures, kind=kind)
    where = {"defect_no": defect_no, "product_no": product.no, "low": span.low, "high": span.high}
    return tx.run_built(text, {**match.parameters, **where})
