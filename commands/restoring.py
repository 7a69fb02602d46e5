"""`forewarn restore`: a backup in the database's place."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from api import erasing
from commands import keeping
from commands.options import ANYWHERE, FileOrInput, Where, migrations, read_input
from commands.printing import counted, tell
from commands.releasing import released
from commands.settings import Settings
from installs_registry import erasures
from installs_registry.erasures import Erasure
from storage import StorageError, SystemClock, open_database
from storage.outcomes import Conflict, Invalid, NotFound

_HELD = "restored from a backup, which does not know what was sent after it was made"
_SQLITE = "sqlite:///"
#: What an SQLite database may consist of: its file, its log and the log's index.
_PARTS = ("", "-wal", "-shm")


def restore(
    path: Annotated[Path | None, Parameter(help="The backup; left out, nothing is restored.")] = None,
    /,
    *,
    force: Annotated[bool, Parameter(negative="", help="Replace a database that is there; it is kept beside.")] = False,
    resume_mail: Annotated[
        bool, Parameter(negative="", help="Let all mail leave that waits, though some may have been sent already.")
    ] = False,
    erased: Annotated[
        FileOrInput | None, Parameter(help="What `forewarn customer erased` printed, or -: forget those again.")
    ] = None,
    where: Where = ANYWHERE,
) -> None:
    """Put a backup in the database's place. Stop the service first.

    No mail leaves before `forewarn mail release --since TIME` says when the backup was made: it does not know
    what was sent after that, so each mail that waits in it may have been sent already. Who was erased after it
    was made is erased again: as the database that it replaces knows, and as a list says (--erased).
    """
    settings = where.settings()
    if path is None and not resume_mail and erased is None:
        raise Invalid.at("", "Name the backup to restore, or say --resume-mail to let mail leave again.")
    listed = [] if erased is None else read_erasures(erased)
    if path is not None:
        target = _target(settings)
        listed += asyncio.run(_erased_there(target)) if target.exists() else []
        _put_back(path, target, listed, force=force)
    elif listed:
        tell(f"{where.call(erasing.erase_again, listed, SystemClock().now())} customers were erased again")
    if resume_mail:
        _, waiting = where.run(lambda database: released(database, settings, None, SystemClock()))
        tell(f"mail leaves again; {counted(waiting, 'delivery', 'deliveries')} waiting")


def _target(settings: Settings) -> Path:
    if not settings.database.startswith(_SQLITE):
        raise Conflict("A PostgreSQL database is restored by its own tool, pg_restore.")
    return Path(settings.database.removeprefix(_SQLITE))


def read_erasures(name: str) -> list[Erasure]:
    """Return a list of erasures from a file, or from standard input for `-`; raises Invalid where it is none."""
    try:
        return [msgspec.json.decode(line, type=Erasure) for line in read_input(name).splitlines()]
    except msgspec.MsgspecError as error:
        raise Invalid.at("", f"{name} is no list of `forewarn customer erased`: {error}.") from None


async def _erased_there(target: Path) -> list[Erasure]:
    """Return whom the database that is to be replaced has forgotten; nobody where it cannot be read."""
    try:
        database = open_database(f"{_SQLITE}{target}")
    except StorageError:
        return []
    try:
        return list(await database.read(erasures.listing))
    except StorageError:
        tell(f"{target} does not tell who was erased in it; if you have a list, say --erased FILE")
        return []
    finally:
        await database.close()


def _put_back(source: Path, target: Path, erased: Sequence[Erasure], *, force: bool) -> None:
    if not source.is_file():
        raise NotFound(f"There is no backup {source}.")
    if target.exists() and not force:
        raise Conflict(f"{target} is there already. Say --force to replace it; it is kept beside.")
    copied = target.with_name(f"{target.name}.partial")
    _clear(copied)
    shutil.copyfile(source, copied)
    try:
        waiting = asyncio.run(_hold(copied, source, erased))
    except BaseException:
        _clear(copied)
        raise
    _set_aside(target)
    copied.rename(target)
    tell(f"restored; mail is held, {counted(waiting, 'delivery', 'deliveries')} waiting in it")
    tell("to let mail go, say when the backup was made: forewarn mail release --since TIME")


async def _hold(copied: Path, source: Path, erased: Sequence[Erasure]) -> int:
    """Hold the mail and erase again, before the copy takes the database's place; return how many deliveries wait."""
    try:
        database = open_database(f"{_SQLITE}{copied}")
    except StorageError:
        raise _no_backup(source) from None
    try:
        _refuse_unsound(await database.facts(), source)
        await database.migrate(migrations())
        if await database.call(erasing.erase_again, erased, SystemClock().now()):
            await database.compact()
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
