"""One column of a fleet: a code for each place, and the cell behind each code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)

#: What a column of a table holds.
Cell = str | int | float | None

#: Different cells of a column at most: a condition is asked of each of them once, and a code takes two bytes.
MOST_CELLS: Final = 2**16


class TooVaried(Exception):
    """A column has more different cells than codes."""


class Column:
    """Codes by place; 0 stands for no cell, also at a place that was never filled."""

    def __init__(self, most: int = MOST_CELLS) -> None:
        self.codes: NDArray[np.uint16] = np.zeros(0, np.uint16)
        self._numbers = _Numbers(most)

    @property
    def cells(self) -> list[Cell]:
        """Return the cells by their codes; the first is None."""
        return list(self._numbers)

    def reserve(self, places: int) -> None:
        """Have room for so many places."""
        self.codes = with_room(self.codes, places)

    def put(self, places: NDArray[np.int64], cells: Sequence[Cell]) -> None:
        """Fill places; raises TooVaried."""
        numbers = self._numbers
        self.codes[places] = [numbers[cell] for cell in cells]


class _Numbers(dict[Cell, int]):
    """Numbers what it is asked for, in the order of asking."""

    def __init__(self, most: int) -> None:
        super().__init__({None: 0})
        self._most = most

    def __missing__(self, cell: Cell) -> int:
        if len(self) == self._most:
            raise TooVaried
        return self.setdefault(cell, len(self))


def with_room(array: NDArray[T], places: int) -> NDArray[T]:
    """Return the array, an eighth longer than so many places if it was too short for them; what is new is zero."""
    if places <= len(array):
        return array
    longer = np.zeros(places + places // 8, array.dtype)
    longer[: len(array)] = array
    return longer
