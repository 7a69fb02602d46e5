"""The vendor's own people in what the registry keeps: who made a claim code, who entered what a customer chose."""

from __future__ import annotations

from collections.abc import Callable

from storage import Statements, Tx

sql = Statements(__package__, "care.sql")


def forget(tx: Tx, is_theirs: Callable[[str], bool], instead: str) -> None:
    """Put `instead` in place of each spelling of a person's name."""
    for row in tx.all(sql.people_of_care):
        if is_theirs(row["person"]):
            tx.run(sql.forget_makers, person=row["person"], instead=instead)
            tx.run(sql.forget_choosers, person=row["person"], instead=instead)
