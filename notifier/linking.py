"""An install that came to a customer: what it was told while nobody knew its holder was told to that customer."""

from __future__ import annotations

from storage import Statements, Tx

sql = Statements(__package__, "care.sql")


def take_along(tx: Tx, install_no: int, before: int, recipient: int) -> int:
    """Let the notices that have reached an install itself be its customer's, where it has one now; return how many.

    `before` is the recipient that it had. So nobody is warned of one defect by the app and then by mail (rule 8), and
    corrections and the all-clear go to whom they concern. What never arrived stays behind: the customer is owed it
    anew.
    """
    if before > 0 or recipient < 0:
        return 0
    return tx.run(sql.take_along, install_no=install_no, recipient=recipient)
