"""`forewarn import`: releases, customers and installs from a file, NDJSON or CSV."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from api.imports import PIECE, Import, Tally, taken
from commands.import_options import How
from commands.options import ANYWHERE, FileOrInput, Json, Where
from commands.printing import print_json, print_line, tell
from commands.setting_values import Network
from notifier.importing import Effect, ImportKind, Intake
from notifier.publications import Rulebook
from storage import Clock, Database, SystemClock

#: Seconds from one line about the progress to the next, where there is no terminal to show a bar.
TELL_EVERY = 5.0

#: How an import is taken that nothing is said of.
AS_IT_IS = How()

#: Is told how many bytes have been read, and what has become of the lines so far.
Progressed = Callable[[int, Tally], None]


def import_(
    kind: Annotated[ImportKind, Parameter(help="What the lines are.")],
    file: Annotated[FileOrInput, Parameter(help="A file of NDJSON or CSV, or - for standard input.")],
    /,
    *,
    how: How = AS_IT_IS,
    json: Json = False,
    where: Where = ANYWHERE,
) -> int:
    """Store the lines that are right, and tell which are not and why; exits with 1 where some are not.

    A line is the object of the HTTP interface with its ids inside; in CSV the heading names the members, such
    as install, platform.os or footprint.notebooks. To store a line again changes nothing.
    """
    asked = how.of(kind, file)
    with _opened(file) as stream, _progress(file) as progressed:
        allowed = where.settings().allowed_networks
        tally = where.run(lambda database: store(database, asked, stream, progressed, allowed))
    if json:
        print_json(tally.report(asked))
    else:
        _tell(tally, asked)
    return int(tally.rejected > 0)


async def store(
    database: Database,
    how: Import,
    stream: BinaryIO,
    progressed: Progressed,
    allowed: Sequence[Network] = (),
    *,
    clock: Clock | None = None,
) -> Tally:
    """Take what a stream holds; webhooks may lead into the networks `allowed`. Without a clock, now is now."""
    tally = Tally()
    intake = Intake(Rulebook(), clock or SystemClock(), allowed)
    read = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal read
        while piece := await asyncio.to_thread(stream.read, PIECE):
            read += len(piece)
            yield piece

    async for grown in taken(database, pieces(), how, intake, tally):
        progressed(read, grown)
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
    """Yield what tells of the progress on standard error: a bar on a terminal, else a line now and then."""
    console = Console(stderr=True)
    total = None if file == "-" else Path(file).stat().st_size
    if not console.is_terminal:
        yield Teller(total, time.monotonic).progressed
        return
    told = TextColumn("{task.fields[accepted]:,} accepted, {task.fields[rejected]:,} rejected, {task.fields[rate]:,}/s")
    with Progress(BarColumn(), DownloadColumn(), told, TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task("", total=total, accepted=0, rejected=0, rate=0)
        started = time.monotonic()

        def progressed(read: int, tally: Tally) -> None:
            rate = per_second(tally, time.monotonic() - started)
            bar.update(task, completed=read, accepted=tally.accepted, rejected=tally.rejected, rate=rate)

        yield progressed


def per_second(tally: Tally, seconds: float) -> int:
    """Return how many lines were taken in a second."""
    return round((tally.accepted + tally.rejected) / seconds) if seconds > 0 else 0


class Teller:
    """Tells of the progress in plain lines, the first after a while."""

    def __init__(self, total: int | None, monotonic: Callable[[], float]) -> None:
        #: Bytes of the file; None: nobody knows.
        self._total = total
        self._monotonic = monotonic
        self._started = self._told = monotonic()

    def progressed(self, read: int, tally: Tally) -> None:
        """Tell what has become of the lines so far, if it is time."""
        now = self._monotonic()
        if now - self._told < TELL_EVERY:
            return
        self._told = now
        rate = per_second(tally, now - self._started)
        told = f"{tally.accepted:,} accepted, {tally.rejected:,} rejected, {rate:,}/s"
        if self._total and read:
            left = (now - self._started) * (self._total - read) / read
            told += f", {read / self._total:.0%}, about {left:.0f} s left"
        tell(told)


def _tell(tally: Tally, how: Import) -> None:
    for error in tally.errors:
        tell(f"line {error.line}: {error.detail}")
    if tally.rejected > len(tally.errors):
        tell(f"… and {tally.rejected - len(tally.errors)} more lines")
    if how.dry_run:
        effects = ", ".join(f"{tally.effects[effect]} {effect.value}" for effect in Effect)
        print_line(
            f"nothing stored; it would be {effects}, {tally.rejected} rejected, {tally.newly_at_risk} newly at risk"
        )
    elif how.all_or_nothing and tally.rejected:
        print_line(f"nothing stored: {tally.rejected} rejected, {tally.accepted} were right")
    else:
        print_line(f"{tally.accepted} accepted, {tally.rejected} rejected")
