"""A few threads that work for an event loop, through a plain queue."""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from .errors import DatabaseUnavailable

T = TypeVar("T")


class Threads:
    """At most so many works at once; `run` and `stop` are called from one thread.

    An executor's futures and locks cost a short work more than its reading.
    """

    def __init__(self, name: str, most: int) -> None:
        self._name = name
        self._most = most
        #: A work, and the future that gets its outcome.
        self._queue: SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = SimpleQueue()
        self._threads: list[Thread] = []
        self._is_open = True

    def run(self, work: Callable[[], T]) -> Future[T]:
        """Return what will hold the outcome of `work`; raises DatabaseUnavailable once it is stopped."""
        if not self._is_open:
            raise DatabaseUnavailable("the database is closed")
        if not self._threads:
            self._threads = [Thread(target=self._serve, name=self._name, daemon=True) for _ in range(self._most)]
            for thread in self._threads:
                thread.start()
        future: Future[T] = asyncio.get_running_loop().create_future()
        self._queue.put((work, future))
        return future

    def stop(self) -> None:
        """Refuse new work."""
        if self._is_open:
            self._is_open = False
            for _ in self._threads:
                self._queue.put(None)

    def finish(self) -> None:
        """Wait until what was asked for is done."""
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        while (job := self._queue.get()) is not None:
            work, future = job
            outcome, error = _outcome(work)
            # A loop that was closed has nobody left who waits.
            with suppress(RuntimeError):
                future.get_loop().call_soon_threadsafe(_settle, future, outcome, error)
            del job, work, future, outcome, error


def _outcome(work: Callable[[], T]) -> tuple[T | None, BaseException | None]:
    try:
        return work(), None
    except BaseException as error:  # noqa: BLE001 - it is raised in whoever waits
        return None, error


def _settle(future: Future[Any], outcome: object, error: BaseException | None) -> None:
    # Whoever asked may have gone.
    if future.done():
        return
    if error is None:
        future.set_result(outcome)
    else:
        future.set_exception(error)
