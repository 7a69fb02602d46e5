"""Seeing the commits of other processes: SQLite counts them in `PRAGMA data_version`."""

from __future__ import annotations

from contextlib import closing, suppress
from pathlib import Path
from threading import Event, Thread

from storage.changes import Changes

from .connections import open_reader
from .driver import sqlite3

#: Seconds between two looks; one costs about 10 µs.
INTERVAL = 0.05
#: MiB; it reads no pages to speak of.
_PAGE_CACHE = 1


class Poller:
    """A thread with a connection of its own that announces each change of the file."""

    def __init__(self, path: Path, changes: Changes) -> None:
        self._connection = open_reader(path, _PAGE_CACHE)
        self._changes = changes
        self._stopped = Event()
        self._thread = Thread(target=self._serve, name="sqlite-poller", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._stopped.set()
        self._thread.join()

    def _serve(self) -> None:
        with closing(self._connection) as connection:
            seen: object = None
            while not self._stopped.wait(INTERVAL):
                # A look that fails, on a disk in trouble say, is made again at the next turn.
                with suppress(sqlite3.Error):
                    version = connection.execute("PRAGMA data_version").fetchone()
                    if version != seen:
                        seen = version
                        self._changes.announce()
