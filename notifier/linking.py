"""An install that came to a customer: what it was told while nobody knew its holder was told to that customer."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from storage import Statements, Tx

sql = Statements(__package__, "care.sql")


class Move(msgspec.Struct, frozen=True):
    """An install whose notices go to another recipient from now on."""

    install_no: int
    before: int
    recipient: int


def take_along(tx: Tx, moves: Iterable[Move]) -> int:
    """Let the notices that have reached installs themselves be their customers', where they have one now.

    The moves have no recipient in common. So nobody is warned of one defect by the app and then by mail (rule 8), and
    corrections and the all-clear go to whom they concern. What never arrived stays behind: the customer is owed it
    anew. Returns how many notices have moved.
    """
    linked = [
        {"install_no": move.install_no, "recipient": move.recipient}
        for move in moves
        if move.before < 0 < move.recipient
    ]
    return tx.at_once(sql.take_along, linked)


def leave_waiting(tx: Tx, moves: Iterable[Move]) -> None:
    """Take installs out of what waits for those who held them before."""
    tx.at_once(sql.leave_waiting, [{"install_no": move.install_no, "recipient": move.recipient} for move in moves])
