"""`forewarn defect call-list`: those whom nothing of ours reaches."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from typing import Annotated

from cyclopts import Parameter

from commands.options import ANYWHERE, DefectId, Where
from commands.printing import print_json, tell
from notifier import call_list
from notifier.call_list import Entry
from notifier.sheets import csv_text
from storage import Database, SystemClock

#: Entries that are read at once.
_PAGE = 500


def call_list_(
    defect: DefectId,
    /,
    *,
    counts: Annotated[bool, Parameter(negative="", help="Only count them, and why they cannot be told.")] = False,
    where: Where = ANYWHERE,
) -> None:
    """Print as CSV who is exposed to a defect and cannot be told: somebody has to call them."""
    if counts:
        print_json(where.read(call_list.counts, defect, SystemClock().now()))
    else:
        called = where.run(lambda database: _print_all(database, defect))
        tell(f"{called} to call")


async def _print_all(database: Database, defect: str) -> int:
    sys.stdout.write(csv_text([call_list.HEADINGS]))
    called = 0
    async for entry in _entries(database, defect):
        sys.stdout.write(csv_text(call_list.cells(entry)))
        called += 1
    return called


async def _entries(database: Database, defect: str) -> AsyncIterator[Entry]:
    after, now = call_list.BEGINNING, SystemClock().now()
    while page := await database.read(call_list.page, defect, after=after, limit=_PAGE, now=now):
        for _, entry in page:
            yield entry
        after = page[-1][0]
