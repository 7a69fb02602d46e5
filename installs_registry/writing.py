"""Writing what check-ins have changed: a statement for each kind of row, however many check-ins there are."""

from __future__ import annotations

from collections.abc import Sequence

from installs_registry import footprint_rows
from installs_registry.checked_in import CheckedIn
from installs_registry.installed import Installed, as_json
from installs_registry.known import KnownProduct
from storage import IntegrityProblem, Statements, TransactionConflict, Tx

sql = Statements(__package__)


def write(tx: Tx, product: KnownProduct, checked: Sequence[CheckedIn], at: str) -> None:
    """Store what check-ins have changed, at the instant `at`; the caller holds the installs that there were."""
    made = [one.after for one in checked if one.before is None]
    if made:
        _insert(tx, product, made)
    tx.at_once(sql.update_install, [_row(one.after) for one in checked if one.columns])
    moves = [
        (one.install_no, one.before.version_no, one.after.version_no)
        for one in checked
        if one.before is not None and "version_no" in one.columns
    ]
    footprint_rows.move(tx, product, moves)
    had = [{"install_no": no, "version_no": version_no, "at": at} for no, _, version_no in moves]
    tx.at_once(sql.insert_version_had, had)
    _refit(tx, product, [one for one in checked if one.values], at)


def _refit(tx: Tx, product: KnownProduct, refitted: Sequence[CheckedIn], at: str) -> None:
    """Store the footprints that changed, and which facts it was."""
    changes = [(one.after.version_no, one.install_no, one.after.values, one.values.keys()) for one in refitted]
    footprint_rows.write(tx, product, changes)
    rows = [{"install_no": one.install_no, "facts": as_json(sorted(one.values)), "at": at} for one in refitted]
    tx.at_once(sql.insert_footprint_change, rows)


#: Columns of installs as a new row has them, the last one after their number in the order of Installed.
_COLUMNS = (
    "id",
    "no",
    "product_no",
    "version_no",
    "first_version_no",
    "customer_no",
    "recipient",
    "os",
    "os_version",
    "os_version_key",
    "arch",
    "acquired_through",
    "token_hash",
    "first_seen_at",
    "last_seen_at",
)


def _insert(tx: Tx, product: KnownProduct, made: Sequence[Installed]) -> None:
    """Store installs that nobody has made before.

    Another transaction that makes one of them at this moment is waited for (two in one order of ids, so that they
    do not wait for each other), and then all of this one is done again: the second time the install is there.
    """
    ordered = sorted(made, key=_id) if tx.dialect == "postgresql" else made
    try:
        tx.bulk_insert("installs", _COLUMNS, map(_new_row, ordered))
    except IntegrityProblem as error:
        raise TransactionConflict(str(error)) from error
    had = [(after.no, after.version_no, after.last_seen_at) for after in made]
    tx.bulk_insert("install_versions", ("install_no", "version_no", "since"), had)
    footprint_rows.insert(tx, product, [(after.version_no, after.no, after.values) for after in made])


def _new_row(after: Installed) -> tuple[object, ...]:
    return (
        after.id,
        after.no,
        after.product_no,
        after.version_no,
        after.version_no,
        after.customer_no,
        after.recipient,
        after.os,
        after.os_version,
        after.os_version_key,
        after.arch,
        after.acquired_through,
        after.token_hash,
        after.first_seen_at,
        after.last_seen_at,
    )


def _row(after: Installed) -> dict[str, object]:
    return {
        "no": after.no,
        "version_no": after.version_no,
        "customer_no": after.customer_no,
        "os": after.os,
        "os_version": after.os_version,
        "os_version_key": after.os_version_key,
        "arch": after.arch,
        "acquired_through": after.acquired_through,
        "at": after.last_seen_at,
    }


def _id(after: Installed) -> str:
    return after.id
