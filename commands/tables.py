"""Tables on standard output; what makes them takes a while to load, so that they have a module of their own."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

#: Columns of an output that is no terminal.
_WITHOUT_LIMIT = 10_000


def print_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under headings, a line each unless a terminal is too narrow; None is an empty cell."""
    table = Table(*(Column(heading, overflow="fold") for heading in headings), box=None, pad_edge=False)
    for row in rows:
        table.add_row(*("" if cell is None else Text(str(cell)) for cell in row))
    Console(width=None if sys.stdout.isatty() else _WITHOUT_LIMIT).print(table)
