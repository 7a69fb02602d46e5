"""What check-ins change in the exposures of their installs: the compiled rules asked, and only differences written.

A sweep asks SQL for a page of recipients instead; both must agree (rule 3).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

import risk
from feeds import store as defects
from installs_registry import installs
from installs_registry.checked_in import CheckedIn
from installs_registry.installed import Installed, as_json
from notifier import linking, owing
from notifier.exposures import Change
from notifier.held import HeldProduct
from notifier.linking import Move
from notifier.owed import Cause
from notifier.owing import Matter
from notifier.rounds import Differing, rounds
from risk import Exposure, Value
from storage import Statements, Tx, instant

sql = Statements(__package__)


class Known(msgspec.Struct, frozen=True):
    """An exposure as it is stored."""

    state: Exposure | None
    repaired: bool


#: What is known of an install that was never exposed.
_NEVER = Known(None, repaired=False)

#: The stored exposures of an install, by defect.
Exposures = Mapping[str, Known]

_DAMAGED = frozenset({Exposure.ALREADY_UPGRADED, Exposure.REPAIR_OWED})


def assess(tx: Tx, held: HeldProduct, checked: Sequence[CheckedIn], now: datetime) -> set[int]:
    """Store what check-ins change in the exposures of their installs, and the notices owed for it.

    The installs are each another one. Returns the numbers of those newly at risk, or that cannot be told to be safe.
    """
    changed = [one for one in checked if one.changed]
    known = known_exposures(tx, [one.install_no for one in changed if one.before is not None])
    histories = installs.histories(tx, [one.install_no for one in changed]) if held.repairs else {}
    differing: list[Differing] = []
    for one in changed:
        if not (held.index.rules or one.install_no in known or one.left is not None):
            continue
        changes = exposures_of(held, one, known.get(one.install_no, {}), histories.get(one.install_no, ()))
        if changes or one.left is not None:
            differing.append((one, changes))
    if differing:
        _record(tx, differing, now)
    return {one.install_no for one, changes in differing if any(map(_is_new_risk, changes.values()))}


def exposures_of(
    held: HeldProduct, checked: CheckedIn, known: Exposures, history: tuple[str, ...]
) -> dict[str, Change]:
    """Return, by defect id, what an install's exposures were and are where the two differ or its holder changed."""
    changes = {}
    for defect_id, after in exposures_now(held, checked.after, known, history):
        before = known.get(defect_id, _NEVER).state
        if after is not None and checked.left is not None:
            # Whoever holds it now has been told nothing yet, whatever the one before was told.
            before = None
        if before is not after:
            changes[defect_id] = Change(checked.install_no, checked.recipient, before, after)
    return changes


def exposures_now(
    held: HeldProduct, install: Installed, known: Exposures, history: tuple[str, ...]
) -> Iterator[tuple[str, Exposure | None]]:
    """Yield the exposure of an install to every defect that exposes it now or did before, by the defect's id."""
    rules = {rule.defect.id: rule for rule in held.concerning(install.version)}
    ids = sorted(rules.keys() | known.keys()) if known else rules
    facts = install.facts if ids else {}
    for defect_id in ids:
        rule = rules.get(defect_id) or held.index.rules.get(defect_id)
        if defect_id in known:
            yield defect_id, _exposure(rule, install.version, facts, history, known[defect_id])
        elif rule is not None and rule.condition.truth(facts) is not False:
            yield defect_id, _exposure(rule, install.version, facts, history, _NEVER)


def _exposure(
    rule: risk.Rule | None, version: str, facts: Mapping[str, Value], history: tuple[str, ...], known: Known
) -> Exposure | None:
    """Return the exposure of an install with this history, of which that was known; without a rule there is none."""
    if rule is None:
        return None
    # It ran the affected version with matching facts if they match now, or if we have called it so before.
    damaged = known.state in _DAMAGED or (rule.repairs and rule.condition.truth(facts) is True)
    return rule.exposure(version, facts, history if damaged else (), repaired=known.repaired)


def known_exposures(tx: Tx, install_nos: Sequence[int]) -> dict[int, dict[str, Known]]:
    """Return the stored exposures of installs, by install and defect; not those that are over and left no trace."""
    found: dict[int, dict[str, Known]] = {}
    if install_nos:
        for install_no, defect_id, state, repaired_at in tx.tuples(
            sql.exposures_of_installs, numbers=as_json(install_nos)
        ):
            known = Known(None if state is None else Exposure(state), repaired_at is not None)
            found.setdefault(install_no, {})[defect_id] = known
    return found


def _holders(checked: CheckedIn) -> set[int]:
    """Return whom an install's notices go to, and whom they went to before."""
    return {checked.recipient} if checked.left is None else {checked.recipient, checked.left}


def _is_new_risk(change: Change) -> bool:
    return change.before is None and change.after in {Exposure.AT_RISK, Exposure.CANNOT_TELL}


def _record(tx: Tx, differing: Sequence[Differing], now: datetime) -> None:
    """Store what the exposures of installs change, and what is owed for it, in rounds."""
    tx.tuples(sql.lock_recipients, numbers=as_json({no for one, _ in differing for no in _holders(one)}))
    owing.make_ready(tx)
    matters: dict[str, Matter] = {}
    for together in rounds(differing):
        _let_go(tx, [one for one, _ in together])
        for defect_id, concerned in _by_defect(together).items():
            if defect_id not in matters:
                matters[defect_id] = Matter(defects.find(tx, defect_id), Cause.CHECK_IN, instant(now))
            owing.record_batch(tx, matters[defect_id], [change for _, change in concerned], now)
            left = [one.left for one, _ in concerned if one.left is not None]
            if left:
                owing.call_off(tx, matters[defect_id], left)


def _let_go(tx: Tx, checked: Sequence[CheckedIn]) -> None:
    """Part the installs that have another holder now from what waits for the one before."""
    moves = [Move(one.install_no, one.left, one.recipient) for one in checked if one.left is not None]
    linking.leave_waiting(tx, moves)
    linking.take_along(tx, moves)


def _by_defect(differing: Iterable[Differing]) -> dict[str, list[tuple[CheckedIn, Change]]]:
    found: dict[str, list[tuple[CheckedIn, Change]]] = {}
    for one, changes in differing:
        for defect_id, change in changes.items():
            found.setdefault(defect_id, []).append((one, change))
    return found
