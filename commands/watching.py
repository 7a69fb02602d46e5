"""`forewarn defect watch`: how far the sending is, as a bar on a terminal and in plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from commands.options import ANYWHERE, DefectId, Where
from commands.printing import print_line, print_prose, tell
from commands.showing import taken_back_lines
from notifier.progress import Watching
from notifier.types import ProgressView
from storage import Clock, Database, SystemClock

#: Shows one state of the progress.
Show = Callable[[ProgressView], None]

#: Seconds from one plain line to the next, at least.
TELL_EVERY: Final = 5.0
_MINUTE: Final = 60


def watch(defect: DefectId, /, *, where: Where = ANYWHERE) -> None:
    """Show how far the sending is until nothing is left to send. Ctrl-C leaves the sending going."""
    with shown(Console(stderr=True)) as show:
        try:
            last = where.run(lambda database: follow(database, defect, show))
        except KeyboardInterrupt:
            tell(f"The sending goes on. To look again: forewarn defect watch {defect}")
            raise
    print_line(ended(defect, last))
    for line in taken_back_lines(last.taken_back if last else None):
        print_prose(line)


async def follow(database: Database, defect: str, show: Show, clock: Clock | None = None) -> ProgressView | None:
    """Show each state of a defect's progress; return the last. Raises NotFound."""
    last = None
    async with aclosing(Watching(database, clock or SystemClock()).follow(defect)) as views:
        async for last in views:
            show(last)
    return last


@contextmanager
def shown(console: Console) -> Iterator[Show]:
    """Yield what shows the progress: a bar on a terminal, else a line now and then."""
    if not console.is_terminal:
        yield Lines(time.monotonic).show
        return
    columns = (BarColumn(bar_width=None), TaskProgressColumn(), TextColumn("{task.fields[told]}"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None, told="looking at the installs")

        def show(view: ProgressView) -> None:
            bar.update(task, total=sendable(view) or None, completed=settled(view), told=sentence(view))

        yield show


class Lines:
    """Tells of the progress in plain lines: at once, then now and then."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._told: float | None = None

    def show(self, view: ProgressView) -> None:
        """Tell it, if it is time."""
        now = self._monotonic()
        if view.done or (self._told is not None and now - self._told < TELL_EVERY):
            return
        self._told = now
        tell(f"{settled(view):,} of {sendable(view):,}, {sentence(view)}")


def sendable(view: ProgressView) -> int:
    """Return how many deliveries are ours to make; what the app fetches comes when the app asks."""
    return view.total - view.waiting_in_app


def settled(view: ProgressView) -> int:
    """Return how many deliveries have come to an end."""
    return view.total - view.pending - view.sending


def sentence(view: ProgressView) -> str:
    """Return in few words how it goes."""
    if view.paused_until:
        return f"paused until {view.paused_until[:16].replace('T', ' ')} UTC"
    if view.held_since:
        return "all mail is held: forewarn mail release"
    if view.per_second and view.seconds_left is not None:
        return f"{view.per_second:,.0f}/s, {_left(view.seconds_left)} left"
    if view.sweeping and not view.total:
        return "looking at the installs"
    if view.resting:
        lane, until = min(view.resting.items(), key=lambda each: each[1])
        return f"{lane} rests until {until[11:16]} UTC: forewarn mail lanes"
    return "waiting to be tried again" if view.retrying else "waiting"


def ended(defect: str, view: ProgressView | None) -> str:
    """Return what became of the deliveries."""
    if view is None:
        return f"{defect}: nothing was looked at"
    counts = [
        (view.sent, "sent"),
        (view.failed, "refused for good"),
        (view.cancelled, "called off before they went"),
        (view.in_doubt, "in doubt"),
        (view.waiting_in_app, "waiting for the app to ask"),
    ]
    told = ", ".join(f"{count:,} {what}" for count, what in counts if count)
    return f"{defect}: {told or 'nobody to tell'}"


def _left(seconds: float) -> str:
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    minutes = round(seconds / _MINUTE)
    return f"{minutes} min" if minutes < 2 * _MINUTE else f"{minutes / _MINUTE:.0f} h"
