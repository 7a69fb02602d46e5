"""Kills this very process at a statement: storage is watched from outside, and has no part in it."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import storage.postgresql.database as postgresql
from storage import Tx
from storage.sqlite.writer import Job, Writer
from tests.journeys.strikes import AtStatement, Phase

_When = tuple[str, str]


class Watch:
    """Sees each statement and each commit of this process, in all its threads."""

    def __init__(self, strike: AtStatement | None) -> None:
        self.phase = Phase.TELLING
        #: How often each has happened, such as ("after the commit of", "hand_over").
        self.seen: Counter[_When] = Counter()
        self._strike = strike
        self._strokes = 0
        self._ran = threading.local()

    def install(self) -> None:
        """Watch from now on."""
        self._watch_statements()
        self._watch_works()
        self._watch_commits()

    def _happened(self, when: str, names: set[str]) -> None:
        self.seen.update((when, name) for name in names)
        strike = self._strike
        if strike is None or (strike.phase, strike.when) != (self.phase, when):
            return
        if not names.issuperset(strike.statements):
            return
        self._strokes += 1
        if self._strokes == strike.count:
            os.kill(os.getpid(), signal.SIGKILL)

    def _names(self) -> set[str]:
        """Return the statements that this thread has run since its last commit."""
        if not hasattr(self._ran, "names"):
            self._ran.names = set()
        names: set[str] = self._ran.names
        return names

    def _watch_statements(self) -> None:
        guarded: Callable[..., Any] = Tx._guarded  # noqa: SLF001 - the one place that all statements pass through

        def watched(tx: Tx, name: str, action: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
            if name == "begin":
                self._names().clear()
            self._happened("before", {name})
            result = guarded(tx, name, action, *args, **kwargs)
            self._names().add(name)
            self._happened("after", {name})
            return result

        Tx._guarded = watched  # type: ignore[method-assign]  # noqa: SLF001 - as above

    def _watch_works(self) -> None:
        carry_out: Callable[..., Any] = Tx.carry_out

        def watched(tx: Tx, work: Callable[[Tx], Any]) -> Any:
            result = carry_out(tx, work)
            self._happened("before the commit of", self._names())
            return result

        Tx.carry_out = watched  # type: ignore[method-assign, assignment]

    def _watch_commits(self) -> None:
        commit, of_postgresql = Writer._commit, postgresql._commit  # noqa: SLF001 - where works become durable

        def watched(writer: Writer, batch: list[Job]) -> None:
            commit(writer, batch)
            self._committed()

        def watched_of_postgresql(connection: Any) -> None:
            of_postgresql(connection)
            self._committed()

        Writer._commit = watched  # type: ignore[method-assign, assignment]  # noqa: SLF001 - as above
        postgresql._commit = watched_of_postgresql  # noqa: SLF001 - as above

    def _committed(self) -> None:
        self._happened("after the commit of", self._names())
        self._names().clear()
