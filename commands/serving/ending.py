"""How a serving process is told to end, and that it does."""

from __future__ import annotations

import asyncio
import os
import signal
import threading

import structlog

from commands.serving.workers import orphaned_by

#: Seconds from SIGTERM within which a process has ended; what is under way then is lost as in a power failure.
END_WITHIN = 17.0


def stop_event() -> asyncio.Event:
    """Return what is set by SIGTERM, by Ctrl-C, or when the process that started this one dies."""
    told_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told_to_stop.set)
    orphaned = orphaned_by()
    if orphaned is not None:
        loop.add_reader(orphaned, _orphaned, loop, orphaned, told_to_stop)
    return told_to_stop


def end_within(seconds: float = END_WITHIN) -> None:
    """End the process after `seconds`, whatever still keeps it: a stuck disk, a server that does not answer."""
    timer = threading.Timer(seconds, _give_up)
    timer.daemon = True
    timer.start()


def _orphaned(loop: asyncio.AbstractEventLoop, descriptor: int, told_to_stop: asyncio.Event) -> None:
    loop.remove_reader(descriptor)
    told_to_stop.set()


def _give_up() -> None:
    structlog.get_logger("forewarn.service").error("stop_took_too_long")
    os._exit(1)
