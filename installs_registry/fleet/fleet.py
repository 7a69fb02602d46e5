"""A fleet: the installs of a product as columns, as they were after one entry of the log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray

from installs_registry.fleet.column import Cell, Column, TooVaried, with_room
from installs_registry.known import KnownProduct
from risk import Fact

#: Where a fleet stands that is broken or empty: behind every entry.
NOWHERE: Final = -1
_CHANNELS: Final = ("email", "webhook")


class OutOfOrder(Exception):
    """An install is new and has a number below one that is known; SQLite gives none such."""


class Fleet:
    """Columns by place, a place for each install there has been since it was read, rising by their numbers.

    It is changed and looked at under its `lock`.
    """

    def __init__(self, product: KnownProduct, names: Iterable[str]) -> None:
        self.lock = Lock()
        #: The number of the last entry of the log that is in it.
        self.position = NOWHERE
        #: Places that are taken, and those of them whose install is still there.
        self.taken = 0
        self.installs = 0
        #: By name; a name whose values are too varied has none.
        self.columns = {name: Column() for name in names}
        #: All names that were asked for.
        self.names = frozenset(self.columns)
        #: By the customer's number, what stands in the way of each channel: nothing (""), a floor; None: all of it.
        self.channels = {channel: Column() for channel in _CHANNELS}
        self._facts = _facts(product, self.names)
        self._numbers = np.zeros(0, np.int64)
        self._versions = np.zeros(0, np.int64)
        self._recipients = np.zeros(0, np.int64)
        self._in_app = np.zeros(0, np.bool_)

    @property
    def numbers(self) -> NDArray[np.int64]:
        """Return the number of each install."""
        return self._numbers[: self.taken]

    @property
    def versions(self) -> NDArray[np.int64]:
        """Return the number of each install's version; 0: it is no more."""
        return self._versions[: self.taken]

    @property
    def recipients(self) -> NDArray[np.int64]:
        """Return whom a notice goes to, as installs.recipient."""
        return self._recipients[: self.taken]

    @property
    def in_app(self) -> NDArray[np.bool_]:
        """Return whether the install's own app can show a notice."""
        return self._in_app[: self.taken]

    def fits(self, product: KnownProduct, names: frozenset[str]) -> bool:
        """Tell whether it was read with these names, as the product declares them now."""
        return names <= self.names and _facts(product, self.names) == self._facts

    def put(self, installs: Sequence[Sequence[Cell]], names: Sequence[str]) -> None:
        """Take installs as they are now, given as columns.

        These are their numbers, rising, their versions', their recipients, whether they have a token, and the cells of
        `names`. Raises OutOfOrder.
        """
        numbers, versions, recipients, in_app, *cells = installs
        places = self._places(np.array(numbers, np.int64))
        self.installs += int(np.count_nonzero(self._versions[places] == 0))
        self._versions[places] = np.array(versions, np.int64)
        self._recipients[places] = np.array(recipients, np.int64)
        self._in_app[places] = np.array(in_app, np.bool_)
        for name, column in zip(names, cells, strict=True):
            self._fill(name, places, column)

    def drop(self, numbers: NDArray[np.int64]) -> None:
        """Take installs out; those of other products are not here."""
        known, places = self._known(numbers)
        self.installs -= int(np.count_nonzero(self._versions[places[known]]))
        self._versions[places[known]] = 0

    def put_customers(self, customers: Sequence[Sequence[Cell]]) -> None:
        """Take customers as they are now, given as columns: their numbers, and what stands in each channel's way."""
        numbers, *floors = customers
        places = np.array(numbers, np.int64)
        for channel, column in zip(_CHANNELS, floors, strict=True):
            self.channels[channel].reserve(int(places.max(initial=0)) + 1)
            self.channels[channel].put(places, column)

    def _fill(self, name: str, places: NDArray[np.int64], cells: Sequence[Cell]) -> None:
        column = self.columns.get(name)
        if column is None:
            return
        column.reserve(self.taken)
        try:
            column.put(places, cells)
        except TooVaried:
            del self.columns[name]

    def _places(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the places of installs, new ones at the end."""
        known, places = self._known(numbers)
        new = numbers[~known]
        if len(new) and self.taken and new[0] < self._numbers[self.taken - 1]:
            raise OutOfOrder
        places[~known] = np.arange(self.taken, self.taken + len(new))
        self._reserve(self.taken + len(new))
        self._numbers[self.taken : self.taken + len(new)] = new
        self.taken += len(new)
        return places

    def _known(self, numbers: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Return which installs have a place, and where."""
        present = self._numbers[: self.taken]
        places = np.searchsorted(present, numbers).astype(np.int64)
        inside = places < self.taken
        known = inside.copy()
        known[inside] = present[places[inside]] == numbers[inside]
        return known, places

    def _reserve(self, places: int) -> None:
        self._numbers = with_room(self._numbers, places)
        self._versions = with_room(self._versions, places)
        self._recipients = with_room(self._recipients, places)
        self._in_app = with_room(self._in_app, places)


def _facts(product: KnownProduct, names: frozenset[str]) -> Mapping[str, Fact | None]:
    return {name: product.facts.get(name) for name in names}
