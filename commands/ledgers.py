"""`forewarn defect ledger`: what became of each exposure, in numbers, as an effectiveness check, or line by line."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from typing import Annotated

from cyclopts import Parameter

from commands.options import ANYWHERE, DefectId, Json, Where
from commands.printing import print_json, print_line, print_prose
from commands.showing import taken_back_lines
from commands.tables import print_table
from feeds import store as defects
from notifier import funnel, ledger
from notifier.ledger import Slice
from notifier.sheets import csv_text
from notifier.types import FunnelView, LedgerView
from storage import Database, SystemClock, Tx

#: Exposures that are read at once.
_PAGE = 2_000
#: Units in which a long time is told, in seconds.
_UNITS = (("days", 86_400), ("h", 3_600), ("min", 60))


def ledger_(
    defect: DefectId,
    /,
    *,
    funnel_: Annotated[
        bool, Parameter(name="--funnel", negative="", help="The effectiveness check that recall authorities ask for.")
    ] = False,
    csv: Annotated[bool, Parameter(negative="", help="Print a table: a line per exposure, or per part.")] = False,
    json: Json = False,
    where: Where = ANYWHERE,
) -> None:
    """Print who was warned before installing, who after, who never, and how long it took."""
    if funnel_:
        _print_funnel(where.read(funnel.funnel, defect, SystemClock().now()), csv=csv, json=json)
    elif csv:
        where.run(lambda database: _print_lines(database, defect))
    else:
        view = where.read(ledger.ledger, defect)
        if json:
            print_json(view)
        else:
            _print_numbers(view)


def _print_funnel(view: FunnelView, *, csv: bool, json: bool) -> None:
    if csv:
        sys.stdout.write(csv_text([funnel.HEADINGS, *funnel.cells(view)]))
    elif json:
        print_json(view)
    else:
        headings = ("", "installs", "%", "recipients", "%")
        print_table(headings, [(_plain(part), *rest) for part, *rest in funnel.cells(view)])


async def _print_lines(database: Database, defect: str) -> None:
    published_at = (await database.read(defects.find, defect)).published_at
    sys.stdout.write(csv_text([ledger.HEADINGS]))
    async for part in _parts(database, defect):
        sys.stdout.write(csv_text(ledger.cells(line, published_at, named=True) for line in part.lines))


async def _parts(database: Database, defect: str) -> AsyncIterator[Slice]:
    def read(tx: Tx, after: int) -> Slice | None:
        return ledger.lines(tx, defect, after=after, size=_PAGE)

    after = ledger.BEGINNING
    while (part := await database.read(read, after)) is not None:
        yield part
        after = part.high


def _print_numbers(view: LedgerView) -> None:
    counts = [
        (view.installed_unwarned, "installed unwarned: had an affected version and were never told"),
        (view.warned_before_install, "warned before installing"),
        (view.warned_after_install, "had an affected version first, told afterwards"),
        (view.held_back, "told in time, and still on the version they had"),
        (view.moved_to_safe, "told in time, and now on a version without the defect"),
        (view.accepted_risk, "went ahead through a hold, knowingly"),
        (view.unreachable, "exposed, and no way to reach them"),
        (view.in_doubt, "may have the notice: the connection broke at the last moment"),
        (view.exposed, "exposed in all"),
    ]
    for count, sentence in counts:
        print_line(f"{count:>9,}  {sentence}")
    for line in taken_back_lines(view.taken_back):
        print_prose(line)
    if view.installed:
        proofs = ", ".join(f"{count:,} {_plain(proof)}" for proof, count in view.proof_at_install.items() if count)
        print_line(f"strongest proof when they installed: {proofs}")
    print_table(
        ("step", "exposures", "half within", "95 of 100 within"),
        [(step.step, f"{step.count:,}", in_words(step.p50_seconds), in_words(step.p95_seconds)) for step in view.steps],
    )


def _plain(word: str) -> str:
    return word.replace("_", " ")


def in_words(seconds: float | None) -> str:
    """Return a length of time in the largest unit that it fills, nothing for None."""
    if seconds is None:
        return ""
    for unit, length in _UNITS:
        if seconds >= length:
            return f"{seconds / length:,.1f} {unit}"
    return f"{seconds:.1f} s"
