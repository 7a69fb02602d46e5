"""Tables for a spreadsheet: CSV (RFC 4180) whose cells are text and never a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

#: A spreadsheet takes a cell that begins so for a formula, which may call out (OWASP, "CSV Injection").
_STARTS_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def csv_text(rows: Iterable[Sequence[str | None]]) -> str:
    """Return rows as CSV; None is an empty cell, and a cell that would be a formula has an apostrophe before it."""
    written = io.StringIO(newline="")
    csv.writer(written).writerows([_cell(value) for value in row] for row in rows)
    return written.getvalue()


def _cell(value: str | None) -> str:
    text = value or ""
    return f"'{text}" if text.startswith(_STARTS_A_FORMULA) else text
