"""The fleets that a process holds: read in the background for who has asked, then brought up to each transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from installs_registry import footprints, products
from installs_registry.fleet.changes import KEPT
from installs_registry.known import KnownProduct
from storage import Database, StorageError, Tx

if TYPE_CHECKING:
    from installs_registry.fleet.fleet import Fleet

#: Entries of the log that an answer takes up on its way, in some tens of milliseconds.
AT_ONCE: Final = 5_000
#: Seconds that an answer waits for another one that is counted in the same fleet.
_PATIENCE: Final = 0.05
#: Names that a fleet is read with at most: the last ones that conditions asked for.
MOST_NAMES: Final = 32


@dataclass(frozen=True, slots=True)
class _Wish:
    """What somebody asked for and did not find."""

    product_no: int
    #: The most important first.
    names: tuple[str, ...]


class Fleets:
    """Holds nothing where `run` does not run, and on PostgreSQL; then the database is asked."""

    def __init__(self) -> None:
        self._held: dict[int, Fleet] = {}
        self._wishes: dict[int, _Wish] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wished = asyncio.Event()

    @property
    def installs(self) -> int:
        """How many installs are held, of all products."""
        return sum(fleet.installs for fleet in list(self._held.values()))

    @contextmanager
    def as_of(self, tx: Tx, product: KnownProduct, names: frozenset[str]) -> Iterator[Fleet | None]:
        """Hold the product's fleet, with columns of these names, as this transaction sees it; None: it is not there.

        On any thread. What is missing is read in the background, for the next time.
        """
        fleet = self._held.get(product.no)
        if fleet is None or not fleet.fits(product, names):
            self._wish(tx, product, names)
            yield None
        elif not fleet.lock.acquire(timeout=_PATIENCE):
            yield None
        else:
            try:
                yield fleet if self._follows(tx, product, fleet) and names <= fleet.columns.keys() else None
            finally:
                fleet.lock.release()

    async def run(self, database: Database) -> None:
        """Read what is asked for until cancelled."""
        if database.dialect != "sqlite":
            return
        self._loop = asyncio.get_running_loop()
        while True:
            await self._wished.wait()
            self._wished.clear()
            await self.fulfil(database)

    async def fulfil(self, database: Database) -> None:
        """Read what has been asked for."""
        for wish in [self._wishes.pop(product_no) for product_no in list(self._wishes)]:
            try:
                fleet = await database.read(_brought_up, wish, self._held.get(wish.product_no))
                # Once more, for what was committed while a whole fleet was read.
                self._held[wish.product_no] = await database.read(_brought_up, wish, fleet)
            except StorageError:
                import structlog  # noqa: PLC0415 - each command would wait for it that comes by an audience

                structlog.get_logger("forewarn.fleets").exception("fleet_not_read")

    def _follows(self, tx: Tx, product: KnownProduct, fleet: Fleet) -> bool:
        from installs_registry.fleet.reading import TooFarBehind, follow  # noqa: PLC0415 - numpy; none for who holds none

        try:
            return follow(tx, product, fleet, AT_ONCE)
        except TooFarBehind:
            self._wish(tx, product, fleet.names)
            return False

    def _wish(self, tx: Tx, product: KnownProduct, names: frozenset[str]) -> None:
        """Have the product's fleet brought up, with these names and those that it has already."""
        if tx.dialect != "sqlite" or len(names) > MOST_NAMES:
            return
        held = self._held.get(product.no)
        before = () if held is None else sorted(held.names - names)
        self._wishes[product.no] = _Wish(product.no, (*sorted(names), *before)[:MOST_NAMES])
        if self._loop is not None:
            # The loop may have ended before this thread.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._wished.set)


def _brought_up(tx: Tx, wish: _Wish, held: Fleet | None) -> Fleet:
    """Return the fleet that is held, if it has the names and can follow, or else another one."""
    from installs_registry.fleet.reading import TooFarBehind, follow, read  # noqa: PLC0415 - as above

    product = products.find_by_number(tx, wish.product_no)
    known = footprints.columns(product)
    names = [name for name in wish.names if name in known]
    if held is not None and held.fits(product, frozenset(names)):
        with held.lock, suppress(TooFarBehind):
            follow(tx, product, held, KEPT)
            return held
    return read(tx, product, names)
