"""`forewarn backup`: a copy of everything."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from commands import epoch
from commands.options import ANYWHERE, Where
from commands.printing import tell
from storage import Database, SystemClock


def backup(
    path: Annotated[Path, Parameter(help="The file to write; it must not exist.")],
    /,
    *,
    where: Where = ANYWHERE,
) -> None:
    """Write a copy of the database, as of one moment, beside a running service."""
    url = where.settings().database
    where.run(lambda database: _back_up(database, url, path))
    tell(f"wrote {path}, {path.stat().st_size} bytes")


async def _back_up(database: Database, url: str, path: Path) -> None:
    await database.backup(path)
    # From here on the copy can be told from the database.
    await epoch.move(url, database, SystemClock())
