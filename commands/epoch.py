"""Noticing that the database is not the one that sent the last mail, but a copy of what it was before.

SQLite: a mark is kept in the database and in a file beside it, and moved at each start, after each backup and each
hour; a copy that is put back has an old mark. PostgreSQL: what the server itself says of its history and of the
tables, all of which a restore makes anew.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from commands.keeping import hold_mail
from storage import Clock, Database, Statements, Tx, instant

sql = Statements(__package__)

_NAME: Final = "epoch"
_HELD: Final = "this database is a copy of an earlier state, which does not know what was sent since"
#: Seconds after which a lock that is held is tried again.
_PATIENCE: Final = 0.02
#: Bytes of the file beside the database, whatever marks are in it.
_LENGTH: Final = 64
_SQLITE: Final = "sqlite:///"


async def check(url: str, database: Database, clock: Clock) -> bool:
    """Hold the mail where the database was put back; return whether it was. Raises OSError."""
    if database.dialect == "postgresql":
        was_put_back = await database.call(_check_server, clock)
    else:
        async with _beside(url) as (marks, write):
            kept = await database.read(_kept)
            was_put_back = kept is not None and kept not in marks
            if was_put_back:
                await database.call(hold_mail, _HELD, clock.now())
            else:
                await _move(database, clock, kept, write)
    return was_put_back


async def move(url: str, database: Database, clock: Clock) -> bool:
    """Move the mark, so that copies made until now can be told; not where the database was put back itself.

    On PostgreSQL, look again: a standby may have taken over, and is better noticed now than at some later start.
    Return whether that was found.
    """
    if database.dialect == "postgresql":
        return await database.call(_check_server, clock)
    async with _beside(url) as (marks, write):
        kept = await database.read(_kept)
        if kept is None or kept in marks:
            await _move(database, clock, kept, write)
    return False


async def adopt(url: str, database: Database, clock: Clock) -> None:
    """Take the database as it is for the true one from now on."""
    if database.dialect == "postgresql":
        await database.call(_adopt_server, clock)
        return
    async with _beside(url) as (_, write):
        await _move(database, clock, await database.read(_kept), write)


async def _move(database: Database, clock: Clock, kept: str | None, write: Callable[[list[str]], None]) -> None:
    new = secrets.token_hex(8)
    # Wherever it is cut off, the file knows the mark that the database has.
    write([new] if kept is None else [kept, new])
    await database.call(_keep, new, clock)
    write([new])


def _check_server(tx: Tx, clock: Clock) -> bool:
    kept, now = _kept(tx), str(tx.value(sql.server_identity))
    if kept is None:
        _keep(tx, now, clock)
    elif kept != now:
        hold_mail(tx, _HELD, clock.now())
    return kept not in {None, now}


def _adopt_server(tx: Tx, clock: Clock) -> None:
    _keep(tx, str(tx.value(sql.server_identity)), clock)


def _kept(tx: Tx) -> str | None:
    value = tx.value(sql.find_kept, name=_NAME)
    return None if value is None else str(value)


def _keep(tx: Tx, value: str, clock: Clock) -> None:
    tx.run(sql.keep_newest, name=_NAME, value=value, now=instant(clock.now()))


@asynccontextmanager
async def _beside(url: str) -> AsyncIterator[tuple[list[str], Callable[[list[str]], None]]]:
    """Hold the file beside an SQLite database: the marks in it, and what writes others."""
    path = Path(f"{url.removeprefix(_SQLITE)}.epoch")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        # Never a wait that blocks: whoever holds it may live on this very event loop.
        while not _locked(descriptor):  # noqa: ASYNC110 - another process sets no event of ours
            await asyncio.sleep(_PATIENCE)
        yield _marks(path), lambda marks: _write(descriptor, marks)
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _marks(path: Path) -> list[str]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[str])
    except msgspec.MsgspecError:
        return []


def _write(descriptor: int, marks: list[str]) -> None:
    # In place: another process may wait for the lock on this very file. And in one piece over all that was there, so
    # that neither a kill nor a full disk leaves it empty, which would hold the mail.
    os.pwrite(descriptor, msgspec.json.encode(marks).ljust(_LENGTH), 0)
    os.fsync(descriptor)
