"""What the database says of the service's state."""

from __future__ import annotations

from storage import Statements, Tx

sql = Statements(__package__)


def notice_counts(tx: Tx) -> dict[str, int]:
    """Return how many notices there are in each state that any has."""
    return {row["state"]: row["notices"] for row in tx.all(sql.count_notices)}
