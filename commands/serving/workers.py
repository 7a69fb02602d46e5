"""Several processes on one port: a parent that holds the socket, starts them, and starts again one that died.

The parent does no work itself. It passes SIGTERM on, waits for the processes to finish, and kills those that
do not; a process whose parent has died sees it by `orphaned_by` and stops as if told to.
"""

from __future__ import annotations

import multiprocessing
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess

import structlog

#: Seconds that the processes have to stop in; two less than what a stop may take in all.
STOP_SECONDS = 18.0
#: A process that lived shorter than this, in seconds, did not manage to start.
_TOO_SHORT = 5.0
#: After this many failed starts in a row the parent gives up.
_MOST_FAILURES = 5


@dataclass(slots=True)
class _Crew:
    """The processes that serve, and how many starts have failed in a row."""

    start: Callable[[], SpawnProcess]
    running: dict[SpawnProcess, float] = field(default_factory=dict)
    failures: int = 0

    def add(self) -> None:
        self.running[self.start()] = time.monotonic()

    def bury(self) -> int:
        """Take the dead out; return how many they were."""
        dead = [process for process in self.running if process.exitcode is not None]
        for process in dead:
            lived = time.monotonic() - self.running.pop(process)
            self.failures = self.failures + 1 if lived < _TOO_SHORT else 0
            structlog.get_logger("forewarn.workers").error(
                "worker_died", process=process.pid, exit_code=process.exitcode
            )
        return len(dead)

    def stop(self) -> None:
        deadline = time.monotonic() + STOP_SECONDS
        for process in self.running:
            process.terminate()
        for process in self.running:
            process.join(max(0.0, deadline - time.monotonic()))
            if process.exitcode is None:
                structlog.get_logger("forewarn.workers").error(
                    "worker_killed", process=process.pid, after_seconds=STOP_SECONDS
                )
                process.kill()
                process.join()


def supervise(count: int, work: Callable[..., object], *args: object) -> int:
    """Keep `count` processes running `work(*args)` until SIGTERM or SIGINT; return the exit code.

    `work` and `args` are pickled; sockets among them are passed on. Returns 1 where they cannot start.
    """
    context = multiprocessing.get_context("spawn")

    def start() -> SpawnProcess:
        process = context.Process(target=work, args=args)
        process.start()
        return process

    crew = _Crew(start)
    with _stop_signals() as told_to_stop:
        while crew.failures < _MOST_FAILURES:
            for _ in range(count - len(crew.running)):
                crew.add()
            ready = wait([told_to_stop, *(process.sentinel for process in crew.running)])
            if told_to_stop in ready:
                crew.stop()
                return 0
            crew.bury()
        crew.stop()
    return 1


def orphaned_by() -> int | None:
    """Return the file descriptor that becomes readable when this process's parent dies, None without one."""
    parent = multiprocessing.parent_process()
    return None if parent is None else parent.sentinel


@contextmanager
def _stop_signals() -> Iterator[socket.socket]:
    """Yield a socket that becomes readable with SIGTERM or SIGINT."""
    reader, writer = socket.socketpair()
    with reader, writer:
        writer.settimeout(0)
        before = {name: signal.signal(name, _leave_it_to_the_socket) for name in (signal.SIGTERM, signal.SIGINT)}
        wakeup = signal.set_wakeup_fd(writer.fileno())
        try:
            yield reader
        finally:
            signal.set_wakeup_fd(wakeup)
            for name, handler in before.items():
                signal.signal(name, handler)


def _leave_it_to_the_socket(_number: int, _frame: object) -> None:
    """Do nothing: the number of the signal goes to the wake-up socket."""
