"""The rules of every product in memory, so that a check needs no database; and the records that checks leave."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

import risk
from notifier.publications import every_sequence, load_index
from notifier.sweeper import woken
from storage import Database, Statements, StorageError, Tx, instant

sql = Statements(__package__)

#: Seconds after which the loop looks without having been woken.
PATIENCE = 0.5

#: How many indexes of past sequences are kept for questions `as_of`.
PAST_KEPT = 16


class Verdicts:
    """The index of each product, rebuilt off the event loop and swapped in when the product's sequence moves.

    A defect that is as it was, of a product that is declared as it was, is not compiled again.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._indexes: dict[str, risk.ProductIndex] = {}
        self._by_number: dict[int, risk.ProductIndex] = {}
        self._sequences: dict[int, int] = {}
        self._past: OrderedDict[tuple[str, int], risk.ProductIndex | None] = OrderedDict()

    def index(self, product: str) -> risk.ProductIndex | None:
        """Return the product's rules as they are, None for an unknown product."""
        return self._indexes.get(product)

    @property
    def sequence(self) -> int:
        """The newest sequence that is known here."""
        return max(self._sequences.values(), default=0)

    async def as_of(self, product: str, sequence: int) -> risk.ProductIndex | None:
        """Return the product's rules as they were at a sequence, None where it had none by then."""
        key = (product, sequence)
        if key not in self._past:
            self._past[key] = await self._database.read(_past_index, product, sequence, self.index(product))
            while len(self._past) > PAST_KEPT:
                self._past.popitem(last=False)
        return self._past[key]

    async def refresh(self) -> None:
        """Bring in what has been published since the last time."""
        sequences, fresh = await self._database.read(_newer_than, dict(self._sequences), dict(self._by_number))
        self._by_number.update(fresh)
        self._indexes.update({index.product.id: index for index in fresh.values()})
        self._sequences = sequences

    async def run(self) -> None:
        """Keep up with what is published, here or by another process, until cancelled or the database closes."""
        watcher = self._database.watch()
        while True:
            try:
                await self.refresh()
            except StorageError:
                structlog.get_logger("forewarn.verdicts").exception("refresh_failed")
            if not await woken(watcher, PATIENCE):
                return


_Indexes = Mapping[int, risk.ProductIndex]


def _newer_than(tx: Tx, known: Mapping[int, int], kept: _Indexes) -> tuple[dict[int, int], _Indexes]:
    sequences = every_sequence(tx)
    moved = [product_no for product_no, sequence in sequences.items() if known.get(product_no) != sequence]
    indexes = ((product_no, load_index(tx, product_no, kept=kept.get(product_no))) for product_no in moved)
    return sequences, {product_no: index for product_no, index in indexes if index is not None}


def _past_index(tx: Tx, product: str, sequence: int, kept: risk.ProductIndex | None) -> risk.ProductIndex | None:
    product_no = tx.value(sql.product_no, product=product)
    return None if product_no is None else load_index(tx, product_no, sequence, kept)


@dataclass(frozen=True, slots=True)
class CheckMade:
    """A check that named an install."""

    install: str
    from_version: str
    to_version: str | None
    decision: str
    sequence: int
    at: datetime


def record_checks(tx: Tx, checks: Iterable[CheckMade]) -> None:
    """Store checks in a batch; those of installs that are not known are left out."""
    tx.many(
        sql.insert_check,
        [
            {
                "install": check.install,
                "from_version": check.from_version,
                "to_version": check.to_version,
                "decision": check.decision,
                "sequence": check.sequence,
                "at": instant(check.at),
            }
            for check in checks
        ],
    )


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Somebody goes ahead through a hold, knowingly."""

    defects: tuple[str, ...]
    install: str | None
    from_version: str
    to_version: str | None
    #: The customer, the install or the key's holder, by name.
    accepted_by: str


def accept_risks(tx: Tx, acceptance: Acceptance, now: datetime) -> None:
    """Store accepted risks; once this returns and commits, the verdict may be given without those defects."""
    tx.many(
        sql.insert_accepted_risk,
        [
            {
                "defect": defect,
                "install": acceptance.install,
                "from_version": acceptance.from_version,
                "to_version": acceptance.to_version,
                "accepted_by": acceptance.accepted_by,
                "at": instant(now),
            }
            for defect in acceptance.defects
        ],
    )


#: Checks that may wait for a database that is away; the newest are kept.
CHECKS_KEPT = 10_000


class CheckLog:
    """Records checks in batches, off the answer's path."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[CheckMade] = []
        self._arrived = asyncio.Event()
        self._storing = asyncio.Lock()

    def add(self, check: CheckMade) -> None:
        """Take a check; it is stored within moments."""
        self._waiting.append(check)
        self._arrived.set()

    async def run(self) -> None:
        """Store what arrives until cancelled; what waits then is stored by `flush`."""
        while True:
            await self._arrived.wait()
            # What is being stored when the loop is cancelled is stored; the last `flush` waits for it.
            await asyncio.shield(self.flush())

    async def flush(self) -> None:
        """Store all that waits, after what is being stored; raises StorageError, and then it waits on."""
        async with self._storing:
            self._arrived.clear()
            batch, self._waiting = self._waiting, []
            if batch:
                await self._store(batch)

    async def _store(self, batch: list[CheckMade]) -> None:
        try:
            await self._database.call(record_checks, batch)
        except StorageError:
            self._waiting = [*batch, *self._waiting][-CHECKS_KEPT:]
            raise
