"""`forewarn compact`: the database file written anew."""

from __future__ import annotations

from commands.options import ANYWHERE, Where
from commands.printing import tell
from installs_registry import erasures
from storage import Clock, Database, SystemClock


def compact(*, where: Where = ANYWHERE) -> None:
    """Write the database file anew, so that no copy of a deleted row is left in it; writers wait meanwhile.

    A service does this by itself, within the hour after an erasure, while the file has 256 MiB at most.
    """
    where.run(lambda database: rewrite(database, SystemClock()))
    tell("the database file was written anew")


async def rewrite(database: Database, clock: Clock) -> None:
    """Write the database anew, and remember when."""
    now = clock.now()
    await database.compact()
    await database.call(erasures.note_rewrite, now)
