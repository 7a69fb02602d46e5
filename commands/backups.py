"""`forewarn backup` and `forewarn restore`: a copy of everything, and the way back."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from commands import keeping
from commands.options import ANYWHERE, Where, migrations
from commands.printing import tell
from commands.settings import Settings
from storage import StorageError, SystemClock, open_database
from storage.outcomes import Conflict, Invalid, NotFound

_HELD = "restored from a backup, which does not know what was sent after it was made"
_SQLITE = "sqlite:///"
#: What an SQLite database may consist of: its file, its log and the log's index.
_PARTS = ("", "-wal", "-shm")


def backup(
    path: Annotated[Path, Parameter(help="The file to write; it must not exist.")],
    /,
    *,
    where: Where = ANYWHERE,
) -> None:
    """Write a copy of the database, as of one moment, beside a running service."""
    where.run(lambda database: database.backup(path))
    tell(f"wrote {path}, {path.stat().st_size} bytes")


def restore(
    path: Annotated[Path | None, Parameter(help="The backup; left out, nothing is restored.")] = None,
    /,
    *,
    force: Annotated[bool, Parameter(negative="", help="Replace a database that is there; it is kept beside.")] = False,
    resume_mail: Annotated[bool, Parameter(negative="", help="Let mail leave.")] = False,
    where: Where = ANYWHERE,
) -> None:
    """Put a backup in the database's place. Stop the service first.

    No mail leaves before `forewarn restore --resume-mail`: the backup does not know what was sent after it
    was made, so each mail that waits in it may have been sent already.
    """
    settings = where.settings()
    if path is None and not resume_mail:
        raise Invalid.at("", "Name the backup to restore, or say --resume-mail to let mail leave again.")
    if path is not None:
        _put_back(path, _target(settings), force=force)
    if resume_mail:
        waiting = where.call(keeping.resume_mail)
        tell(f"mail leaves again; {waiting} deliveries wait")


def _target(settings: Settings) -> Path:
    if not settings.database.startswith(_SQLITE):
        raise Conflict("A PostgreSQL database is restored by its own tool, pg_restore.")
    return Path(settings.database.removeprefix(_SQLITE))


def _put_back(source: Path, target: Path, *, force: bool) -> None:
    if not source.is_file():
        raise NotFound(f"There is no backup {source}.")
    if target.exists() and not force:
        raise Conflict(f"{target} is there already. Say --force to replace it; it is kept beside.")
    copied = target.with_name(f"{target.name}.partial")
    _clear(copied)
    shutil.copyfile(source, copied)
    try:
        waiting = asyncio.run(_hold(copied, source))
    except BaseException:
        _clear(copied)
        raise
    _set_aside(target)
    copied.rename(target)
    tell(f"restored; mail is held, {waiting} deliveries wait; to let them go: forewarn restore --resume-mail")


async def _hold(copied: Path, source: Path) -> int:
    """Hold the mail before the copy takes the database's place; return how many deliveries wait."""
    try:
        database = open_database(f"{_SQLITE}{copied}")
    except StorageError:
        raise _no_backup(source) from None
    try:
        _refuse_unsound(await database.facts(), source)
        await database.migrate(migrations())
        return await database.call(keeping.hold_mail, _HELD, SystemClock().now())
    finally:
        await database.close()


def _refuse_unsound(facts: Mapping[str, str | int], source: Path) -> None:
    if not facts["schema"]:
        raise _no_backup(source)
    if facts["integrity"] != "ok":
        raise Conflict(f"{source} is damaged: {facts['integrity']}")


def _no_backup(source: Path) -> Conflict:
    return Conflict(f"{source} is no backup of Forewarn.")


def _set_aside(target: Path) -> None:
    """Rename the database with its log: the log of one file must never meet another."""
    aside = target.with_name(f"{target.name}.before-restore")
    _clear(aside)
    for suffix in _PARTS:
        file = target.with_name(target.name + suffix)
        if file.exists():
            file.rename(aside.with_name(aside.name + suffix))


def _clear(path: Path) -> None:
    for suffix in _PARTS:
        path.with_name(path.name + suffix).unlink(missing_ok=True)
