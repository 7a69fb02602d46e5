"""Imports: a stream of any length, taken line by line in batches, while memory stays flat."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from typing import BinaryIO, Final

import msgspec

from api.pointers import fault_of
from api.types import ImportReport, LineError
from installs_registry.columns import Columns
from installs_registry.lines import Line, line_reader
from notifier.importing import SHAPES, Effect, ImportKind, Intake, Outcome, Stored, import_lines
from storage import Database, Tx
from storage.outcomes import Fault, Invalid, Refusal

MEDIA_TYPES: Final = ("application/x-ndjson", "text/csv")
#: Lines of one transaction: it holds SQLite's writer for about a tenth of a second, and the more lines share one, the
#: less often their pages are written.
BATCH: Final = 2000
#: Rejected lines that are told one by one.
TOLD: Final = 1000
#: Bytes of a kept file that are read at once.
PIECE: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Import:
    """What an import is and how it is taken."""

    kind: ImportKind
    media_type: str
    columns: Columns
    #: Store nothing where a line is rejected.
    all_or_nothing: bool = False
    #: Store nothing at all.
    dry_run: bool = False
    #: Is called first in each transaction; raises where the import may not go on.
    allowed: Callable[[Tx], object] = lambda _: None


@dataclass(slots=True)
class Tally:
    """What has become of the lines so far."""

    accepted: int = 0
    rejected: int = 0
    newly_at_risk: int = 0
    #: The accepted, by what they have done.
    effects: dict[Effect, int] = field(default_factory=lambda: dict.fromkeys(Effect, 0))
    #: The first `TOLD` of the rejected.
    errors: list[LineError] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count another tally's lines too."""
        self.accepted += other.accepted
        self.rejected += other.rejected
        self.newly_at_risk += other.newly_at_risk
        for effect, count in other.effects.items():
            self.effects[effect] += count
        self.errors.extend(other.errors[: TOLD - len(self.errors)])

    def report(self, how: Import) -> ImportReport:
        """Return what is answered."""
        return ImportReport(
            accepted=self.accepted,
            rejected=self.rejected,
            errors=self.errors,
            new=self.effects[Effect.NEW],
            changed=self.effects[Effect.CHANGED],
            unchanged=self.effects[Effect.UNCHANGED],
            newly_at_risk=self.newly_at_risk,
            stored=not (how.dry_run or (how.all_or_nothing and self.rejected)),
        )


class _Undone(Exception):
    """Ends a transaction of which nothing is to be stored, with what became of its lines."""

    def __init__(self, tally: Tally) -> None:
        super().__init__("nothing was stored")
        self.tally = tally


async def taken(
    database: Database, pieces: AsyncIterator[bytes], how: Import, intake: Intake, tally: Tally
) -> AsyncIterator[Tally]:
    """Take an import; yield the tally whenever it has grown."""
    if how.all_or_nothing:
        with TemporaryFile() as kept:
            async for piece in pieces:
                await asyncio.to_thread(kept.write, piece)
            tally.add(await _carried_out(database, _take_whole, intake, how, kept))
        yield tally
        return
    async for batch in batches(pieces, how):
        tally.add(await _carried_out(database, _take_batch, intake, how, batch))
        yield tally


async def batches(pieces: AsyncIterator[bytes], how: Import) -> AsyncIterator[list[Line]]:
    """Yield the lines of a stream, as many at a time as one transaction takes."""
    reader = line_reader(how.media_type, how.columns)
    waiting: list[Line] = []
    async for piece in pieces:
        waiting += reader.feed(piece)
        while len(waiting) >= BATCH:
            yield waiting[:BATCH]
            del waiting[:BATCH]
    waiting += reader.end()
    for start in range(0, len(waiting), BATCH):
        yield waiting[start : start + BATCH]


async def _carried_out(database: Database, take: Callable[..., Tally], *arguments: object) -> Tally:
    try:
        return await database.call(take, *arguments)
    except _Undone as undone:
        return undone.tally


def _take_batch(tx: Tx, intake: Intake, how: Import, batch: Sequence[Line]) -> Tally:
    how.allowed(tx)
    tally = take_lines(tx, intake, how.kind, batch)
    if how.dry_run:
        raise _Undone(tally)
    return tally


def _take_whole(tx: Tx, intake: Intake, how: Import, kept: BinaryIO) -> Tally:
    """Take all lines of a kept file, in one transaction."""
    how.allowed(tx)
    tally = Tally()
    for batch in _batches_of(kept, how):
        tally.add(take_lines(tx, intake, how.kind, batch))
    if how.dry_run or tally.rejected:
        raise _Undone(tally)
    return tally


def _batches_of(kept: BinaryIO, how: Import) -> Iterator[list[Line]]:
    kept.seek(0)
    reader = line_reader(how.media_type, how.columns)
    waiting: list[Line] = []
    while piece := kept.read(PIECE):
        waiting += reader.feed(piece)
        if len(waiting) >= BATCH:
            yield waiting
            waiting = []
    yield waiting + reader.end()


def take_lines(tx: Tx, intake: Intake, kind: ImportKind, batch: Sequence[Line]) -> Tally:
    """Store the lines that are right; return what became of all."""
    outcomes = iter(import_lines(tx, kind, [line.value for line in batch if line.value is not None], intake))
    tally = Tally()
    for line in batch:
        outcome = None if line.value is None else next(outcomes)
        if isinstance(outcome, Stored):
            tally.accepted += 1
            tally.effects[outcome.effect] += 1
            tally.newly_at_risk += outcome.newly_at_risk
        else:
            tally.rejected += 1
            if len(tally.errors) < TOLD:
                tally.errors.append(LineError(line.number, _why(outcome, line, kind)))
    return tally


def _why(outcome: Outcome | None, line: Line, kind: ImportKind) -> str:
    """Return why a line was rejected."""
    if isinstance(outcome, Invalid):
        return _told(outcome.faults)
    if isinstance(outcome, Refusal):
        return outcome.detail
    if isinstance(outcome, msgspec.ValidationError):
        return _told([fault_of(outcome, line.value, SHAPES[kind])])
    return line.error or "This line could not be read."


def _told(faults: Iterable[Fault]) -> str:
    return " ".join(f"{fault.at}: {fault.detail}" if fault.at else fault.detail for fault in faults)
