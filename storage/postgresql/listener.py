"""Hearing what other processes have committed: LISTEN, on a connection and a thread of its own."""

from __future__ import annotations

from threading import Event, Thread

import psycopg

from storage.changes import Changes

from .driver import Connection
from .transaction import CHANNEL

#: Seconds without a word after which watchers are woken all the same.
FALLBACK = 1.0

#: Seconds before another attempt to connect.
RECONNECT = 1.0


class Listener:
    """Announces each notification, and once in a while without one: a broken connection loses some."""

    def __init__(self, url: str, changes: Changes) -> None:
        self._url = url
        self._changes = changes
        self._stopped = Event()
        self._thread = Thread(target=self._serve, name="postgresql-listener", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Have the thread end, which it does within a second."""
        self._stopped.set()

    def join(self) -> None:
        """Wait for the thread."""
        self._thread.join()

    def _serve(self) -> None:
        while not self._stopped.is_set():
            try:
                with psycopg.connect(self._url, autocommit=True) as connection:
                    connection.execute(f"LISTEN {CHANNEL}".encode())
                    self._listen(connection)
            except psycopg.Error:
                self._changes.announce()
                self._stopped.wait(RECONNECT)

    def _listen(self, connection: Connection) -> None:
        # What was committed before LISTEN held is announced by the first turn.
        while not self._stopped.is_set():
            self._changes.announce()
            for _ in connection.notifies(timeout=FALLBACK, stop_after=1):
                pass
