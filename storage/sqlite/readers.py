"""The connections that read: each work has one of a few, the one used last first, whose pages are still warm."""

from __future__ import annotations

from asyncio import Future
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from storage.threads import Threads

from .driver import Connection

T = TypeVar("T")


class Readers:
    """At most so many works at once, on threads of their own; `run` and `stop` are called from one thread."""

    def __init__(self, opened: Callable[[], Connection], most: int) -> None:
        self._opened = opened
        self._threads = Threads("sqlite-reader", most)
        #: Those that nobody uses now, the one used last at the end.
        self._connections: list[Connection] = []

    def run(self, work: Callable[[Connection], T]) -> Future[T]:
        """Return what will hold the outcome of `work`; raises DatabaseUnavailable once it is stopped."""
        return self._threads.run(partial(self._done, work))

    def stop(self) -> None:
        """Refuse new work."""
        self._threads.stop()

    def finish(self) -> None:
        """Wait until what was asked for is done, then close the connections."""
        self._threads.finish()
        while self._connections:
            self._connections.pop().close()

    def _done(self, work: Callable[[Connection], T]) -> T:
        connection = self._connection()
        try:
            return work(connection)
        finally:
            self._connections.append(connection)

    def _connection(self) -> Connection:
        try:
            return self._connections.pop()
        except IndexError:
            return self._opened()
