"""`forewarn import`: releases, customers and installs from a file, NDJSON or CSV."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, BinaryIO

from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from api.imports import TOLD, batches, take_batch
from api.types import ImportReport, LineError
from commands.options import ANYWHERE, FileOrInput, Json, Where
from commands.printing import print_json, print_line, tell
from commands.setting_values import Network
from installs_registry.lines import lines
from notifier.publications import Rulebook
from notifier.registering import ImportKind, Intake
from storage import Database, SystemClock

#: Bytes that are read at once.
_PIECE = 64 * 1024

#: Is told how many bytes have been read, and how many lines were accepted and rejected so far.
Progressed = Callable[[int, int, int], None]


@dataclass(slots=True)
class Tally:
    """What has become of the lines so far."""

    accepted: int = 0
    rejected: int = 0
    #: The first `TOLD` of them.
    errors: list[LineError] = field(default_factory=list)

    def add(self, lines_of_batch: int, refused: Sequence[LineError]) -> None:
        """Count a batch."""
        self.accepted += lines_of_batch - len(refused)
        self.rejected += len(refused)
        self.errors.extend(refused[: TOLD - len(self.errors)])


def import_(
    kind: Annotated[ImportKind, Parameter(help="What the lines are.")],
    file: Annotated[FileOrInput, Parameter(help="A file of NDJSON or CSV, or - for standard input.")],
    /,
    *,
    csv: Annotated[bool | None, Parameter(help="Whether it is CSV; left out, the file's name tells.")] = None,
    json: Json = False,
    where: Where = ANYWHERE,
) -> int:
    """Store the lines that are right, and tell which are not and why; exits with 1 where some are not.

    A line is the object of the HTTP interface with its ids inside; in CSV the heading names the members, such
    as install, platform.os or footprint.notebooks. To store a line again changes nothing.
    """
    is_csv = file.lower().endswith(".csv") if csv is None else csv
    media_type = "text/csv" if is_csv else "application/x-ndjson"
    with _opened(file) as stream, _progress(file) as progressed:
        allowed = where.settings().allowed_networks
        tally = where.run(lambda database: store(database, kind, stream, media_type, progressed, allowed))
    if json:
        print_json(ImportReport(tally.accepted, tally.rejected, tally.errors))
    else:
        _tell(tally)
    return int(tally.rejected > 0)


async def store(
    database: Database,
    kind: ImportKind,
    stream: BinaryIO,
    media_type: str,
    progressed: Progressed,
    allowed: Sequence[Network],
) -> Tally:
    """Store what a stream holds, a batch to a transaction; webhooks may lead into the networks `allowed`."""
    tally, rulebook, clock = Tally(), Rulebook(), SystemClock()
    read = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal read
        while piece := await asyncio.to_thread(stream.read, _PIECE):
            read += len(piece)
            yield piece

    async for batch in batches(lines(pieces(), media_type)):
        intake = Intake(rulebook, clock.now(), allowed)
        tally.add(len(batch), await database.call(take_batch, intake, kind, batch))
        progressed(read, tally.accepted, tally.rejected)
    return tally


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdin.buffer
    else:
        with Path(file).open("rb") as stream:
            yield stream


@contextmanager
def _progress(file: str) -> Iterator[Progressed]:
    """Yield what moves a bar on standard error, which is shown on a terminal only."""
    console = Console(stderr=True)
    total = None if file == "-" else Path(file).stat().st_size
    told = TextColumn("{task.fields[accepted]} accepted, {task.fields[rejected]} rejected")
    bar = Progress(BarColumn(), DownloadColumn(), told, TimeRemainingColumn(), console=console, transient=True)
    bar.disable = not console.is_terminal
    with bar:
        task = bar.add_task("", total=total, accepted=0, rejected=0)

        def progressed(read: int, accepted: int, rejected: int) -> None:
            bar.update(task, completed=read, accepted=accepted, rejected=rejected)

        yield progressed


def _tell(tally: Tally) -> None:
    for error in tally.errors:
        tell(f"line {error.line}: {error.detail}")
    if tally.rejected > len(tally.errors):
        tell(f"… and {tally.rejected - len(tally.errors)} more lines")
    print_line(f"{tally.accepted} accepted, {tally.rejected} rejected")
