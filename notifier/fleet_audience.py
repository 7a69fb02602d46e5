"""Counting an audience in a fleet: what the SQL of `audience` counts in tables, counted in columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

import risk
from installs_registry.fleet.column import Column
from installs_registry.fleet.fleet import Fleet
from installs_registry.fleet.reading import sort_keys
from installs_registry.known import KnownProduct
from installs_registry.preferences import wanted
from notifier.condition_masks import MATCH, truths
from notifier.counted import Counted
from notifier.types import Headcount, Reachable
from risk import Exposure, Severity, Standing
from storage import Tx

Places = NDArray[np.int64]

#: How a version stands to the defect; 0: the defect does not speak of it.
_NUMBERS: Final[Mapping[Standing, int]] = MappingProxyType(
    {Standing.CLEAR: 0, Standing.AFFECTED: 1, Standing.EXPOSED: 2, Standing.UNRANKED: 3}
)


@dataclass(frozen=True, slots=True)
class Exposed:
    """The places of a fleet that a rule concerns."""

    by_exposure: Mapping[Exposure, Places]
    #: All of them.
    places: Places
    #: Places whose version is one for which the condition matters.
    candidates: int


def count_in(tx: Tx, fleet: Fleet, product: KnownProduct, rule: risk.Rule, severity: Severity) -> Counted:
    """Count whom a rule concerns that offers no repair; the fleet is as of this transaction, and held."""
    exposed = exposed_in(tx, fleet, product, rule)
    return Counted(
        exposed={each: _headcount(fleet.recipients[places]) for each, places in exposed.by_exposure.items()},
        everybody=fleet.installs,
        candidates=exposed.candidates,
        concerned=len(exposed.places),
        reachable=_reachable(fleet, exposed.places, severity),
    )


def exposed_in(tx: Tx, fleet: Fleet, product: KnownProduct, rule: risk.Rule) -> Exposed:
    """Return whom a rule concerns, as `count_in`."""
    tree = None if rule.defect.condition is None else risk.tree_from_json(rule.defect.condition)
    standings = _standings(rule, sort_keys(tx, product.no))
    places = np.flatnonzero((standings > 0)[fleet.versions])
    standing = standings[fleet.versions[places]]
    truth = truths(tree, product.vocabulary, fleet.columns, places)
    affected = standing == _NUMBERS[Standing.AFFECTED]
    concerned = (truth & MATCH > 0) & (affected if rule.defect.resolved else True)
    at_risk = (standing == _NUMBERS[Standing.EXPOSED]) & (truth == MATCH)
    by_exposure = {
        Exposure.AT_RISK: places[concerned & at_risk],
        Exposure.CANNOT_TELL: places[concerned & ~affected & ~at_risk],
        Exposure.ALREADY_UPGRADED: places[concerned & affected],
        Exposure.REPAIR_OWED: places[:0],
    }
    return Exposed(by_exposure, places[concerned], len(places))


def _standings(rule: risk.Rule, versions: Mapping[int, str | None]) -> NDArray[np.uint8]:
    """Return how each version stands, by its number."""
    standings = np.zeros(max(versions, default=0) + 1, np.uint8)
    for no, key in versions.items():
        standings[no] = _NUMBERS[Standing.UNRANKED if key is None else rule.standing_at(key)]
    return standings


def _headcount(recipients: NDArray[np.int64]) -> Headcount:
    return Headcount(len(recipients), int(np.count_nonzero(_flags(recipients[recipients > 0]))))


def _flags(customers: NDArray[np.int64], places: int = 0) -> NDArray[np.bool_]:
    """Return which of the customers are there, by their numbers: cheaper than to sort them."""
    flags = np.zeros(max(places, int(customers.max(initial=0)) + 1), np.bool_)
    flags[customers] = True
    return flags


def _reachable(fleet: Fleet, places: Places, severity: Severity) -> Reachable:
    recipients, in_app = fleet.recipients[places], fleet.in_app[places]
    known = recipients > 0
    customers = np.flatnonzero(_flags(recipients[known]))
    email, webhook = (_open(fleet.channels[name], customers, severity) for name in ("email", "webhook"))
    app = _flags(recipients[known & in_app], places=int(customers.max(initial=0)) + 1)[customers]
    # Where nobody is known, each install is a recipient of its own.
    alone = int(np.count_nonzero(~known))
    alone_in_app = int(np.count_nonzero(~known & in_app))
    return Reachable(
        email=int(np.count_nonzero(email)),
        web_push=0,
        webhook=int(np.count_nonzero(webhook)),
        in_app=int(np.count_nonzero(app)) + alone_in_app,
        nobody=int(np.count_nonzero(~(email | webhook | app))) + alone - alone_in_app,
    )


def _open(channel: Column, customers: NDArray[np.int64], severity: Severity) -> NDArray[np.bool_]:
    """Return which customers a notice of this severity may be sent to on a channel."""
    floors = wanted(severity).split()
    is_open = np.array([cell is not None and (cell == "" or cell in floors) for cell in channel.cells])
    channel.reserve(int(customers.max(initial=0)) + 1)
    return is_open[channel.codes[customers]]
