"""`forewarn mail`: keys, lanes, what comes back, and letting mail go again."""

from __future__ import annotations

import mailbox
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from commands import keeping
from commands.lanes import how
from commands.options import ANYWHERE, FileOrInput, Where, read_input
from commands.printing import counted, print_line, print_prose, tell
from commands.releasing import released
from commands.settings import Settings
from notifier.delivery import lane_store, suppressing
from notifier.delivery.bouncing import Doorkeeper, Taken
from notifier.delivery.retrying import Patience
from notifier.delivery.return_path import ReturnPath
from storage import SystemClock, Tx
from storage.outcomes import Invalid, NotFound


def bounces(
    source: Annotated[FileOrInput, Parameter(help="A Maildir, an mbox, a file with one message, or - for one.")],
    /,
    *,
    where: Where = ANYWHERE,
) -> None:
    """Take mails that came back: what is given up is recorded, and addresses that are gone are left alone.

    The same message may be given again: it counts once, so that a mailbox can be read as often as you like.
    """
    settings = where.settings()
    messages = [read_input(source)] if source == "-" else list(_messages(Path(source)))
    taken = where.call(_take_all, _doorkeeper(settings, where), messages)
    for what in Taken:
        if what in taken:
            print_line(f"{taken.count(what)} {what}")


def suppressions(
    *,
    lift: Annotated[str | None, Parameter(help="Let this address be written to again.")] = None,
    where: Where = ANYWHERE,
) -> None:
    """Show the addresses that are left alone, since their own server has refused them."""
    if lift is not None:
        if not where.call(suppressing.lift, lift):
            raise NotFound(f"{lift} is not left alone.")
        tell(f"{lift} is written to again")
        return
    for each in where.read(suppressing.listing, SystemClock().now()):
        print_line(f"{each.address}  until {each.until}  refused {each.refusals} times: {each.reply}")


def lanes(*, where: Where = ANYWHERE) -> None:
    """Show the lanes that are paused or slowed down, and why."""
    standings = where.read(lane_store.standings)
    for each in standings:
        print_prose(f"{each.lane}  {how(each)}")
    if not standings:
        tell("all lanes are open")


def release(
    *,
    since: Annotated[datetime | None, Parameter(help="When the backup was made, with its zone.")] = None,
    everything: Annotated[bool, Parameter(name="--all", negative="", help="Send all that waits.")] = False,
    where: Where = ANYWHERE,
) -> None:
    """Let mail leave again after the database was put back.

    What was owed before --since and still waits may have been sent after the backup was made. It is in doubt: sent
    again under the same Message-ID where the setting repeat_in_doubt says so, and else not.
    """
    if (since is None) is not everything:
        raise Invalid.at(
            "", "Say when the backup was made, --since 2026-01-31T04:00:00Z, or --all to send all that waits."
        )
    if since is not None and since.tzinfo is None:
        raise Invalid.at("", "Say the zone too, such as 2026-01-31T04:00:00Z.")
    settings = where.settings()
    doubted, waiting = where.run(lambda database: released(database, settings, since, SystemClock()))
    told = f"{counted(doubted, 'delivery', 'deliveries')} may have been sent after the backup was made"
    tell(f"mail leaves again; {told}, {waiting:,} waiting to be sent")


def _doorkeeper(settings: Settings, where: Where) -> Doorkeeper:
    secret = settings.secret or where.call(keeping.kept_secret, SystemClock().now())
    path = ReturnPath(settings.bounces_to, secret) if settings.bounces_to else None
    return Doorkeeper(Patience.of_chance(settings.repeat_in_doubt), path)


def _take_all(tx: Tx, doorkeeper: Doorkeeper, messages: list[bytes]) -> list[Taken]:
    now = SystemClock().now()
    return [doorkeeper.take(tx, each, now) for each in messages]


def _messages(source: Path) -> Iterator[bytes]:
    if source.is_dir():
        yield from (file.read_bytes() for folder in ("cur", "new") for file in sorted((source / folder).glob("*")))
        return
    raw = source.read_bytes()
    if not raw.startswith(b"From "):
        yield raw
        return
    box = mailbox.mbox(source, create=False)
    try:
        yield from (message.as_bytes() for message in box)
    finally:
        box.close()
