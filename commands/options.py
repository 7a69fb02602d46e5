"""The flags that several commands share, and how a command comes to its database through them."""

from __future__ import annotations

import asyncio
import getpass
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Concatenate, ParamSpec, TypeVar

import msgspec
from cyclopts import Parameter

from api.pointers import fault_of
from commands.raw_settings import Raw
from commands.settings import Settings, load
from feeds import rules
from feeds.people import RESERVED, spelling
from installs_registry.fleet.changes import fleet_changes
from installs_registry.rebuilding import footprints_by_version
from storage import Clock, Database, Migration, SystemClock, Tx, load_migrations, open_database
from storage.outcomes import Invalid

P = ParamSpec("P")
T = TypeVar("T")

Json = Annotated[bool, Parameter(name="--json", negative="", help="Print the answer as JSON.")]
DefectId = Annotated[str, Parameter(help="The defect's id.")]
#: A file, or - for standard input.
FileOrInput = Annotated[str, Parameter(allow_leading_hyphen=True)]


def read_input(name: str) -> bytes:
    """Return what is in a file, or on standard input for `-`; raises OSError where the file cannot be read."""
    return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()


def checked(value: object, wanted: type[T]) -> T:
    """Return plain values as the type `wanted`, whose limits they keep to; raises Invalid with the place."""
    try:
        return msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        raise Invalid(fault_of(error, value, wanted)) from None


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Which database a command works on, and where the other settings are."""

    database: str | None = field(
        default=None,
        metadata={"help": "The database: sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME."},
    )
    config: Path | None = field(default=None, metadata={"help": "A TOML file with settings."})

    def settings(self) -> Settings:
        """Return the settings of the flags, the environment and the file; raises SettingsError."""
        return load(Raw(database=self.database), os.environ, self.config)

    def run(self, work: Callable[[Database], Coroutine[Any, Any, T]]) -> T:
        """Return what `work` makes of the open database."""
        return asyncio.run(_with_database(self.settings(), work))

    def call(self, work: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what `work` returns in a write transaction."""
        return self.run(lambda database: database.call(work, *args, **kwargs))

    def read(self, work: Callable[Concatenate[Tx, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what `work` returns in a read-only transaction."""
        return self.run(lambda database: database.read(work, *args, **kwargs))


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """In whose name a command acts."""

    name: Annotated[str | None, Parameter(name="--as")] = field(
        default=None,
        metadata={"help": "Who acts, for the record and for signatures. Default: the login name."},
    )

    @property
    def person(self) -> str:
        """The person that the record will name; raises Invalid where nobody is named."""
        person = " ".join((self.name if self.name is not None else _login()).split())
        if not person or not person.isprintable():
            raise Invalid.at("", "Say who acts, by name: --as NAME")
        if spelling(person) in RESERVED:
            raise Invalid.at("", f"{person} is no person's name: the audit tells it apart from people.")
        return person


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


#: The database that the environment or the default names.
ANYWHERE = Where()
#: The person who is logged in.
ONESELF = Acting()


def migrations() -> tuple[Migration, ...]:
    """Return the schema of the whole program."""
    written = load_migrations("installs_registry", "feeds", "notifier", "api", "console", "commands")
    return tuple(sorted((*written, footprints_by_version(), fleet_changes()), key=lambda migration: migration.number))


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    """Open the database of `settings`, brought up to this program's schema, and close it in the end."""
    database = open_database(settings.database, page_cache=settings.page_cache)
    try:
        await database.migrate(migrations())
        yield database
    finally:
        await database.close()


async def take_up_rules(settings: Settings, database: Database, clock: Clock) -> None:
    """Put the rules of the settings in force, where they are new; the audit tells of each."""
    given = settings.rules
    if not given:
        return
    new = await database.read(rules.differ, given)
    if new:
        await database.call(rules.take_up, given, clock.now())


async def _with_database(settings: Settings, work: Callable[[Database], Coroutine[Any, Any, T]]) -> T:
    async with opened(settings) as database:
        await take_up_rules(settings, database, SystemClock())
        return await work(database)
