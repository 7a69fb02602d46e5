"""Compose: the one module that knows every other, and the two commands that need them all.

`serve` opens the database, puts the application together, and keeps the background loops going until it is told to
stop; `demo` tells a story on the same.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated

import structlog
import uvloop
from aiohttp import web
from cyclopts import Parameter

import api.asking
import console.parts
from api.access import Keys
from api.app import create_app
from api.asking import Policy
from api.keys import hash_of
from api.serving import Runner
from commands import epoch
from commands.keeping import first_admin_key, kept_secret
from commands.line import attempt
from commands.options import opened, take_up_rules
from commands.printing import print_line
from commands.raw_settings import Raw
from commands.serving import logs
from commands.serving.collecting import collect_seldom
from commands.serving.ending import end_within, stop_event
from commands.serving.escalation import escalation_of
from commands.serving.held_mail import mail_released, tell_put_back
from commands.serving.housekeeping import Housekeeping
from commands.serving.listening import address_of, listen
from commands.serving.loops import Loop, Loops
from commands.serving.workers import supervise
from commands.settings import Settings, load
from console.app import add_routes
from console.mail_box import MailBox
from notifier.audience import Memory
from notifier.delivery.settings import DeliverySettings
from notifier.delivery.worker import Postman
from notifier.mails.build import Sender
from notifier.publications import Rulebook
from notifier.retention import Retention
from notifier.sweeper import Sweeper
from notifier.verdicts import CheckLog, Verdicts
from storage import Clock, Database, SystemClock
from storage.outcomes import Conflict

_NOTHING = Raw()


def serve(
    *,
    settings: Raw = _NOTHING,
    config: Annotated[Path | None, Parameter(help="A TOML file with settings.")] = None,
) -> int:
    """Serve until SIGTERM: the HTTP interface, the sweeps, and the delivery of what is owed."""
    checked = load(settings, os.environ, config)
    logs.configure(checked.log_level)
    listener = listen(checked.host, checked.port)
    if checked.workers == 1:
        return work(checked, listener)
    asyncio.run(prepare(checked, SystemClock(), listener))
    return supervise(checked.workers, worker, checked, listener)


def demo(
    *,
    oneshot: Annotated[bool, Parameter(negative="", help="Exit after the story.")] = False,
    database: Annotated[str | None, Parameter(help="Left out: one that is gone in the end.")] = None,
    host: Annotated[str, Parameter(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, Parameter(help="The port to try first; a free one is taken where it is in use.")] = 8080,
) -> int:
    """Tell the whole story on real incidents, with a local mail catcher, then serve until Ctrl-C."""
    try:
        import examples.demo as story  # noqa: PLC0415 - its mail catcher is an extra
    except ModuleNotFoundError as error:
        raise Conflict(f"The demo needs an extra, for {error.name}: pip install 'forewarn[demo]'") from error
    return story.run(serving, story.Options(database=database, host=host, port=port, oneshot=oneshot))


async def prepare(settings: Settings, clock: Clock, listener: socket.socket) -> None:
    """Do once what each process would do first, so that what goes wrong is told once."""
    async with opened(settings) as database:
        await filled_in(settings, database, clock, listener)


def worker(settings: Settings, listener: socket.socket) -> None:
    """Serve as one process of several."""
    logs.configure(settings.log_level)
    sys.exit(attempt(lambda: work(settings, listener)))


def work(settings: Settings, listener: socket.socket) -> int:
    """Serve in this process until it is told to stop; return the exit code."""
    collect_seldom()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, listener))
    return 0


async def _serve(settings: Settings, listener: socket.socket) -> None:
    told_to_stop = stop_event()
    log = structlog.get_logger("forewarn.service")
    async with serving(settings, listener, clock=SystemClock()) as database:
        log.info("serving", address=address_of(listener), database=database.dialect, process=os.getpid())
        await told_to_stop.wait()
        log.info("stopping")
        end_within()
    log.info("stopped")


@asynccontextmanager
async def serving(
    settings: Settings, listener: socket.socket, *, clock: Clock, mail_box: MailBox | None = None
) -> AsyncIterator[Database]:
    """Serve inside the block; requests and deliveries under way are ended at its end."""
    async with opened(settings) as database:
        complete = await filled_in(settings, database, clock, listener)
        app = Composition(complete, database, clock).application(mail_box)
        runner = Runner(app, handle_signals=False)
        await runner.setup()
        try:
            await web.SockSite(runner, listener).start()
            yield database
        finally:
            await runner.cleanup()


async def filled_in(settings: Settings, database: Database, clock: Clock, listener: socket.socket) -> Settings:
    """Return the settings with nothing left open; the first start makes and prints an admin key."""
    secret = settings.secret or await database.call(kept_secret, clock.now())
    await take_up_rules(settings, database, clock)
    if await epoch.check(settings.database, database, clock):
        tell_put_back()
    if settings.admin_key is None:
        key = await database.call(first_admin_key, clock.now())
        if key is not None:
            print_line(f"The admin key, shown this once: {key}")
    return replace(settings, secret=secret, public_url=settings.public_url or address_of(listener))


class Composition:
    """What one process is put together from, of settings with nothing left open."""

    def __init__(self, settings: Settings, database: Database, clock: Clock) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._rulebook = Rulebook()
        self._memory = Memory(self._rulebook)
        self._verdicts = Verdicts(database)
        self._loaded = asyncio.Event()
        self._keys = Keys(settings.admin_key)
        self._delivery = delivery_of(settings)
        #: Sends nothing but test mails.
        self._samples = self._postman()

    def application(self, mail_box: MailBox | None = None) -> web.Application:
        """Return the application with its background loops, which run as long as it does."""
        app = create_app(self._interface())
        add_routes(app, self._pages(mail_box))
        loops = Loops(self._loops())

        async def cancel(_: web.Application) -> None:
            loops.cancel()

        async def run_loops(_: web.Application) -> AsyncIterator[None]:
            loops.start()
            yield
            await loops.ended()
            await self._samples.close()

        # On shutdown, so that they end while the last requests are answered.
        app.on_shutdown.append(cancel)
        app.cleanup_ctx.append(run_loops)
        return app

    def _interface(self) -> api.asking.Parts:
        return api.asking.Parts(
            database=self._database,
            clock=self._clock,
            verdicts=self._verdicts,
            check_log=CheckLog(self._database),
            keys=self._keys,
            policy=Policy(
                allowed_networks=self._settings.allowed_networks, small_audience=self._settings.small_audience
            ),
            rulebook=self._rulebook,
            memory=self._memory,
            links=self._delivery.links(),
            ready=self._loaded.is_set,
            send_test=self._send_test if self._settings.smtp else None,
            doorkeeper=self._delivery.doorkeeper(),
        )

    def _pages(self, mail_box: MailBox | None) -> console.parts.Parts:
        return console.parts.Parts(
            database=self._database,
            clock=self._clock,
            keys=self._keys,
            hash_of=hash_of,
            vendor=Sender.parse(self._settings.mail_from).name,
            links=self._delivery.links(),
            facts_of=self._delivery.composer(self._rulebook).facts_of,
            mail_box=mail_box,
            small_audience=self._settings.small_audience,
            memory=self._memory,
        )

    def _loops(self) -> dict[str, Loop]:
        return {
            "verdicts": self._judge,
            "sweeper": Sweeper(self._database, self._clock, self._rulebook).run,
            "postman": self._deliver,
            "housekeeping": Housekeeping(self._database, self._clock, retention_of(self._settings)).run,
            "escalation": self._escalate,
            "fleets": partial(self._memory.fleets.run, self._database),
        }

    async def _judge(self) -> None:
        await self._verdicts.refresh()
        self._loaded.set()
        await self._verdicts.run()

    async def _deliver(self) -> None:
        await mail_released(self._database)
        # A new one each time: one that has stopped does not start again.
        await self._postman().run()

    async def _escalate(self) -> None:
        # A new one each time, as with the postman: its connection ends with it.
        await escalation_of(self._database, self._clock, self._delivery).run()

    async def _send_test(self, defect: str, to: str) -> None:
        await self._samples.send_test(defect, to)

    def _postman(self) -> Postman:
        return Postman(self._database, self._clock, self._delivery, self._rulebook)


def retention_of(settings: Settings) -> Retention:
    """Return for how long what is kept."""
    return Retention(
        history=timedelta(days=settings.keep_history_days),
        checks=timedelta(days=settings.keep_checks_days),
        installs=timedelta(days=settings.keep_installs_days),
    )


def delivery_of(settings: Settings) -> DeliverySettings:
    """Return what delivering needs to be told, of settings with nothing left open."""
    if settings.public_url is None or settings.secret is None:
        raise ValueError("the settings have not been filled in")
    return DeliverySettings(
        smtp=settings.smtp,
        mail_from=settings.mail_from,
        dkim_keys=settings.dkim_keys,
        bounces_to=settings.bounces_to,
        repeat_in_doubt=settings.repeat_in_doubt,
        public_url=settings.public_url,
        secret=settings.secret,
        allowed_networks=settings.allowed_networks,
        lease=timedelta(seconds=settings.lease_seconds),
    )
