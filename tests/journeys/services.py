"""The service as a real process, as an operator starts it."""

from __future__ import annotations

import io
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import commands.line
from service import program

ROOT = Path(__file__).parents[2]
ADMIN_KEY = "an-admin-key-of-the-tests-0123456789"

#: Seconds after which a process that does not do what is waited for has failed.
PATIENCE = 90.0


def command(*tokens: str) -> list[str]:
    return [sys.executable, str(ROOT / "service.py"), *tokens]


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with `settings` and none of its own, nor any wish about buffering."""
    dropped = ("FOREWARN_", "PYTHONUNBUFFERED")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return kept | {f"FOREWARN_{name.upper()}": value for name, value in settings.items()}


def eventually(holds: Callable[[], bool]) -> None:
    """Return as soon as something another process does has happened."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        threading.Event().wait(0.02)


@dataclass
class Service:
    """A running `forewarn serve`."""

    process: subprocess.Popen[str]
    lines: queue.SimpleQueue[str | None] = field(default_factory=queue.SimpleQueue)
    #: What it has logged so far, decoded, as far as it was waited for.
    log: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as written:
            for line in written:
                self.lines.put(line)
        self.lines.put(None)

    def close(self) -> None:
        """Kill what is left of it."""
        self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def logged(self, event: str) -> dict[str, Any]:
        """Return the next log line with this event; fails where the process ends before."""
        for line in self._next_lines():
            if line.get("event") == event:
                return line
        raise AssertionError(f"it ended without {event}: {self.log}")

    def ended(self) -> int:
        """Wait until the process and all its children have closed their log; return the exit code."""
        for _ in self._next_lines():
            pass
        return self.process.wait(PATIENCE)

    def _next_lines(self) -> Iterator[dict[str, Any]]:
        while (line := self.lines.get(timeout=PATIENCE)) is not None:
            entry: dict[str, Any] = json.loads(line) if line.startswith("{") else {"event": line}
            self.log.append(entry)
            yield entry

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.process.kill()


@dataclass(frozen=True)
class Client:
    """Asks a service over HTTP, one connection for each question."""

    address: str
    key: str = ADMIN_KEY

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        connection = self.connect()
        try:
            headers = {"Authorization": f"Bearer {self.key}"}
            text = None if body is None else json.dumps(body)
            if text is not None:
                headers["Content-Type"] = "application/json"
            connection.request(method, path, text, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read() or b"null")
        finally:
            connection.close()

    def connect(self) -> HTTPConnection:
        parts = urlsplit(self.address)
        assert parts.hostname is not None
        return HTTPConnection(parts.hostname, parts.port, timeout=PATIENCE)

    def is_ready(self) -> bool:
        return self.ask("GET", "/readyz")[0] == 200


@contextmanager
def serving(database: str, **settings: str) -> Iterator[tuple[Service, Client]]:
    """Start the service on a free port; kill what is left of it in the end."""
    given = {"admin_key": ADMIN_KEY, "port": "0", "database": database} | settings
    process = subprocess.Popen(  # noqa: S603 - our own program
        command("serve"),
        env=environment({name: value for name, value in given.items() if value}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    service = Service(process)
    try:
        yield service, Client(service.logged("serving")["address"])
    finally:
        service.close()


def beside(database: str, *tokens: str) -> str:
    """Run another command in this process, beside a service; return what it printed."""
    with redirect_stdout(io.StringIO()) as printed, redirect_stderr(io.StringIO()):
        assert commands.line.run(program(), (*tokens, "--database", database)) == 0
    return printed.getvalue()


def run(database: str, *tokens: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a process of its own."""
    return subprocess.run(  # noqa: S603 - our own program
        command(*tokens),
        env=environment({"database": database}),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        cwd=ROOT,
    )
