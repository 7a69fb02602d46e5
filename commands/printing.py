"""What the commands print: the answer to standard output, table or JSON; the rest to standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

import msgspec
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

#: Columns of an output that is no terminal.
_WITHOUT_LIMIT = 10_000


def print_json(answer: object) -> None:
    """Print an answer as JSON, indented."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode() + "\n")


def print_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under headings, a line each unless a terminal is too narrow; None is an empty cell."""
    table = Table(*(Column(heading, overflow="fold") for heading in headings), box=None, pad_edge=False)
    for row in rows:
        table.add_row(*("" if cell is None else Text(str(cell)) for cell in row))
    Console(width=None if sys.stdout.isatty() else _WITHOUT_LIMIT).print(table)


def print_line(line: str) -> None:
    """Print one line of an answer, at once: whoever reads a running service's output waits for it."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def tell(sentence: str) -> None:
    """Print a sentence about the work, not part of the answer, to standard error."""
    sys.stderr.write(f"forewarn: {sentence}\n")
