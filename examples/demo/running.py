"""`forewarn demo`: the service with a mail catcher and a virtual clock, the story, then serving until Ctrl-C."""

from __future__ import annotations

import asyncio
import secrets
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol

import uvloop
from aiohttp import ClientSession
from rich.console import Console
from rich.text import Text

from api.keys import Role, create_key, hash_of
from commands.options import opened
from commands.raw_settings import Raw
from commands.serving import logs
from commands.serving.listening import address_of, listen
from commands.settings import Settings, load
from console import sessions
from console.mail_box import MailBox
from examples.demo.asking import Asker, Unexpected
from examples.demo.catcher import Catcher
from examples.demo.claims import Claims
from examples.demo.clock import VirtualClock
from examples.demo.fleet import make_fleet
from examples.demo.records import incidents
from examples.demo.results import Result
from examples.demo.stage import People, Stage
from examples.demo.story import tell
from examples.demo.table import print_further, print_mail, print_table
from storage import Clock, Database, Statements, Tx
from storage.outcomes import Conflict

sql = Statements(__package__)

_SEED: Final = 20160915
_REPORTER: Final = "Rosa Lind"
_APPROVERS: Final = ("Amir Haddad", "Nele Brandt")
_SENDER: Final = "Paperboat Software <warnings@paperboat.example>"
#: In the subject of a warning.
_WARNS: Final = "Please do not"
_INTERRUPTED: Final = 130
#: Columns of an output that is no terminal.
_WITHOUT_TERMINAL: Final = 160


class Serve(Protocol):
    """How `composition.py` serves: the application composed of `settings`, on a socket that listens already."""

    def __call__(
        self, settings: Settings, listener: socket.socket, *, clock: Clock, mail_box: MailBox
    ) -> AbstractAsyncContextManager[Database]:
        """Serve until the block ends; the value of the block is the open database."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says."""

    #: None: a temporary file that is gone in the end.
    database: str | None = None
    host: str = "127.0.0.1"
    #: The port to try first; a free one is taken where it is in use.
    port: int = 8080
    #: Exit after the story.
    oneshot: bool = False


def run(serve: Serve, options: Options) -> int:
    """Tell the story, and serve on until Ctrl-C; return 0 where all came out as it must, else 1.

    Raises Conflict where the database is not empty, SettingsError where the options are wrong.
    """
    logs.configure("warning")
    with (
        tempfile.TemporaryDirectory(prefix="forewarn-demo-") as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        suppress(asyncio.CancelledError),
    ):
        return runner.run(_run(serve, options, Path(folder)))
    return _INTERRUPTED


async def _run(serve: Serve, options: Options, folder: Path) -> int:
    _end_on_signals()
    console, records = _console(), incidents()
    async with set_up(serve, options, folder, console) as stage:
        try:
            results = await tell(stage, records)
        except Unexpected as error:
            console.print(Text(f"The story broke off. {error}", style="bold red"))
            return 1
        await _show(stage, console, results)
        if not options.oneshot:
            console.print(f"Serving on {stage.address} until Ctrl-C.")
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
        return int(bool(stage.claims.broken))


def _console() -> Console:
    """Return where the story is told; what is no terminal has room for the whole table."""
    return Console(width=None if sys.stdout.isatty() else _WITHOUT_TERMINAL)


def _end_on_signals() -> None:
    """Let Ctrl-C and SIGTERM cancel what runs now, so that everything is closed in order."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    if task is not None:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)


@asynccontextmanager
async def set_up(serve: Serve, options: Options, folder: Path, console: Console) -> AsyncIterator[Stage]:
    """Start the catcher and the service; everybody gets a key."""
    records = incidents()
    clock = VirtualClock(records[0].begins - timedelta(hours=1))
    catcher = Catcher(clock)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(catcher.listening())
        listener = stack.enter_context(_listen(options))
        settings = _settings(options, folder, catcher, address_of(listener))
        await _refuse_a_database_in_use(settings)
        database = await stack.enter_async_context(serve(settings, listener, clock=clock, mail_box=catcher))
        session = await stack.enter_async_context(ClientSession())
        yield Stage(
            database=database,
            clock=clock,
            catcher=catcher,
            people=await _people(database, clock, session, settings),
            fleet=make_fleet(records, _SEED),
            claims=Claims(console, clock.now),
            folder=folder,
        )


def _listen(options: Options) -> socket.socket:
    try:
        return listen(options.host, options.port)
    except Conflict:
        return listen(options.host, 0)


def _settings(options: Options, folder: Path, catcher: Catcher, address: str) -> Settings:
    """Return the settings of the demo; those of the environment do not count, since no mail may leave."""
    given = Raw(
        database=options.database or f"sqlite:///{folder}/demo.db",
        host=options.host,
        smtp=catcher.url,
        mail_from=_SENDER,
        public_url=address,
        secret=secrets.token_urlsafe(32),
        admin_key=secrets.token_urlsafe(32),
        log_level="warning",
    )
    return load(given, {})


async def _refuse_a_database_in_use(settings: Settings) -> None:
    """Raise Conflict before anything is served: what waits in a real database must not go to the catcher."""
    async with opened(settings) as database:
        if await database.read(_products):
            raise Conflict("This database holds products already. Name one that is new: the demo fills it.")


def _products(tx: Tx) -> int:
    return int(tx.value(sql.count_products))


async def _people(database: Database, clock: Clock, session: ClientSession, settings: Settings) -> People:
    address, now = settings.public_url or "", clock.now()

    async def somebody(role: Role, person: str) -> Asker:
        key = await database.call(create_key, role, person, now=now)
        return Asker(session, address, person, key.text)

    first, second = _APPROVERS
    return People(
        admin=Asker(session, address, "admin", settings.admin_key or ""),
        reporter=await somebody(Role.REPORTER, _REPORTER),
        approvers=(await somebody(Role.APPROVER, first), await somebody(Role.APPROVER, second)),
    )


async def _show(stage: Stage, console: Console, results: Sequence[Result]) -> None:
    """Print what came out, and where to look further."""
    admin, now = stage.people.admin, stage.clock.now()
    console.print()
    print_table(console, results)
    console.print()
    print_mail(console, next(mail for mail in stage.catcher.mails() if _WARNS in mail.subject))
    code = await stage.database.call(sessions.make_code, hash_of(admin.key), now)
    app_key = await stage.database.call(create_key, Role.APP, "curl", product="etcd", now=now)
    console.print()
    print_further(console, admin.address, f"{admin.address}/sign-in?code={code}", app_key.text)
    console.print()
    broken = len(stage.claims.broken)
    end = "all of them held" if not broken else f"{broken} did not hold"
    console.print(f"{stage.claims.held + broken} claims were checked on the way; {end}.", highlight=False)
    for claim in stage.claims.broken:
        console.print(Text(f"  NOT TRUE: {claim}", style="bold red"))
