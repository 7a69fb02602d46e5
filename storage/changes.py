"""Watching for commits: a wake-up says that something may have changed, and nothing about what."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from threading import Lock
from weakref import WeakSet


class Watcher:
    """An endless `async for`: one turn for one or more announcements, ended when the database closes.

    A turn may come without cause. What is announced while the loop's body runs gives another turn.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()
        self._ended = False

    def __aiter__(self) -> Watcher:
        """Return itself."""
        return self

    async def __anext__(self) -> None:
        """Wait for an announcement."""
        await self._event.wait()
        if self._ended:
            raise StopAsyncIteration
        self._event.clear()

    def wake(self) -> None:
        """Give the watcher a turn; from any thread."""
        # The loop of a watcher may have ended before the database was closed.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._event.set)

    def end(self) -> None:
        """Let the watcher's loop end; from any thread."""
        self._ended = True
        self.wake()


class Changes:
    """All watchers of one database in this process; those that nobody holds any more are forgotten."""

    def __init__(self) -> None:
        self._watchers: WeakSet[Watcher] = WeakSet()
        self._lock = Lock()

    def watch(self) -> Watcher:
        """Return a watcher of what is announced from now on."""
        watcher = Watcher()
        with self._lock:
            self._watchers.add(watcher)
        return watcher

    def announce(self) -> None:
        """Wake every watcher; from any thread."""
        for watcher in self._current():
            watcher.wake()

    def end(self) -> None:
        """End every watcher."""
        for watcher in self._current():
            watcher.end()

    def _current(self) -> list[Watcher]:
        with self._lock:
            return list(self._watchers)
